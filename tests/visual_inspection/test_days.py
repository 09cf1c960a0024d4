"""On which day a picture was taken, and what days say of a promise."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from kits.core.blobs import FolderBlobStore
from kits.core.dataset import DatasetItem
from kits.core.grouped import independent
from kits.core.kit import RawSample
from kits.core.sample import Sample
from kits.toolchain.intake import UNKNOWN_TIME
from kits.visual_inspection import data
from kits.visual_inspection._reading.days import day_taken
from kits.visual_inspection._thresholds import Scores, by_conformal
from kits.visual_inspection.config import Config
from tests.visual_inspection.builders import dataset
from tests.visual_inspection.pictures import pictures


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("good/20250314_081523_P1.jpg", "2025-03-14"),
        ("2025-03-14/good/P1_1.jpg", "2025-03-14"),
        ("Kamera1/14.03.2025/00017.bmp", "2025-03-14"),
        ("IMG_20250314_081500.jpg", "2025-03-14"),
        ("20250314081523123.png", "2025-03-14"),
        ("01_200828155815_395000_270_crop_2.jpg", "2020-08-28"),
        ("2025-01-01/20250314_1.png", "2025-03-14"),
        ("20085071_test.jpg", ""),
        ("4711_20253414.png", ""),
        ("250314_17.png", ""),
        ("P4711_1.jpg", ""),
    ],
)
def test_the_day_in_a_name_or_folder(name: str, day: str) -> None:
    assert day_taken(name, b"") == day


def with_exif(order: str, tags: dict[int, str]) -> bytes:
    """A JPEG's beginning whose EXIF data has these times, the ones above 0x9000 below the directory of the camera."""
    sign = "<" if order == "II" else ">"
    texts = {tag: text.encode() + b"\0" for tag, text in tags.items()}
    first = [tag for tag in texts if tag < 0x9000]
    second = [tag for tag in texts if tag > 0x9000]
    below = 8 + 2 + 12 * (len(first) + 1) + 4
    at = below + 2 + 12 * len(second) + 4

    def directory(entries: list[tuple[int, int, int, int]]) -> bytes:
        rows = b"".join(struct.pack(sign + "HHII", *entry) for entry in entries)
        return struct.pack(sign + "H", len(entries)) + rows + b"\0\0\0\0"

    places = {tag: at + 20 * number for number, tag in enumerate(texts)}
    data = order.encode() + struct.pack(sign + "HI", 42, 8)
    data += directory([*((t, 2, 20, places[t]) for t in first), (0x8769, 4, 1, below)])
    data += directory([(t, 2, 20, places[t]) for t in second]) + b"".join(texts.values())
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(data) + 8) + b"Exif\0\0" + data


@pytest.mark.parametrize("order", ["II", "MM"])
def test_the_day_a_camera_wrote_goes_before_that_of_a_program(order: str) -> None:
    saved = {0x0132: "2025:06:01 10:00:00"}
    assert day_taken("1.jpg", with_exif(order, saved)) == "2025-06-01"
    both = with_exif(order, {**saved, 0x9003: "2025:03:14 09:00:00"})
    assert day_taken("1.jpg", both) == "2025-03-14"
    assert day_taken("1.jpg", both[:60]) == ""
    assert day_taken("1.jpg", with_exif(order, {0x9003: "0000:00:00 00:00:00"})) == ""


def spread(days: int, per_day: int, apart: float, seed: int) -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    values = np.repeat(rng.normal(size=days), per_day) * apart + rng.normal(size=days * per_day)
    return values, [str(day) for day in range(days) for _ in range(per_day)]


def test_parts_count_by_how_alike_those_of_a_day_are() -> None:
    worth = {}
    for apart in (0.0, 1.0, 30.0):
        found = [independent(v, list(map(str, range(200))), d) for v, d in (spread(20, 10, apart, s) for s in range(20))]  # fmt: skip
        worth[apart] = float(np.mean(found))
    assert worth[0.0] > 150 and worth[30.0] == pytest.approx(20, rel=0.05)
    assert 200 / (1 + 9 * 0.6) < worth[1.0] < 200 / (1 + 9 * 0.4)
    assert independent(np.arange(3.0), ["a", "b", "c"], ["x"] * 3) == 3


@pytest.mark.parametrize("apart", [0.0, 1.0])
def test_the_promise_of_good_parts_holds_on_days_to_come(apart: float) -> None:
    """20 days with ten parts each are few days: the 95 % bound must hold for another 400."""
    broken = expected = 0.0
    for seed in range(150):
        values, days = spread(20, 10, apart, seed)
        scores = Scores(values, list(map(str, range(200))), days)
        chosen = by_conformal(scores, 0.02)
        came = (spread(400, 10, apart, 10_000 + seed)[0] >= chosen.band.act_at).mean()
        sure = float(chosen.guarantee.split("; ≤ ")[1].split("%")[0]) / 100
        broken += came > sure
        expected += came / 150
    assert broken <= 14
    assert expected < 0.025


def test_bounds_hold_at_whatever_threshold_the_parts_choose() -> None:
    rng = np.random.default_rng(0)
    n = 20
    among = Scores(np.arange(float(n)), list(map(str, range(n))))
    bounds = np.array([among.bound_of_chosen(k / n) for k in range(n)])
    single = np.array([among.bound(k / n) for k in range(n)])
    truth = np.sort(rng.random((4000, n)), axis=1)
    assert ((truth > bounds).any(axis=1)).mean() < 0.06
    assert ((truth > single).any(axis=1)).mean() > 0.12
    assert bounds[0] < 0.18


def test_a_version_keeps_the_day_of_each_picture(tmp_path: Path) -> None:
    pictures(tmp_path, "good/20250314_1.jpg", "dent/20250315_1.jpg")
    days = {s.source: s.meta["day"] for s in data.read(tmp_path, "auto") if isinstance(s, RawSample)}  # fmt: skip
    assert days == {"good/20250314_1.jpg": "2025-03-14", "dent/20250315_1.jpg": "2025-03-15"}


def taken(store: FolderBlobStore, raw: RawSample) -> Sample:
    digest = store.put(raw.content)
    return Sample(raw.source.rjust(26, "0"), raw.media_type, digest, len(raw.content), UNKNOWN_TIME, source=raw.source, meta=raw.meta)  # fmt: skip


@pytest.mark.parametrize(("named", "level"), [("2025030{n}_{n}.jpg", "pass"), ("{n}.jpg", "warn")])
def test_pictures_of_unknown_days_are_told(tmp_path: Path, named: str, level: str) -> None:
    pictures(tmp_path, *(f"good/{named.format(n=n)}" for n in range(1, 10)))
    store = FolderBlobStore(tmp_path / "blobs")
    raw = [s for s in data.read(tmp_path, "auto") if isinstance(s, RawSample)]
    items = [DatasetItem(taken(store, s), s.annotation, "train") for s in raw]
    found = {f.check: f for f in data.check(dataset(store, items), Config())}
    assert found["days-known"].level == level
