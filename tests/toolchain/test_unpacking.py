"""A zip is read as the folder that was packed, and leaves nothing behind; a zip of bad will writes nothing outside."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from kits.core.discovery import get_kit
from kits.core.errors import DataError, MachineError
from kits.toolchain.evaluation import read_outside
from kits.toolchain.importing import ImportOptions, import_data
from kits.toolchain.project import Project
from kits.toolchain.unpacking import unpacked
from tests.lead_scoring.reading.lead_files import put, table

LEADS = table(
    ["Lead ID", "Created", "Country", "Converted"],
    [[f"L{n}", f"2025-01-{1 + n % 28:02}", "DE", n % 2] for n in range(40)],
)


def pack(path: Path, files: Mapping[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def names(folder: Path) -> list[str]:
    return sorted(f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file())


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where zips are unpacked."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Project:
    put(tmp_path / "p" / "kit.yaml", "kit: lead-scoring\nname: leads\n")
    return Project.open(tmp_path / "p")


def test_a_zip_gives_the_version_that_its_folder_gives(
    project: Project, tmp_path: Path, scratch: Path
) -> None:
    put(tmp_path / "leads" / "leads.csv", LEADS)
    zipped = pack(tmp_path / "Leads.zip", {"leads/leads.csv": LEADS, "__MACOSX/leads/._leads.csv": "x"})  # fmt: skip
    found = import_data(project, zipped, ImportOptions(replace=True))
    again = import_data(project, tmp_path / "leads", ImportOptions(replace=True))
    assert [i.sample.source for i in found.dataset.items] == [i.sample.source for i in again.dataset.items]  # fmt: skip
    assert (found.kept, list(scratch.iterdir())) == (40, [])


def test_data_from_outside_may_be_a_zip(tmp_path: Path) -> None:
    zipped = pack(tmp_path / "new.zip", {"leads.csv": LEADS})
    dataset, _ = read_outside(get_kit("lead-scoring"), zipped, seed=0)
    assert len(dataset.items) == 40


@pytest.mark.parametrize(
    ("files", "seen"),
    [
        ({"a.csv": "", "b.csv": ""}, ["a.csv", "b.csv"]),
        ({"data/a.csv": ""}, ["a.csv"]),  # packed as a folder of the zip's name
        ({"scratch/1.png": ""}, ["scratch/1.png"]),  # the folder's name is a label
        ({"rig-main/machines.yaml": "", "rig-main/1.csv": ""}, ["1.csv", "machines.yaml"]),
        ({"data/a.csv": "", "other/b.csv": ""}, ["data/a.csv", "other/b.csv"]),
    ],
)
def test_what_was_packed_is_seen(tmp_path: Path, files: dict[str, str], seen: list[str]) -> None:
    with unpacked(pack(tmp_path / "data.zip", files)) as folder:
        assert names(folder) == seen


def test_all_but_a_zip_stays_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "folder.zip"
    folder.mkdir()
    for path in (folder, put(tmp_path / "a.csv", LEADS), tmp_path / "absent.zip"):
        with unpacked(path) as same:
            assert same == path


def test_names_of_umlauts_are_right_whoever_packed(tmp_path: Path) -> None:
    path = tmp_path / "mac.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Ä.csv", "")
        archive.writestr("Ö.csv", "")
    # macOS writes UTF-8 without saying so
    told, untold = (0x800).to_bytes(2, "little"), (0).to_bytes(2, "little")
    content = path.read_bytes()
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(mark)
        assert content[place + at : place + at + 2] == told
        content = content[: place + at] + untold + content[place + at + 2 :]
    path.write_bytes(content)
    with unpacked(path) as folder:
        assert names(folder) == ["Ä.csv", "Ö.csv"]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("../outside.csv", "lies outside"),
        ("/etc/outside.csv", "lies outside"),
        ("a/../../outside.csv", "lies outside"),
        ("C:/outside.csv", "lies outside"),
    ],
)
def test_nothing_is_written_outside(tmp_path: Path, scratch: Path, name: str, fault: str) -> None:
    zipped = pack(tmp_path / "bad.zip", {"leads.csv": LEADS, name: "x"})
    with pytest.raises(DataError, match=fault) as caught, unpacked(zipped):
        pass
    assert caught.value.where == str(zipped)
    assert list(scratch.iterdir()) == [] and not list(tmp_path.rglob("outside.csv"))


def test_a_name_that_stands_twice_is_not_read_once(tmp_path: Path) -> None:
    path = tmp_path / "twice.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.csv", "2")
    with pytest.raises(DataError, match="in it twice"), unpacked(path):
        pass


def test_a_file_in_the_way_of_a_folder_is_told(tmp_path: Path) -> None:
    zipped = pack(tmp_path / "odd.zip", {"a": "1", "a/b.csv": "2"})
    with pytest.raises(DataError, match="in the way"), unpacked(zipped):
        pass


def test_a_password_is_told(tmp_path: Path) -> None:
    zipped = pack(tmp_path / "locked.zip", {"a.csv": LEADS})
    content = bytearray(zipped.read_bytes())
    content[content.find(b"PK\x01\x02") + 8] |= 1
    zipped.write_bytes(content)
    with pytest.raises(DataError, match=r"'a\.csv' is protected by a password"), unpacked(zipped):
        pass


def test_files_within_each_other_are_not_unpacked(tmp_path: Path) -> None:
    """So little becomes so much: each name stands for the same bytes."""
    zipped = pack(tmp_path / "bomb.zip", {f"{n}.csv": LEADS for n in range(9)})
    content = bytearray(zipped.read_bytes())
    at = content.find(b"PK\x01\x02")
    while at >= 0:
        content[at + 42 : at + 46] = bytes(4)  # all begin where the first one does
        content[at + 20 : at + 24] = (len(content) // 2).to_bytes(4, "little")
        at = content.find(b"PK\x01\x02", at + 4)
    zipped.write_bytes(content)
    with pytest.raises(DataError, match="within each other"), unpacked(zipped):
        pass


def test_a_damaged_zip_is_told(tmp_path: Path, scratch: Path) -> None:
    zipped = pack(tmp_path / "cut.zip", {"a.csv": LEADS})
    content = bytearray(zipped.read_bytes())
    for at in range(60, 90):
        content[at] ^= 0xFF
    zipped.write_bytes(content)
    with pytest.raises(DataError, match="damaged zip"), unpacked(zipped):
        pass
    put(tmp_path / "no.zip", "Lead ID,Created\n")
    with pytest.raises(DataError, match="damaged zip"), unpacked(tmp_path / "no.zip"):
        pass
    assert list(scratch.iterdir()) == []


def test_no_more_is_unpacked_than_there_is_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zipped = pack(tmp_path / "large.zip", {"a.csv": "x" * 10_000_000})
    room = SimpleNamespace(free=520 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: room)
    with pytest.raises(MachineError, match=r"0\.0 GB, and 0\.5 GB are free") as caught, unpacked(zipped):  # fmt: skip
        pass
    assert "TMPDIR" in caught.value.fix


def test_errors_of_a_reader_name_the_zip(project: Project, tmp_path: Path, scratch: Path) -> None:
    zipped = pack(tmp_path / "empty.zip", {"read.me": "nothing here"})
    with pytest.raises(DataError) as caught:
        import_data(project, zipped, ImportOptions())
    assert caught.value.where.startswith(str(zipped)) and str(scratch) not in str(caught.value)
