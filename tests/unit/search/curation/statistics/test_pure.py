"""The statistics import nothing that reads an index."""

import ast
from pathlib import Path

from splicedex.search.curation import statistics


def test_statistics_import_only_statistics():
    [folder] = statistics.__path__
    for file in Path(folder).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("splicedex."):
                assert node.module.startswith("splicedex.search.curation.statistics."), file.name
