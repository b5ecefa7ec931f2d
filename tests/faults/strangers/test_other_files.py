"""Files that are not in the index cannot be read."""

from __future__ import annotations

import pytest
from PIL import Image

from tests.faults.strangers.wire import SECRET, get, raw, status


@pytest.mark.parametrize(
    "target",
    [
        "/../../../../etc/passwd",
        "/static/../../../../../../etc/passwd",
        "/static/..%2f..%2f..%2f..%2f..%2fetc/passwd",
        "/static/%2e%2e/%2e%2e/__init__.py",
        "/static//etc/passwd",
        "/static/../__init__.py",
        "/v1/images/..%2f..%2fetc%2fpasswd/file",
        "/v1/images/%2fetc%2fpasswd/file",
        "/v1/images/%2fetc%2fpasswd/thumbnail",
        "/v1/images/file:%2f%2f%2fetc%2fpasswd/file",
        "/v1/uploads/..%2f..%2fetc%2fpasswd/thumbnail",
        "/v1/images/00000000-0000-0000-0000-000000000000/file",
    ],
)
def test_files_cannot_be_named_in_an_address(server, target):
    answer = raw(server, get(target))
    assert status(answer) in {400, 404}
    assert SECRET not in answer
    assert b"import Path" not in answer


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../../../etc/passwd", "file:///etc/passwd", "/dev/stdin", "http://x/y"],
)
def test_files_cannot_be_named_in_a_query(client, name):
    for query in (f'like:"{name}"', f'like:"{name}" -dog'):
        answer = client.get("/v1/search", params={"q": query})
        assert answer.status_code == 404
        assert "no image" in answer.json()["detail"]


def test_a_photo_beside_the_indexed_ones_stays_unseen(client, folder):
    other = folder / "photos" / "private.png"
    Image.new("RGB", (30, 30)).save(other)
    query = f'like:"{other}"'
    assert client.get("/v1/search", params={"q": query}).status_code == 404
    assert client.get("/v1/plan", params={"q": query}).status_code in {200, 404}


def test_a_photo_replaced_by_something_else_is_not_served(client, folder):
    photo = folder / "photos" / "camera.png"
    hits = client.get("/v1/search", params={"limit": 200}).json()["hits"]
    [id_] = [hit["id"] for hit in hits if hit["path"] == str(photo)]
    kept = photo.read_bytes()
    photo.unlink()
    try:
        photo.symlink_to("/etc/passwd")
        assert client.get(f"/v1/images/{id_}/file").status_code == 415
        assert client.get(f"/v1/images/{id_}/thumbnail").status_code == 400
        photo.unlink()
        photo.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
        assert client.get(f"/v1/images/{id_}/file").status_code == 415
    finally:
        photo.unlink()
        photo.write_bytes(kept)
