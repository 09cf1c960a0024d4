"""Whose clock wrote times that name no zone: moments are UTC, and days and hours count by that clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kits.core.zones import ahead_s, from_local
from kits.lead_scoring._checking.week import week, zones
from kits.lead_scoring._features.encoder import Encoder
from kits.lead_scoring._features.spec import DateColumn, EncoderSpec, Week
from kits.lead_scoring._features.week import DAYS, PARTS, WEEK, hours_of
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.encoding import encode
from kits.lead_scoring._learning.rates import learn_rates
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._learning.week import week_of
from kits.lead_scoring._reading.values.dates import read_dates
from kits.lead_scoring._reasons.explainer import Explainer
from kits.lead_scoring._roles import ROLES
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring._written import WRITTEN, Written, written_from
from kits.lead_scoring.config import Config
from tests.lead_scoring.checked_leads import only
from tests.lead_scoring.made_leads import a_table
from tests.lead_scoring.reading.lead_files import put, read, table

BERLIN, YORK = "Europe/Berlin", "America/New_York"
HOUR, DAY = 3_600.0, 86_400.0
Floats = NDArray[np.float64]


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()


@pytest.mark.parametrize(
    ("cell", "zone", "moment"),
    [
        ("2025-01-06 09:30", BERLIN, "2025-01-06 08:30"),
        ("2025-07-07 09:30", BERLIN, "2025-07-07 07:30"),
        ("07.07.2025 09:30", BERLIN, "2025-07-07 07:30"),
        ("7/7/2025 9:30 pm", YORK, "2025-07-08 01:30"),
        ("20250707093000", BERLIN, "2025-07-07 07:30"),
        ("2025-07-07T09:30:00Z", BERLIN, "2025-07-07 09:30"),
        ("2025-07-07 09:30 CEST", YORK, "2025-07-07 07:30"),
        ("07.07.2025 09:30 +0000", BERLIN, "2025-07-07 09:30"),
        ("1751880600000", BERLIN, "2025-07-07 09:30"),
        ("1751880600", BERLIN, "2025-07-07 09:30"),
        ("45845.3958333", BERLIN, "2025-07-07 07:30"),
        ("2025-07-07 20:00", YORK, "2025-07-08 00:00:01"),  # midnight would be a day alone
    ],
)
def test_what_a_clock_of_a_place_shows_is_a_moment(cell: str, zone: str, moment: str) -> None:
    found = read_dates("Created date", [cell], "day-first", zone)
    assert found is not None and found.seconds == (utc(moment),)


@pytest.mark.parametrize("cell", ["2025-07-07", "07.07.2025", "20250707", "May 2025"])
def test_a_day_is_that_day_anywhere(cell: str) -> None:
    assert read_dates("Created date", [cell], zone=YORK) == read_dates("Created date", [cell])


def test_a_day_alone_among_times_stays_that_day() -> None:
    found = read_dates("Created", ["2025-07-07 09:30", "2025-07-08 00:00"], zone=YORK)
    assert found is not None and found.seconds == (utc("2025-07-07 13:30"), utc("2025-07-08"))


def test_the_clock_that_is_put_forward_and_back() -> None:
    assert from_local(utc("2025-03-30 02:30"), BERLIN) == utc("2025-03-30 01:30")  # never shown
    assert from_local(utc("2025-10-26 02:30"), BERLIN) == utc("2025-10-26 00:30")  # shown twice
    assert [ahead_s(int(utc(at) // HOUR), BERLIN) / HOUR for at in ("2025-10-26 00:30", "2025-10-26 01:30")] == [2, 1]  # fmt: skip


def export(rows: int = 60) -> str:
    """Leads of a firm whose CRM writes its own time, and one column whose times name their zone."""
    lines = [
        (n, f"2025-07-{n % 28 + 1:02d} 09:{n % 60:02d}", f"2025-07-{n % 28 + 1:02d}T08:15:00Z", "Won" if n % 3 else "Lost")
        for n in range(rows)
    ]  # fmt: skip
    return table(["Lead ID", "Created", "Mail opened", "Status"], lines)


@pytest.mark.parametrize(("zone", "hour"), [("", 9), (BERLIN, 7), (YORK, 13)])
def test_a_stated_zone_places_the_leads_of_an_export(tmp_path: Path, zone: str, hour: int) -> None:
    found = read(put(tmp_path / "a.csv", export()), {"source": {"timezone": zone}})
    assert {lead.at.hour for lead in found.leads if lead.at is not None} == {hour}
    assert {str(lead.fields["Mail opened"])[11:13] for lead in found.leads} == {"08"}
    noted = {str(sample.meta.get(WRITTEN, "")) for sample in found.samples}
    assert noted == {zone}


def test_a_zone_that_is_none_is_refused_with_one_that_is() -> None:
    with pytest.raises(ValueError, match=r"no time zone 'Berlin'; for example Europe/Berlin"):
        Config.model_validate({"source": {"timezone": "Berlin"}})


def test_a_bundle_of_a_zone_that_this_machine_does_not_know_is_refused_before_it_scores() -> None:
    with pytest.raises(ValueError, match="no time zone 'Mars/Olympus'"):
        Week(days=(0.0,) * DAYS, zone="Mars/Olympus")


def test_what_is_noted_comes_back() -> None:
    for one in (
        Written(timezone=BERLIN),
        Written(commas=True, dates="day-first", timezone=YORK),
        Written(commas=True),
    ):
        assert written_from(one.mark) == one


# -- days and hours by the clock --------------------------------------------------------------------


def firm(zone: str, n: int = 3_000) -> tuple[Floats, Floats]:
    """When leads came within a year, and which were won: more of those of the afternoon, by the firm's clock."""
    rng = np.random.default_rng([7, 3])
    at = utc("2025-01-06") + np.sort(rng.integers(0, 364 * 24 * 60, n)) * 60.0 + 1.0
    own = hours_of(at, zone)
    odds = -2.0 + 1.4 * ((own // 24 < 5) & (own % 24 >= 12) & (own % 24 < 20))
    return at, (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(np.float64)


def leads_at(at: Floats) -> list[Lead]:
    return [
        Lead(str(n), {"noise": float(n % 7)}, datetime.fromtimestamp(one, timezone.utc))
        for n, one in enumerate(at)
    ]


def table_of(at: Floats, won: Floats) -> LeadTable:
    rows = [({"noise": float(n % 7)}, one) for n, one in enumerate(won.tolist())]
    return replace(a_table(rows), leads=tuple(leads_at(at)))


def test_hours_count_by_the_clock_in_summer_as_in_winter() -> None:
    at, won = firm(YORK)
    found = week_of(at, won, YORK)
    assert found is not None and found.hours and found.zone == YORK
    best = np.argsort(found.parts)[-2:]
    assert sorted(best.tolist()) == [3, 4]  # 12:00 to 20:00 of working days


@pytest.mark.parametrize("zone", ["", BERLIN, YORK, "Asia/Kolkata"])
def test_a_table_and_a_lead_have_the_same_columns(zone: str) -> None:
    rng = np.random.default_rng(3)
    at = utc("2025-01-06") + np.r_[rng.integers(0, 400 * 24 * 60, 300) * 60.0, DAY * np.arange(9.0)]
    moments = [
        datetime.fromtimestamp(one, timezone.utc).isoformat().replace("T00:00:00+00:00", "")
        for one in at
    ]
    leads = [replace(lead, fields={"it": cell}) for lead, cell in zip(leads_at(at), moments)]
    week = Week(days=tuple(map(float, range(DAYS))), parts=tuple(map(float, range(PARTS))), zone=zone)  # fmt: skip
    spec = EncoderSpec(columns=(DateColumn(name="it", age=True, hour=True, zone=zone),), week=week)
    many = encode(Sheet(leads), np.arange(len(leads)), spec)
    assert np.array_equal(Encoder(spec).rows(leads), many, equal_nan=True)
    by_clock = [one // 24 for one in hours_of(at, zone)]
    assert many[:, 1].tolist() == by_clock and many[:300, 4].tolist() == by_clock[:300]
    assert np.isnan(many[300:, 4:]).all()  # days alone have no hours


def test_a_day_of_the_week_is_that_of_the_clock() -> None:
    spec = EncoderSpec(columns=(DateColumn(name="it", age=False, hour=True, zone=YORK),))
    cells = ["2025-07-08T01:30:00Z", "2025-07-08"]  # Monday evening there; a Tuesday
    rows = Encoder(spec).rows([Lead("1", {"it": cell}, None) for cell in cells])
    assert rows[:, 1:].tolist() == [[0.0, 21.0], [1.0, 0.0]]


@pytest.mark.parametrize("month", [1, 7])
def test_a_reason_names_hours_of_the_clock(month: int) -> None:
    moment = datetime(2025, month, 7, 17 if month == 7 else 18, 5, tzinfo=timezone.utc)
    at, won = firm(YORK)
    spec = EncoderSpec(columns=(), week=week_of(at, won, YORK))
    reasons = learn_rates(table_of(at, won), [], Config(), encoder=spec)
    (told,) = Explainer(reasons).reasons(Lead("1", {}, moment), {WEEK: 1.0})
    assert told.text.startswith("Came Monday to Friday, 12 to 16 o'clock: ")


def test_check_says_hours_of_the_clock_and_asks_for_it_where_none_is_stated() -> None:
    leads = table_of(*firm(YORK))
    stated = only(list(week(leads, Config.model_validate({"source": {"timezone": YORK}}))))
    assert stated.evidence[0].startswith(("Monday to Friday, 12:00", "Monday to Friday, 16:00"))
    assert "timezone" not in stated.fix
    assert "model.source.timezone" in only(list(week(leads, Config()))).fix


@pytest.mark.parametrize(
    ("noted", "stated", "told"),
    [
        ((BERLIN, BERLIN), BERLIN, None),
        (("", ""), "", None),
        ((BERLIN, ""), BERLIN, "and the times of 20 leads"),
        (("", ""), BERLIN, "is Europe/Berlin, and the times of 40 leads"),
        ((BERLIN, YORK), BERLIN, "and the times of 20 leads"),
        ((BERLIN, BERLIN), "", "is not stated, and the times of 40 leads"),
    ],
)
def test_check_tells_leads_that_were_read_by_another_clock(
    noted: tuple[str, str], stated: str, told: str | None
) -> None:
    at = utc("2025-01-06 09:30") + DAY * np.arange(40.0)
    made = table_of(at, np.zeros(40))
    items = tuple(
        replace(
            item,
            sample=replace(item.sample, meta={WRITTEN: noted[n % 2], ROLES: {"id": "Lead ID"}}),
        )
        for n, item in enumerate(made.items)
    )
    config = Config.model_validate({"source": {"timezone": stated}})
    assert not list(zones(made, config))  # as a CRM sent them
    found = list(zones(replace(made, items=items), config))
    assert [told in one.text for one in found if told] == ([True] if told else [])
    assert bool(found) == bool(told)
