"""Data that a bundle is judged on without being part of the project: its figures can be made again, and bear their units."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from pydantic import JsonValue

from kits.core.discovery import get_kit
from kits.core.kit import Finding
from kits.core.sample import place_in_time
from kits.core.stats import Estimate
from kits.toolchain.evaluation import headline, read_outside
from tests.visual_inspection.builders import encoded, picture, put

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


@pytest.mark.parametrize(
    ("written", "day", "amount"),
    [({}, "2026-01-02", 1.2), ({"dates": "day-first", "commas": True}, "2026-02-01", 1200)],
)
def test_what_a_table_leaves_open_is_read_as_the_bundle_learned_it(
    tmp_path: Path, written: dict[str, JsonValue], day: str, amount: float
) -> None:
    rows = [f"L{n},01/02/2026,1.200,{'won' if n % 4 == 0 else 'lost'}" for n in range(40)]
    (tmp_path / "leads.csv").write_text("\n".join(["lead_id,created,amount,outcome", *rows]))
    settings = {"written": written} if written else None
    dataset, _ = read_outside(
        get_kit("lead-scoring"), tmp_path / "leads.csv", seed=0, learned=settings
    )
    came = {place_in_time(item.sample) for item in dataset.items}
    assert came == {datetime.fromisoformat(f"{day}T00:00+00:00").timestamp()}
    fields = [json.loads(dataset.content(item))["fields"] for item in dataset.items]
    assert {one["amount"] for one in fields} == {amount}


def test_a_test_lead_is_not_judged_on_and_is_scored(tmp_path: Path) -> None:
    rows = [f"L{n},p{n}@firm{n}.com,2026-01-{n % 28 + 1:02d},won" for n in range(40)]
    rows += ["T1,test@example.com,2026-01-03,lost"]
    (tmp_path / "leads.csv").write_text("\n".join(["lead_id,email,created,outcome", *rows]))
    kit = get_kit("lead-scoring")
    config = kit.config_model.model_validate({"source": {"test_leads": "leave-out"}})
    learned: dict[str, JsonValue] = {"opt_out": ["newsletter"]}
    path = tmp_path / "leads.csv"
    judged, _ = read_outside(kit, path, seed=0, config=config, learned=learned)
    scored = [one for one in kit.read(path, "csv", config, learned) if not isinstance(one, Finding)]
    assert (len(judged.items), len(scored)) == (40, 41)


def test_money_bears_its_currency():
    line = headline({"money_per_month": ONE}, "money_per_month", "d" * 64, 0, "CHF")

    assert line.startswith("money_per_month 2,642 [1,262, 4,135] CHF (n=400, dataset ddd")
    assert headline({"auc": ONE}, "auc", "d", 0, "CHF").startswith("auc 2641.658 [1261.571,")


def test_that_a_person_looks_at_everything_is_said_beside_that_nothing_escapes() -> None:
    none, all_of_them = (Estimate(value=v, low=v, high=v, n=9, method="exact") for v in (0.0, 1.0))
    metrics = {
        "macro_f1": ONE,
        "overkill_rate": none,
        "review_rate": all_of_them,
        "escape_rate": none,
    }
    line = headline(metrics, "macro_f1", "d", 0, "EUR")
    assert (
        "escape_rate 0.000 [0.000, 0.000], overkill_rate 0.000 [0.000, 0.000], review_rate 1.000"
        in line
    )


def test_that_only_a_test_part_is_judged_is_told(tmp_path: Path) -> None:
    for number, name in enumerate(("train/ok/1.png", "train/ng/2.png", "test/ok/3.png")):
        put(tmp_path / name, encoded(picture(seed=number), ".png"))
    kit = get_kit("visual-inspection")
    dataset, told = read_outside(kit, tmp_path, seed=0)
    assert len(dataset.items) == 1
    assert "the data has a test part, which alone is judged: 1 of 3 samples" in told
    dataset, told = read_outside(kit, tmp_path, seed=0, recorded=True)
    assert len(dataset.items) == 3 and not told
