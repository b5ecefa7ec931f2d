"""Names of the files in an exported folder."""

from splicedex.search.curation.output.folders import plan


def test_no_name_leads_out_of_a_folder(tmp_path):
    (tmp_path / "in").mkdir()
    sources = []
    for folder in ("1", "2", "3"):
        (tmp_path / folder).mkdir()
        for file in ("a.jpg", ".hidden", "b:c?.jpg"):
            (tmp_path / folder / file).write_bytes(b"x")
            sources.append(tmp_path / folder / file)
    images = [(f"id{i}", f"../{s.name}", s, "../../etc") for i, s in enumerate(sources)]
    made = plan([*images, ("id", "gone.jpg", tmp_path / "gone.jpg", "dog")])
    assert made.missing == ["gone.jpg"]
    names = [file.name for file in made.files]
    assert len({one.casefold() for one in names}) == len(sources)
    for one in names:
        folder, _, file = one.partition("/")
        assert folder not in {"..", "."}
        assert "/" not in file
        assert not file.startswith(".")
