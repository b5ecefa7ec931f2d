"""The API against its OpenAPI document: schemathesis sends valid and invalid requests."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import index_photos, serving

COMMAND = str(Path(sys.executable).with_name("schemathesis"))
TOKEN = "a token"
# JSON Schema cannot describe valid queries and images: 400 and 415 are expected for invalid ones.
CONFIG = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404", "409", "415"]
"""
TIMEOUT = 600
"""Seconds; the default of 10 would fail on a busy machine."""


@pytest.mark.parametrize(
    ("phases", "examples"),
    [
        ("examples,fuzzing", 3),
        pytest.param("examples,coverage,fuzzing,stateful", 50, marks=pytest.mark.slow),
    ],
)
def test_every_answer_is_as_the_schema_says(tmp_path, run_to_end, phases, examples):
    (tmp_path / "config.toml").write_text(CONFIG)
    key = ("Authorization", f"Bearer {TOKEN}")
    index = index_photos(tmp_path, run_to_end)
    with serving(index, tmp_path, "--token", TOKEN, headers=[key]) as server:
        words = [
            COMMAND, "--config-file", tmp_path / "config.toml",
            "run", f"{server.url}/openapi.json", "--checks", "all", "--phases", phases,
            "--max-examples", examples, "--seed", "1", "--header", ": ".join(key),
            "--request-timeout", TIMEOUT, "--max-response-time", TIMEOUT,
        ]  # fmt: skip
        run = subprocess.run(
            list(map(str, words)), capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert run.returncode == 0, run.stdout
        counted = server.client.get("/metrics").text
    assert 'status="200"' in counted
    assert 'status="5' not in counted
