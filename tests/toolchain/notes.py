"""Projects of the notes kit: unlabelled notes, ready to be labelled."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from kits.core.annotation import Annotation
from kits.toolchain.importing import ImportOptions, import_data
from kits.toolchain.labelling.desk import Desk
from kits.toolchain.labelling.journal import Entry
from kits.toolchain.project import Project
from tests.third_party import installed, register

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
TOPICS = {
    "parcel": "where is my parcel it is late",
    "refund": "please pay my money back",
    "invoice": "the invoice shows a wrong sum",
}


@pytest.fixture(scope="session")
def notes_kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Installs the notes kit for this process and its children, as pip would: by entry point."""
    site = tmp_path_factory.mktemp("notes-site")
    shutil.copytree(Path(__file__).parent / "notes_kit", site / "notes_kit")
    register(site, "notes_kit", "notes")
    with installed(site):
        yield site


def write_notes(folder: Path, n: int) -> None:
    """`n` notes that turn around the topics; each tells its number."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(n):
        text = list(TOPICS.values())[number % len(TOPICS)]
        padding = " please" * (number // len(TOPICS))
        (folder / f"note-{number:03d}.txt").write_text(f"Note {number}\n{text}{padding}")


def make_notes_project(root: Path, n: int = 40) -> Project:
    """A project with unlabelled notes as its dataset version."""
    write_notes(root / "notes", n)
    (root / "kit.yaml").write_text("kit: notes\nname: letterbox\n")
    project = Project.open(root)
    import_data(project, root / "notes", ImportOptions())
    return project


@pytest.fixture
def notes(notes_kit: Path, tmp_path: Path) -> Project:
    return make_notes_project(tmp_path / "letterbox")


def said(sample: str, label: str, author: str = "ada", minutes: int = 0) -> Entry:
    at = NOW + timedelta(minutes=minutes)
    return Entry(
        sample, "state", author, at, Annotation(label, author=author, source="review", at=at)
    )


def truth(text: str) -> str:
    return next(topic for topic, words in TOPICS.items() if words in text)


def label_all(desk: Desk, n: int, limit: int = 1000) -> int:
    """Labels a round by what its notes say; how many that were."""
    sitting = desk.sit(n)
    for done in range(limit):
        task = sitting.task()
        if task is None:
            return done
        sitting.state([truth(task.shown.text)])
    return limit
