"""What `kit check` says of leads: amounts, time, gaps, repeats; each with its figure and what to do."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from kits.core.blobs import FolderBlobStore
from kits.core.errors import DataError
from kits.core.kit import TrainTask
from kits.core.operating_point import Costs
from kits.lead_scoring import data
from kits.lead_scoring._checking import amounts, columns, repeats, times
from kits.lead_scoring._lead import Lead, encode_lead
from kits.lead_scoring._learning.prepared import prepare
from kits.lead_scoring._stand_ins import GIVEN
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config
from tests.lead_scoring.checked_leads import START, dataset, leads, only
from tests.lead_scoring.court.court_tables import Made
from tests.lead_scoring.made_leads import a_table


def day(n: float) -> str:
    return (START + timedelta(days=n)).isoformat()


def plain_rows(n: int, won: int) -> list[list[object]]:
    return [[i, f"c{i % 7}", int(i < won)] for i in range(n)]


HEADER = ["id", "city", "converted"]


def test_leads_without_outcomes_fail(tmp_path: Path) -> None:
    found = only(list(amounts.enough(leads(tmp_path, HEADER[:2], [[1, "a"], [2, "b"]]), Config())))
    assert (found.check, found.level) == (
        "no-outcomes",
        "fail",
    ) and "model.source.outcome" in found.fix


@pytest.mark.parametrize(
    ("n", "won", "level"),
    [
        (400, 10, "fail"),
        (400, 395, "fail"),
        (900, 300, "warn"),
        (2000, 100, "warn"),
        (1000, 120, "pass"),
    ],
)
def test_few_leads_and_few_won_are_told_with_what_it_means(
    tmp_path: Path, n: int, won: int, level: str
) -> None:
    found = only(list(amounts.enough(leads(tmp_path, HEADER, plain_rows(n, won)), Config())))
    assert found.level == level
    assert f"{n} leads with an outcome, {won} of them won" in found.text


def test_the_share_won_is_told_over_time(tmp_path: Path) -> None:
    rows = [[i, day(i), int(i % 10 < i // 200)] for i in range(2000)]
    found = only(
        list(amounts.enough(leads(tmp_path, ["id", "created_at", "converted"], rows), Config()))
    )
    assert found.evidence[0].startswith("5.0% won of 400 leads, part 1 of 5")
    assert found.evidence[-1].startswith("85.0% won")


def test_where_most_leads_are_won_the_highest_lift_that_there_is_is_told(tmp_path: Path) -> None:
    found = only(
        list(amounts.lift_ceiling(leads(tmp_path, HEADER, plain_rows(400, 300)), Config()))
    )
    assert (found.check, found.level) == ("lift-ceiling", "warn")
    assert "75.0%" in found.text and "lift of 1.33" in found.text and "metric.name" in found.fix
    half = leads(tmp_path, HEADER, plain_rows(400, 200))
    assert not list(amounts.lift_ceiling(half, Config()))


def test_leads_without_dates_do_not_pass_for_those_of_one_month(tmp_path: Path) -> None:
    team = {"per_month": 40}
    undated = leads(tmp_path, HEADER, plain_rows(400, 100))
    found = only(list(amounts.in_a_month(undated, Config.model_validate({"team": team}))))
    assert (found.check, found.level) == ("leads-a-month", "warn")
    assert "all 400 count as one month's, 40 of them (10.0%)" in found.text
    assert "model.team.incoming_per_month" in found.fix
    stated = Config.model_validate({"team": {**team, "incoming_per_month": 300}})
    assert not list(amounts.in_a_month(undated, stated))
    dated = [[i, day(i / 4), "yes" if i % 4 else "no"] for i in range(400)]
    made = leads(tmp_path, ["id", "created_at", "converted"], dated)
    assert not list(amounts.in_a_month(made, Config.model_validate({"team": team})))


@pytest.mark.parametrize("per_month", [100, 250])
def test_where_everyone_can_be_called_nobody_is_left_to_choose(
    per_month: int, tmp_path: Path
) -> None:
    made = leads(tmp_path, HEADER, plain_rows(400, 100))
    team = {"per_month": per_month, "incoming_per_month": 100}
    found = only(list(amounts.all_called(made, Config.model_validate({"team": team}))))
    assert (found.check, found.level) == ("all-called", "warn")
    assert f"can call {per_month} leads a month, and 100 come in" in found.text
    assert "model.team.per_month" in found.fix
    fewer = Config.model_validate({"team": {**team, "per_month": 99}})
    assert not list(amounts.all_called(made, fewer))


def test_many_open_leads_are_a_question(tmp_path: Path) -> None:
    rows = [[i, "Won" if i % 10 == 0 else "Lost" if i % 10 == 1 else "New"] for i in range(100)]
    found = only(list(amounts.still_open(leads(tmp_path, ["id", "status"], rows), Config())))
    assert (
        found.level == "warn" and "80 leads (80%)" in found.text and "lost_after_days" in found.fix
    )
    rows = [[i, "Won" if i % 2 else "Lost" if i % 10 else "New"] for i in range(100)]
    assert (
        only(list(amounts.still_open(leads(tmp_path, ["id", "status"], rows), Config()))).level
        == "pass"
    )


def long_sales(tmp_path: Path, **model: object) -> LeadTable:
    """Two leads a day for a year; the won ones take ten days, the lost ones sixty; the export is of the last day."""
    rows: list[list[object]] = []
    for i in range(730):
        came, takes = i // 2, 10 if i % 2 else 60
        known = came + takes <= 365
        rows.append(
            [
                i,
                day(came),
                day(came + takes) if known else "",
                ("Won" if i % 2 else "Lost") if known else "Open",
            ]
        )
    return leads(tmp_path, ["id", "created_at", "closed_at", "status"], rows, **model)


def test_leads_too_young_for_their_outcome_are_named_with_the_date(tmp_path: Path) -> None:
    found = only(list(times.young(long_sales(tmp_path), Config())))
    assert found.level == "warn" and "younger than 60 days" in found.text
    assert (
        "of these 100.0% are won" in found.text and "trust outcomes until 2025-11-02" in found.text
    )
    assert "open_for_days: 60" in found.fix
    # by the leads that had the time, as the days above: those that came last had quick outcomes alone
    assert found.evidence[0] == "50% of outcomes come within 35 days"


@pytest.mark.parametrize(("settled", "told"), [(60, True), (0, False)])
def test_young_leads_are_told_where_nothing_says_when_outcomes_were_known(
    tmp_path: Path, settled: int, told: bool
) -> None:
    """Lost leads are known after sixty days, won ones at once; or a tenth are open, however old."""
    rows = []
    for i in range(730):
        gone = i % 10 > 0 if not settled else i % 2 > 0 or i // 2 + settled <= 365
        rows.append([i, day(i // 2), ("Won" if i % 2 else "Lost") if gone else "Open"])
    table_ = leads(tmp_path, ["id", "created_at", "status"], rows)
    found = list(times.young(table_, Config()))
    assert bool(found) is told
    for one in found:
        asked = int(one.fix.split("open_for_days: ")[1].split(",")[0])
        assert one.level == "warn" and 50 <= asked <= 65 and "98.4% are won" in one.text
        stated = Config.model_validate({"source": {"open_for_days": asked}})
        assert not list(times.young(table_, stated))


def test_a_run_says_that_it_learned_from_young_leads(tmp_path: Path) -> None:
    (note,) = times.young_note(long_sales(tmp_path), Config())
    assert note.startswith("young: ") and "open_for_days: 60" in note
    stated = {"open_for_days": 60}
    kept_open = long_sales(tmp_path, source=stated)
    assert not times.young_note(kept_open, Config.model_validate({"source": stated}))


def test_who_brings_only_customers_is_told_so(tmp_path: Path) -> None:
    rows = [[i, day(i), "Customer"] for i in range(60)]
    table_ = leads(tmp_path, ["id", "created_at", "status"], rows)
    found = only(list(amounts.enough(table_, Config())))
    assert found.level == "fail" and "bring those that were lost" in found.fix


def test_young_leads_kept_open_are_no_more_a_question(tmp_path: Path) -> None:
    stated = {"open_for_days": 60}
    table_ = long_sales(tmp_path, source=stated)
    found = only(list(times.young(table_, Config.model_validate({"source": stated}))))
    assert found.level == "pass"
    recent = [
        won
        for won, lead in zip(table_.won, table_.leads)
        if lead.at and lead.at > START + timedelta(days=310)
    ]
    assert np.isnan(recent).all()


def test_outcomes_before_the_lead_and_leads_of_the_future_are_told(tmp_path: Path) -> None:
    rows = [
        [i, day(i), day(i - 30 if i < 20 else i + 3), "Won" if i % 2 else "Lost"]
        for i in range(100)
    ]
    table_ = leads(tmp_path, ["id", "created_at", "closed_at", "status"], rows)
    found = only(list(times.backwards(table_, Config())))
    assert found.level == "warn" and found.text.startswith("20 leads were decided before they came")
    found = only(list(times.future(table_, lambda: START + timedelta(days=50))))
    assert found.text.startswith("48 leads come from the future")
    assert not list(times.future(table_, lambda: START + timedelta(days=500)))


def test_columns_that_are_mostly_empty_are_listed(tmp_path: Path) -> None:
    rows = [[i, "x" if i < 10 else "", i % 2] for i in range(100)]
    found = only(
        list(columns.missing(leads(tmp_path, ["id", "budget", "converted"], rows), Config()))
    )
    assert found.evidence == ("budget: 90% empty",)


def test_a_column_whose_being_filled_in_tells_the_outcome_is_named(tmp_path: Path) -> None:
    draw = random.Random(0)
    rows = []
    for i in range(1000):
        won = draw.random() < 0.3
        rows.append(
            [
                i,
                "x" if won or draw.random() < 0.2 else "",
                "y" if draw.random() < 0.5 else "",
                int(won),
            ]
        )
    table_ = leads(tmp_path, ["id", "contract", "hobby", "converted"], rows)
    found = only(list(columns.missing_tells(table_, Config())))
    assert len(found.evidence) == 1 and found.evidence[0].startswith("contract: 0.0% of")
    kept = Config.model_validate({"columns": {"keep": ["contract"]}})
    assert not list(columns.missing_tells(table_, kept))


def test_a_number_whose_being_left_tells_the_outcome_is_named() -> None:
    made = Made(1_000)
    made.columns[f"phone{GIVEN}"] = [bool(won) for won in made.won]
    (found,) = columns.missing_tells(made.table(), Config())
    assert found.evidence[0].startswith(f"phone{GIVEN}: 0.0% of")


def test_columns_of_texts_that_never_come_again_are_told(tmp_path: Path) -> None:
    rows = [[i, f"note number {i}", f"c{i % 5}", i % 2] for i in range(300)]
    found = only(
        list(
            columns.too_many_values(
                leads(tmp_path, ["id", "note", "city", "converted"], rows), Config()
            )
        )
    )
    assert found.evidence == ("note: 300 values in 300 leads",)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (
            ["note"],
            [
                "1 of 1 columns is empty for more than half of the leads",
                "one column of texts hardly has the same value twice; a model sees at most whether it is filled in and the "
                "words of it that several leads share",
                "whether one column is filled in at all tells the outcome",
            ],
        ),
        (
            ["note", "memo"],
            [
                "2 of 2 columns are empty for more than half of the leads",
                "2 columns of texts hardly have the same value twice; a model sees at most whether they are filled in and "
                "the words of them that several leads share",
                "whether 2 columns are filled in at all tells the outcome",
            ],
        ),
    ],
)
def test_one_column_and_several_are_told_in_their_own_words(
    names: list[str], told: list[str]
) -> None:
    rows = [
        ({name: f"{name} {n}" if n % 5 < 2 else None for name in names}, float(n % 5 == 0))
        for n in range(1_000)
    ]
    rules = (columns.missing, columns.too_many_values, columns.missing_tells)
    assert [one.text for rule in rules for one in rule(a_table(rows), Config())] == told


@pytest.mark.parametrize(
    ("key", "stated", "level"),
    [
        ("exclude", ["durration"], "fail"),
        ("opt_out", "Duraton", "fail"),
        ("numeric", ["DURATION"], "warn"),
    ],
)
def test_a_misspelt_column_of_the_settings_is_told_with_the_one_that_is_meant(
    tmp_path: Path, key: str, stated: object, level: str
) -> None:
    rows = [[i, i % 9, i, i % 2] for i in range(20)]
    table_ = leads(tmp_path, ["id", "duration", "round 2", "converted"], rows)
    config = Config.model_validate({"columns": {key: stated}})
    found = only(list(columns.not_there(table_, config)))
    assert found.level == level
    assert "did you mean 'duration'?" in found.fix


def test_settings_may_name_columns_that_no_lead_has(tmp_path: Path) -> None:
    rows = [[i, i % 9, i, i % 2] for i in range(20)]
    table_ = leads(tmp_path, ["id", "duration", "round 2", "converted"], rows)
    stated = {"exclude": ["contact phone", "round 1", "duration"], "protected": ["gender"]}
    assert not list(columns.not_there(table_, Config.model_validate({"columns": stated})))


def lead_set(
    tmp_path: Path, states: Sequence[tuple[str, Mapping[str, str]]]
) -> list[tuple[str, bytes]]:
    return [
        (f"s{n}", encode_lead(Lead(identity, fields)))
        for n, (identity, fields) in enumerate(states)
    ]


def test_states_of_one_lead_share_a_split_and_equal_leads_do_not(tmp_path: Path) -> None:
    contents = lead_set(
        tmp_path, [("a", {"x": "1"}), ("b", {"x": "1"}), ("a", {"x": "2"}), ("a", {"x": "3"})]
    )
    assert repeats.near_duplicates(contents) == [("s0", "s2"), ("s0", "s3")]
    assert data.near_duplicates([*contents, ("s9", b"damaged")]) == [("s0", "s2"), ("s0", "s3")]


def test_leads_that_no_column_tells_apart_are_counted(tmp_path: Path) -> None:
    rows = [[i, "web" if i < 40 else f"c{i}", i % 2] for i in range(100)]
    found = only(list(repeats.same_content(leads(tmp_path, HEADER, rows), Config())))
    assert "40 leads equal another one" in found.text and "in 1 groups some are won" in found.text


def test_all_checks_run_with_the_court_after_them(tmp_path: Path) -> None:
    draw = random.Random(1)
    rows = []
    for i in range(600):
        won = int(draw.random() < 0.35)
        rows.append(
            [
                f"L{i}",
                day(i),
                f"c{draw.randrange(5)}",
                draw.randrange(20),
                "signed" if won else "",
                won,
            ]
        )
    made = dataset(
        tmp_path, ["id", "created_at", "city", "visits", "contract number", "converted"], rows
    )
    found = list(data.check(made, Config()))
    assert [f for f in found if f.check == "too-few-leads" and f.level == "warn"]
    leaks = [f for f in found if f.check == "leaks"]
    assert leaks and "contract number" in leaks[0].text
    assert all(f.fix for f in found if f.level != "pass")


def test_that_no_outcome_is_known_is_said_before_any_lead_is_read(tmp_path: Path) -> None:
    made = dataset(tmp_path, ["id", "city"], [[1, "a"], [2, "b"]])
    unread = replace(made, blobs=FolderBlobStore(tmp_path / "nothing here"))
    assert only(list(data.check(unread, Config()))).check == "no-outcomes"
    task = TrainTask(unread, Config(), Costs(escape=1, overkill=1, review=1), tmp_path, seed=0)
    with pytest.raises(DataError, match="none of 2 leads has an outcome"):
        prepare(task, Config())
