"""Files that a project's configuration names travel in a bundle, and never out of the folder."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from kits.core import belongings
from kits.core.belongings import pack_belongings, unpack_belongings
from kits.core.errors import BundleError, DataError
from tests.core.nested_zip import nested


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    (root / "knowledge" / "de").mkdir(parents=True)
    (root / "knowledge" / "de" / "Rückgabe & Versand.md").write_text("# Rückgabe")
    (root / "catalogue.csv").write_text("sku\n1\n")
    (root / "secret.txt").write_text("not named")
    return root


def test_what_is_named_arrives_and_nothing_else(project: Path, tmp_path: Path) -> None:
    content = pack_belongings(project, [project / "knowledge", project / "catalogue.csv"])
    assert unpack_belongings(content, tmp_path / "there") == 2
    assert (tmp_path / "there/knowledge/de/Rückgabe & Versand.md").read_text() == "# Rückgabe"
    assert not (tmp_path / "there/secret.txt").exists()


def test_the_same_files_are_the_same_bytes(project: Path) -> None:
    named = [project / "knowledge"]
    first = pack_belongings(project, named)
    (project / "knowledge/de/Rückgabe & Versand.md").touch()
    assert pack_belongings(project, named) == first


def test_what_lies_elsewhere_is_not_taken_along(project: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.md").write_text("a")
    (project / "knowledge" / "link.md").symlink_to(elsewhere / "a.md")
    content = pack_belongings(project, [elsewhere, project / "knowledge", project / "absent"])
    assert unpack_belongings(content, tmp_path / "there") == 1


def test_too_much_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(belongings, "MAX_BYTES", 5)
    with pytest.raises(DataError, match="named by the configuration"):
        pack_belongings(project, [project / "knowledge"])


@pytest.mark.parametrize("name", ["../out.md", "/etc/out.md", "a/../../out.md"])
def test_a_name_that_leads_out_writes_nothing(tmp_path: Path, name: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("fine.md", "fine")
        archive.writestr(name, "out")
    with pytest.raises(BundleError):
        unpack_belongings(buffer.getvalue(), tmp_path / "there")
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize("content", [b"", b"PK", b"rubbish"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BundleError):
        unpack_belongings(content, tmp_path)


def test_a_packed_archive_is_refused_unread(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", b"\0" * 1_000_000)
    with pytest.raises(BundleError, match="packed"):
        unpack_belongings(buffer.getvalue(), tmp_path)


def test_files_that_hold_each_other_are_refused_unread(tmp_path: Path) -> None:
    content = nested([f"f{n}.txt" for n in range(50)], b"x" * 1000)
    with pytest.raises(BundleError, match="too many"):
        unpack_belongings(content, tmp_path)
    assert list(tmp_path.iterdir()) == []


def archive_of(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        ".git/config",
        "knowledge/.git/config.yaml",
        ".env",
        "yolo11n.pt",
        "numpy.py",
        "model.safetensors",
        "run",
    ],
)
def test_only_texts_and_documents_arrive(tmp_path: Path, name: str) -> None:
    """A bundle that nobody has signed is unpacked where commands run next."""
    with pytest.raises(BundleError):
        unpack_belongings(archive_of(**{"fine.md": "fine", name: "[core]"}), tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_what_is_there_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "kit.yaml").write_text("kit: lead-scoring")
    with pytest.raises(BundleError, match="take the place"):
        unpack_belongings(archive_of(**{"kit.yaml": "kit: other"}), tmp_path)
    assert (tmp_path / "kit.yaml").read_text() == "kit: lead-scoring"


def test_hidden_files_and_pictures_in_a_folder_stay_and_a_named_one_is_refused(
    project: Path, tmp_path: Path
) -> None:
    (project / "knowledge" / ".git").mkdir()
    (project / "knowledge" / ".git" / "config").write_text("[core]")
    (project / "knowledge" / "logo.png").write_bytes(b"png")
    content = pack_belongings(project, [project / "knowledge"])
    assert unpack_belongings(content, tmp_path / "there") == 1
    with pytest.raises(DataError, match=r"takes along no \.png file"):
        pack_belongings(project, [project / "knowledge" / "logo.png"])
