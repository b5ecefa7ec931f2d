"""Uploads that are too large, malformed or not images."""

from __future__ import annotations

import io
import json
import re
import struct
import threading
import zlib

import pytest
from PIL import Image

from tests.faults.strangers.wire import SECRET


def png(width, height):
    """A PNG whose header states a huge size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    made = b"\x89PNG\r\n\x1a\n"
    for kind, content in chunks:
        crc = struct.pack(">I", zlib.crc32(kind + content))
        made += struct.pack(">I", len(content)) + kind + content + crc
    return made


def test_too_many_bytes_are_refused_and_told(client):
    for content in (b"x" * (2 << 20), b"\xff\xd8\xff" + b"x" * (3 << 20)):
        answer = client.post("/v1/uploads", files={"file": content})
        assert answer.status_code == 413
        assert "--max-upload-mb" in answer.json()["hint"]


def test_too_many_bytes_in_pieces_of_no_told_length(client):
    def pieces():
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(64):
            yield b"y" * 65536
        yield b"\r\n--x--\r\n"

    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = client.post("/v1/uploads", content=pieces(), headers=headers)
    assert answer.status_code == 413


def test_a_large_body_that_is_no_upload(client):
    body = json.dumps({"q": "x" * 200_000})
    headers = {"content-type": "application/json"}
    assert client.post("/v1/search", content=body, headers=headers).status_code == 413


def test_too_many_pixels_are_refused_undecoded(client):
    small = io.BytesIO()
    Image.new("1", (1100, 1000)).save(small, "PNG")
    for content in (small.getvalue(), png(60_000, 60_000), png(2**31 - 1, 2**31 - 1)):
        answer = client.post("/v1/uploads", files={"file": content})
        assert answer.status_code == 415
        assert "cannot be read" in answer.json()["detail"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 100,
        b"GIF89a" + b"\xff" * 50,
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file",
        b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><svg>&e;</svg>",
        b"P6\n1 1\n255\nabc",
        b"II*\0\x08\0\0\0\xff\xff" + b"\0" * 80,
    ],
)
def test_what_is_no_image_is_refused(client, content):
    answer = client.post("/v1/uploads", files={"file": ("x.png", content, "image/png")})
    assert answer.status_code == 415
    assert SECRET not in answer.content


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--x\r\n\r\n--x--"),
        ("multipart/form-data; boundary=", b"----"),
        ("multipart/form-data; boundary=x", b"no boundary here"),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--",
        ),
        ("multipart/form-data; boundary=" + "x" * 5000, b"--x"),
        ("application/json", b'{"file": "/etc/passwd"}'),
        ("application/x-www-form-urlencoded", b"file=/etc/passwd"),
        ("image/png", b"\x89PNG"),
        ("", b"x"),
    ],
)
def test_malformed_forms_are_refused(client, kind, body):
    answer = client.post("/v1/uploads", content=body, headers={"content-type": kind})
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_file_name_is_never_used(client, folder, tmp_path):
    photo = (folder / "photos" / "horse.png").read_bytes()
    name = f"../../../..{tmp_path}/planted.png"
    files = {"file": (name, photo, "text/html")}
    record = client.post("/v1/uploads", files=files).json()
    assert re.fullmatch("upload-[0-9a-f]{20}", record["id"])
    assert not (tmp_path / "planted.png").exists()
    thumbnail = client.get(record["thumbnail"])
    assert thumbnail.headers["content-type"] == "image/jpeg"
    assert thumbnail.headers["x-content-type-options"] == "nosniff"


def test_many_uploads_at_once_leave_room_for_search(client):
    found = []

    def flood():
        files = {"file": png(900, 900)}
        found.extend(client.post("/v1/uploads", files=files).status_code for _ in range(6))

    floods = [threading.Thread(target=flood) for _ in range(6)]
    for one in floods:
        one.start()
    assert client.get("/v1/search", params={"q": "cat"}).status_code == 200
    for one in floods:
        one.join()
    assert set(found) == {415}
