"""What an index says unasked, judged by the captions of photos and by WordNet.

Runs the two judges that lie beside the data, which read only what the command line prints:
`says.py` (are the concepts that photos are said to show supported by their captions?) and
`planted.py` (does `spurious` name a planted correlation?). They need `nltk` and Debian's
`wordnet-base`.

Usage: python -m benchmarks.unasked [--nano] [--planted]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks.datasets import DATA

TOOLS = DATA.parents[1] / "tools"
COMMAND = Path(sys.executable).with_name("splicedex")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nano", action="store_true", help="Also index the photos with nano.")
    parser.add_argument("--planted", action="store_true", help="Also plant correlations.")
    asked = parser.parse_args()
    if not TOOLS.is_dir():
        parser.exit(0, "skipped: needs ../shared/tools beside the checkout\n")
    judge("says.py", DATA / "space")
    if asked.nano:
        judge("says.py", "nano")
    if asked.planted:
        judge("planted.py", DATA / "space")


def judge(tool: str, space: Path | str) -> None:
    """Print what a judge says of an index of the photos, made with a concept space or a model."""
    name = space if isinstance(space, str) else "CLIP ViT-B/32, 2,282 object names"
    print(f"\n### {tool}: {name}\n", flush=True)
    command = [sys.executable, TOOLS / tool, DATA, space, COMMAND]
    if subprocess.run(command, check=False).returncode:
        print("not measured: see the error above")


if __name__ == "__main__":
    main()
