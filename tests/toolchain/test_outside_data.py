"""Data that a bundle is judged on without being part of the project: its figures can be made again, and bear their units."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.discovery import get_kit
from kits.core.sample import place_in_time
from kits.core.stats import Estimate
from kits.toolchain.evaluation import headline, read_outside

ONE = Estimate(value=2641.658, low=1261.571, high=4134.903, n=400)


@pytest.fixture
def leads(tmp_path: Path) -> Path:
    """Leads without dates: nothing tells when they came but their places in the file."""
    rows = [f"L{n},{'abc'[n % 3]},{'won' if n % 4 == 0 else 'lost'}" for n in range(60)]
    file = tmp_path / "leads.csv"
    file.write_text("\n".join(["lead_id,source,outcome", *rows]))
    return file


def test_the_same_file_is_the_same_dataset_whenever_it_is_read(leads: Path):
    kit = get_kit("lead-scoring")

    first, second = (read_outside(kit, leads, seed=0)[0] for _ in range(2))

    assert first.id == second.id


def test_samples_without_a_time_keep_the_order_of_their_file(leads: Path):
    dataset, _ = read_outside(get_kit("lead-scoring"), leads, seed=0)

    placed = sorted(dataset.items, key=lambda item: place_in_time(item.sample) or 0.0)

    assert len({place_in_time(item.sample) for item in placed}) == 60
    assert [int(item.sample.source.rpartition("L")[2]) for item in placed] == list(range(60))


def test_money_bears_its_currency():
    line = headline({"money_per_month": ONE}, "money_per_month", "d" * 64, 0, "CHF")

    assert line.startswith("money_per_month 2,642 [1,262, 4,135] CHF (n=400, dataset ddd")
    assert headline({"auc": ONE}, "auc", "d", 0, "CHF").startswith("auc 2641.658 [1261.571,")
