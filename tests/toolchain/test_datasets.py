"""Import and versions: nothing lost in silence, the same data gives the same version."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kits.core.blobs import FolderBlobStore
from kits.core.errors import DataError, UsageError
from kits.core.sample import COPIES
from kits.toolchain.datasets import count_table, difference, export, load_findings
from kits.toolchain.importing import ImportOptions, import_data
from kits.toolchain.project import Project
from tests.toolchain.plugin import numbers, plugin, project, write_samples

__all__ = ["plugin", "project"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = write_samples(tmp_path / "data", "good", numbers(1, 40))
    return write_samples(folder, "bad", numbers(5, 12))


def test_an_import_adds_up_and_becomes_the_current_version(project: Project, data: Path) -> None:
    (data / "good" / "broken.json").write_text("{")
    copy = (data / "good" / "1.json").read_bytes()
    (data / "good" / "same-again.json").write_bytes(copy)
    report = import_data(project, data, ImportOptions())
    assert (report.kept, report.duplicates, report.refused) == (52, 1, 1)
    assert report.read == 54
    assert project.current_dataset_id == report.dataset.id
    assert "good/broken.json" in load_findings(project, report.dataset.id)[0].evidence


def test_the_same_files_give_the_same_version(project: Project, data: Path) -> None:
    first = import_data(project, data, ImportOptions()).dataset.id
    assert import_data(project, data, ImportOptions(replace=True)).dataset.id == first


def test_a_second_import_adds_and_keeps_every_split(project: Project, data: Path) -> None:
    first = import_data(project, data, ImportOptions()).dataset
    more = write_samples(data.parent / "more", "good", numbers(2, 10))
    report = import_data(project, more, ImportOptions())
    found = difference(first, report.dataset)
    assert len(found.added) == 10
    assert not (found.removed or found.moved or found.relabelled)
    assert report.dataset.header.parent == first.id


def test_importing_again_what_is_there_counts_duplicates(project: Project, data: Path) -> None:
    import_data(project, data, ImportOptions())
    report = import_data(project, data, ImportOptions())
    assert (report.kept, report.duplicates) == (0, 52)
    assert len(report.dataset.items) == 52


def test_names_of_files_and_folders_that_are_no_utf_8_are_read(
    project: Project, data: Path
) -> None:
    """As archives of other systems leave them: an import ended with a traceback."""
    (data / "good" / "1.json").rename(data / "good" / os.fsdecode(b"Pr\xfcfung.json"))
    (data / "bad").rename(data / os.fsdecode(b"M\xe4ngel"))
    (data / "good" / os.fsdecode(b"\xff.json")).write_text("{")
    report = import_data(project, data, ImportOptions())
    assert (report.kept, report.refused) == (52, 1)
    items = project.dataset(report.dataset.id).items
    assert "good/Pr\\xfcfung.json" in {item.sample.source for item in items}
    assert {item.annotation.label for item in items if item.annotation} == {"good", "M\\xe4ngel"}
    assert "good/\\xff.json" in load_findings(project, report.dataset.id)[0].evidence


def test_two_labels_for_the_same_bytes_are_reported(project: Project, data: Path) -> None:
    (data / "bad" / "copy.json").write_bytes((data / "good" / "1.json").read_bytes())
    report = import_data(project, data, ImportOptions())
    finding = next(f for f in report.findings if f.check == "conflicting-labels")
    assert {"good/1.json: good", "bad/copy.json: bad"} == set(finding.evidence)


def test_how_often_each_label_was_given_to_the_same_bytes_is_kept(
    project: Project, data: Path
) -> None:
    """Of copies that agree nothing is; and the same files again count the same."""
    one, two = ((data / "good" / f"{n}.json").read_bytes() for n in ("1.02", "1.03"))
    for n in range(3):
        (data / "bad" / f"copy{n}.json").write_bytes(one)
    (data / "good" / "copy.json").write_bytes(two)
    for options in (ImportOptions(), ImportOptions(), ImportOptions(replace=True)):
        items = import_data(project, data, options).dataset.items
        said = {item.sample.source: item.sample.meta.get(COPIES) for item in items}
        assert {source: copies for source, copies in said.items() if copies} == {
            "bad/copy0.json": {"bad": 3, "good": 1}
        }


def test_group_by_keeps_files_of_one_part_together(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    write_samples(folder, "good", numbers(1, 50))
    path = project.root / "kit.yaml"
    path.write_text(path.read_text() + "data:\n  group_by: '^(1\\.\\d)'\n")
    dataset = import_data(Project.open(project.root), folder, ImportOptions()).dataset
    sides = {(i.sample.group, i.split) for i in dataset.items}
    assert len(sides) == len({group for group, _ in sides}) < 50


def grouped_by(project: Project, pattern: str) -> Project:
    path = project.root / "kit.yaml"
    before = path.read_text().partition("data:\n")[0]
    path.write_text(before + f"data:\n  group_by: '{pattern}'\n")
    return Project.open(project.root)


def test_group_by_that_comes_later_groups_what_is_there(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    write_samples(folder, "good", numbers(1, 50))
    import_data(project, folder, ImportOptions())
    again = import_data(grouped_by(project, r"^(1\.\d)"), folder, ImportOptions())
    sides = {(i.sample.group, i.split) for i in again.dataset.items}
    assert again.duplicates == 50
    assert len(sides) == len({group for group, _ in sides}) < 50
    assert any(finding.check == "leakage" for finding in again.findings)


def test_group_by_with_a_slash_looks_at_the_path(project: Project, tmp_path: Path) -> None:
    for part in range(10):
        write_samples(tmp_path / "parts" / f"P{part}", "good", numbers(part, 3))
    grouped = grouped_by(project, r"(P\d)/")
    report = import_data(grouped, tmp_path / "parts", ImportOptions(label="good"))
    assert len({item.sample.group for item in report.dataset.items}) == 10
    assert not any(finding.check == "group-by" for finding in report.findings)


def test_group_by_that_finds_nothing_is_told(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    write_samples(folder, "good", numbers(1, 50))
    report = import_data(grouped_by(project, "^SN([0-9]+)_"), folder, ImportOptions())
    (told,) = [finding for finding in report.findings if finding.check == "group-by"]
    assert "nothing in 50 of 50 names" in told.text


def test_only_restricts_training_samples_but_not_the_test_split(
    project: Project, tmp_path: Path
) -> None:
    folder = tmp_path / "given"
    write_samples(folder / "train", "good", numbers(1, 10))
    write_samples(folder / "val", "good", numbers(2, 5))
    write_samples(folder / "test", "good", numbers(3, 5))
    only = tmp_path / "only.txt"
    only.write_text("train/good/1.json\n1.01\nabsent.json\n")
    report = import_data(project, folder, ImportOptions(only=only))
    counts = {s: sum(row.values()) for s, row in report.dataset.counts().items()}
    assert counts == {"train": 2, "val": 5, "test": 5}
    assert report.left_out == 8
    assert any("absent.json" in f.evidence for f in report.findings)


def test_a_label_of_the_import_replaces_what_the_folders_say(project: Project, data: Path) -> None:
    dataset = import_data(project, data, ImportOptions(label="good")).dataset
    assert dataset.header.labels == ("good",)


def test_an_empty_folder_is_refused_and_changes_nothing(project: Project, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="without JSON files"):
        import_data(project, tmp_path / "empty", ImportOptions())
    assert project.current_dataset_id == ""


def test_a_folder_with_only_broken_files_says_why(project: Project, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "x.json").write_text("[]")
    with pytest.raises(DataError, match="1 refused"):
        import_data(project, tmp_path / "bad", ImportOptions())


def test_an_unknown_format_names_the_known_ones(project: Project, data: Path) -> None:
    with pytest.raises(UsageError) as caught:
        import_data(project, data, ImportOptions(format="folder"))
    assert "folders" in caught.value.fix


def test_a_version_survives_export_and_import_unchanged(
    project: Project, data: Path, tmp_path: Path
) -> None:
    dataset = import_data(project, data, ImportOptions()).dataset
    export(project, dataset, tmp_path / "out", "kitwright")
    import_data(project, write_samples(tmp_path / "x", "good", [9.0]), ImportOptions())
    back = import_data(project, tmp_path / "out", ImportOptions(format="kitwright"))
    assert back.dataset.id == dataset.id == project.current_dataset_id


def test_an_export_that_was_cut_off_leaves_nothing_and_is_begun_anew(
    project: Project, data: Path, tmp_path: Path
) -> None:
    dataset = import_data(project, data, ImportOptions()).dataset
    lacking = dataset.items[-1].sample.digest
    kept = project.blobs.get(lacking)
    project.blobs.delete(lacking)
    out = tmp_path / "out"
    with pytest.raises(DataError, match="not in the store"):
        export(project, dataset, out, "kitwright")
    assert not out.exists()
    project.blobs.put(kept)
    # what a kill leaves
    (out / ".unfinished" / "blobs").mkdir(parents=True)
    (out / ".unfinished" / "blobs" / "half").write_bytes(b"ha")
    assert export(project, dataset, out, "kitwright") == len(dataset.items)
    assert {path.name for path in out.iterdir()} == {"blobs", "manifest.jsonl"}
    with pytest.raises(DataError, match="not empty"):
        export(project, dataset, out, "kitwright")
    assert import_data(project, out, ImportOptions(format="kitwright")).dataset.id == dataset.id


def test_a_version_with_a_missing_blob_is_refused(
    project: Project, data: Path, tmp_path: Path
) -> None:
    dataset = import_data(project, data, ImportOptions()).dataset
    export(project, dataset, tmp_path / "out", "kitwright")
    digest = dataset.items[0].sample.digest
    FolderBlobStore(tmp_path / "out" / "blobs").delete(digest)
    project.blobs.delete(digest)
    with pytest.raises(DataError, match="not in the store"):
        import_data(project, tmp_path / "out", ImportOptions())


def test_many_or_long_labels_are_counted_one_a_line_and_the_rest_summed_up() -> None:
    names = [f"label {n:02} {'long' * 30}" for n in range(40)]
    counts = {"train": {name: 100 - n for n, name in enumerate(names)}, "test": {names[0]: 1}}
    lines = count_table(counts).splitlines()
    assert max(len(line) for line in lines) <= 80
    assert lines[0].split() == ["train", "test"]
    assert lines[1].split()[-2:] == ["100", "1"]
    assert lines[-1].split() == ["…", "and", "10", "more", "labels", str(sum(range(61, 71))), "0"]


def test_of_samples_with_several_labels_each_is_counted() -> None:
    table = count_table({"train": {"refund|delay": 2, "refund": 1}}).splitlines()
    assert table[0].split() == ["delay", "refund"]
    assert table[1].split() == ["train", "2", "3"]


def test_a_label_cannot_move_the_cursor() -> None:
    assert "\x1b" not in count_table({"train": {"\x1b[2J" + "x" * 200: 1}})
