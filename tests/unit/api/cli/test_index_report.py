"""What `splicedex index` tells at its end."""

from __future__ import annotations

import json
from collections import Counter

from splicedex.api.cli.indexing.index_report import LISTED, RULES, show_text
from splicedex.api.python.tables.indexed import Indexed
from splicedex.indexer.pipeline.index_images import Outcome
from splicedex.indexer.pipeline.report import Report
from splicedex.indexer.sources.decoding.kinds import NEEDS, why_not_read
from splicedex.indexer.sources.finding.left_out import LeftOut

RAW = [(f"/p/{n}.CR2", NEEDS["raw"]) for n in range(12)]
OTHER = [("/p/a.svg", why_not_read(".svg")), ("/p/b.jpg", "empty file")]


def outcome(skipped=(), left_out=None, truncated=0):
    report = Report(total=20, added=3, truncated=truncated, skipped=list(skipped))
    return Outcome(report, 3, 1.0, left_out=left_out or LeftOut())


def test_kinds_that_are_not_read_are_counted_and_the_extra_is_named(capsys):
    show_text(outcome([*RAW, *OTHER]), None)
    assert capsys.readouterr().err.splitlines() == [
        "12 .cr2 photos were not read: a RAW photo needs rawpy: pip install 'splicedex[raw]'",
        "1 .svg photo was not read: a vector drawing, a kind that is not read",
        "1 skipped:",
        "  /p/b.jpg: empty file",
    ]


def test_all_of_it_is_in_the_json():
    left_out = LeftOut(Counter({"--exclude *.png": 2}), Counter({"default @eaDir/": 1}), 5)
    found = Indexed(outcome([*RAW, *OTHER], left_out, truncated=2)).to_dict()
    told = json.loads(json.dumps(found))
    assert len(told["skipped"]) == 14
    assert told["unread_kinds"] == [
        {"kind": ".cr2", "photos": 12, "reason": NEEDS["raw"]},
        {"kind": ".svg", "photos": 1, "reason": why_not_read(".svg")},
    ]
    assert told["left_out"] == {
        "rules": [
            {"rule": "--exclude *.png", "photos": 2, "folders": 0},
            {"rule": "default @eaDir/", "photos": 0, "folders": 1},
        ],
        "other_files": 5,
    }
    assert told["truncated"] == 2


def test_rules_are_told_briefly(capsys):
    left_out = LeftOut(Counter({"hidden": 1, "--exclude *.png": 1_200}), others=1)
    left_out.folders.update({"hidden": 3})
    show_text(outcome(left_out=left_out, truncated=1), None)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "1 truncated photo was read as far as it goes; truncated:true finds such",
        "left out: 1,200 photos (--exclude *.png), 1 photo and 3 folders (hidden), 1 other file",
    ]
    many = LeftOut(folders=Counter(f"--exclude {n}" for n in range(RULES + 3)))
    show_text(outcome(left_out=many), None)
    assert "3 more rules (--json lists all)" in capsys.readouterr().out


def test_only_the_first_skipped_photos_are_listed(capsys, tmp_path):
    many = [(f"/p/{n}.jpg", "empty file") for n in range(LISTED + 5)]
    show_text(outcome(many + RAW), tmp_path / "errors.csv")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == LISTED + 3
    assert lines[-1] == f"  and 5 more; {tmp_path / 'errors.csv'} lists all"
