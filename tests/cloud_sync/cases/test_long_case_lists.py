"""However many cases are closed: a page of the list is a stretch of an index, and figures read no case whole."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.event import listen

from cloud_sync.cases import reading
from cloud_sync.cases.figures import case_figures, median
from cloud_sync.hub import Hub
from cloud_sync.store.models import Asset, Case
from tests.cloud_sync.fleet_builders import AT, add_device, make_hub
from tests.cloud_sync.hub_builders import add_person, open_hub
from tests.cloud_sync.plans import asked, plan

DEVICE, CLOSED = "press-1", 60
CAUSES = ("outer_race", "imbalance", "", "normal", "Normal", "outer_race")


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        add_device(hub, DEVICE)
        yield hub


def fill(hub: Hub) -> list[Case]:
    """Closed cases, three that nobody has taken on and two that somebody has; some began at the same time."""
    draw = random.Random(7)
    with hub.database.transaction() as session:
        session.add(
            Asset(device=DEVICE, name="pump-1", first_at=AT - timedelta(days=60), last_at=AT)
        )
        session.add_all(made := [a_case(n, draw) for n in range(CLOSED + 5)])
        session.flush()
        session.expunge_all()
    return made


def a_case(n: int, draw: random.Random) -> Case:
    at = AT - timedelta(hours=draw.randrange(1, 40))
    closed = at + timedelta(hours=draw.randrange(900)) if n < CLOSED else None
    return Case(
        id=f"c{draw.randrange(10**9)}", device=DEVICE, asset=f"pump-{n}", level="alarm", worst="alarm",
        opened_at=at, since=at - timedelta(hours=1), last_at=at, raised_at=at, closed_at=closed,
        cause=CAUSES[n % len(CAUSES)] if closed else "", project="pumps",
        acknowledged_at=at if n >= CLOSED + 3 else None,
    )  # fmt: skip


def in_order(cases: list[Case]) -> list[str]:
    """Open ones first, those nobody has taken on before the others, then the newest; equal ones by name."""

    def place(case: Case) -> tuple[bool, bool, datetime]:
        return case.closed_at is None, case.acknowledged_at is None, case.opened_at

    return [case.id for case in sorted(sorted(cases, key=lambda c: c.id), key=place, reverse=True)]


@pytest.mark.parametrize("which", ["", "open", "closed"])
@pytest.mark.parametrize("size", [2, 5, 7, 64, 65, 100])
def test_pages_of_a_list_are_the_list(hub: Hub, which: reading.Which, size: int) -> None:
    made = fill(hub)
    wanted = [case for case in made if not which or (case.closed_at is None) == (which == "open")]
    found: list[str] = []
    with hub.database.session() as session:
        ask = reading.Asked(which)
        assert reading.count(session, ask) == len(wanted)
        while page := reading.listed(session, ask, len(found), size):
            found += [case.id for case in page]
    assert found == in_order(wanted)


def test_of_closed_cases_the_list_sorts_none(tmp_path: Path) -> None:
    """By the database's own plan, so it holds for a hundred thousand as well."""
    with make_hub(tmp_path) as hub:
        add_device(hub, DEVICE)
        fill(hub)
        for skipped in (0, 3, 50):
            with hub.database.session() as session, asked(hub, "asset_case") as said:
                assert len(reading.listed(session, reading.Asked(), skipped, 10)) == 10
            closed = [one for one in said if "closed_at IS NOT NULL" in one[0]]
            ways = plan(hub, closed)
            assert "USING INDEX ix_asset_case_opened" in ways
            assert "TEMP B-TREE FOR ORDER BY" not in ways


def test_figures_are_counted_and_ordered_by_the_database(hub: Hub) -> None:
    made = fill(hub)
    loaded: list[object] = []
    with hub.database.session() as session, asked(hub, "asset_case") as said:
        listen(session, "loaded_as_persistent", lambda _session, row: loaded.append(row))
        found = case_figures(session, now=AT, project="pumps")
    assert not loaded, "all closed cases of half a year were read for a few figures"
    true = [c for c in made if c.closed_at and c.cause not in ("", "normal", "Normal")]
    assert found.lead_h == median([(c.closed_at - c.since) / timedelta(hours=1) for c in true if c.closed_at])  # fmt: skip
    assert (found.cases, found.true, found.false) == (CLOSED + 5, len(true), 20)
    assert (found.unknown, found.standing, found.machines) == (10, 5, 1)
    if hub.database.engine.dialect.name == "sqlite":
        counted = plan(hub, [one for one in said if "count(" in one[0] or "row_number" in one[0]])
        assert counted.count("COVERING INDEX ix_asset_case_opened") == 2


def test_the_page_and_the_api_go_through_the_list(tmp_path: Path) -> None:
    with open_hub(tmp_path) as (client, hub):
        made = fill(hub)
        head = add_person(hub, "vera", "viewer")
        names: list[str] = []
        page: int | None = 1
        while page is not None:
            answer = client.get(f"/v1/cases?limit=30&page={page}", headers=head).json()
            names += [case["id"] for case in answer["cases"]]
            page = answer["next"]
        assert names == in_order(made)
