"""Files and folders whose names are no UTF-8, as archives of other systems leave them, are imported by every kit."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import wavfile

from kits.core.annotation import Annotation
from kits.core.dataset import DatasetItem
from kits.toolchain.importing import ImportOptions, import_data
from kits.toolchain.project import Project
from kits.toolchain.scaffold import new

FOLDER, SHOWN = os.fsdecode(b"Pr\xfcfung"), "Pr\\xfcfung"
EACH = 12


def write_leads(folder: Path) -> None:
    rows = [
        f"{n};Firm {n};2024-{n % 12 + 1:02d}-0{n % 9 + 1};{'won' if n % 2 else 'lost'}"
        for n in range(5 * EACH)
    ]
    (folder / f"{FOLDER}.csv").write_text("\n".join(["id;company;created_at;status", *rows]))


def write_mails(folder: Path) -> None:
    for label in (FOLDER, "Order"):
        (folder / label).mkdir()
        for n in range(EACH):
            mail = f"From: a@x.example\nSubject: {label[:1]} {n}\nMessage-ID: <{n}@{label[:1]}>\n\nThe text {n} of {label[:1]}\n"
            (folder / label / f"{n}.eml").write_text(mail)


def write_table(folder: Path) -> None:
    for machine in (FOLDER, "Second"):
        (folder / machine).mkdir()
        drawn = np.random.default_rng(len(machine)).normal(size=2_000)
        rows = [f"2024-01-01T00:{n // 60:02d}:{n % 60:02d},{x:.4f}" for n, x in enumerate(drawn)]
        (folder / machine / "run.csv").write_text("\n".join(["time,vibration", *rows]))


def write_tags(folder: Path) -> None:
    """One machine, a file of each of its channels."""
    write_table(folder)
    (folder / FOLDER / "run.csv").rename(folder / FOLDER / f"{FOLDER}.csv")
    (folder / "Second" / "run.csv").rename(folder / FOLDER / "second.csv")
    (folder / "machines.yaml").write_text("asset: folder\n")


def write_sound(folder: Path) -> None:
    for label in ("normal", FOLDER):
        (folder / label).mkdir()
        for n in range(3):
            drawn = np.random.default_rng(n + len(label)).normal(size=8_000) * 1000
            wavfile.write(folder / label / f"{FOLDER}{n}.wav", 8_000, drawn.astype(np.int16))


def write_masks(folder: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (3 * EACH, 32, 32, 3), dtype=np.uint8)
    mask = np.zeros((32, 32), np.uint8)
    mask[8:16, 8:16] = 255
    kinds = ("train/good", "test/good", f"test/{FOLDER}")
    for number, pixels in enumerate(pictures):
        write_png(folder / kinds[number % 3] / f"{number}.png", pixels)
        if number % 3 == 2:
            write_png(folder / "ground_truth" / FOLDER / f"{number}_mask.png", mask)


def write_png(file: Path, pixels: NDArray[np.uint8]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())


def names(item: DatasetItem) -> set[str]:
    """What an item is called, and by whom."""
    said = item.annotation or Annotation()
    places = {place.label for place in (*said.boxes, *said.spans)}
    return {item.sample.source, item.sample.group, said.label, said.author, *places}


@pytest.mark.parametrize(
    ("kit", "write"),
    [
        ("lead-scoring", write_leads), ("support-triage", write_mails),
        ("predictive-maintenance", write_table), ("predictive-maintenance", write_sound),
        ("predictive-maintenance", write_tags),
        ("visual-inspection", write_masks),
    ],
)  # fmt: skip
def test_such_names_are_shown_in_a_version(
    kit: str, write: Callable[[Path], None], tmp_path: Path
) -> None:
    """An import ended with a traceback, after all had been read."""
    data = tmp_path / "data"
    data.mkdir()
    write(data)
    new(kit, tmp_path / "project", {}, ask=False)
    project = Project.open(tmp_path / "project")
    items = project.dataset(import_data(project, data, ImportOptions()).dataset.id).items
    assert any(SHOWN in name for item in items for name in names(item))
