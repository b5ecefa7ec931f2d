import subprocess
import sys

SCRIPT = """
import sys
import api.cli, api.opening, search.searcher
heavy = {"torch", "open_clip", "scipy", "PIL", "qdrant_client", "sklearn", "http.client"}
print(sorted(heavy & sys.modules.keys()))
"""


def test_what_a_search_imports_is_light():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_help_imports_no_engine_and_no_numpy():
    script = "import sys, api.cli; print(sorted({'numpy', 'qdrant_edge'} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
