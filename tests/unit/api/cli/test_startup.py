import subprocess
import sys

SCRIPT = """
import sys
import splicedex.api.cli.main, splicedex.search.opening, splicedex.search.searcher
heavy = {"torch", "open_clip", "scipy", "PIL", "qdrant_client", "sklearn", "http.client"}
print(sorted(heavy & sys.modules.keys()))
"""


def test_what_a_search_imports_is_light():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_help_imports_no_engine_and_no_numpy():
    script = (
        "import sys, splicedex.api.cli.main;"
        "print(sorted({'numpy', 'qdrant_edge'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
