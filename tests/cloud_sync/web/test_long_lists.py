"""Lists that grow for years: every row can be reached, a page says of how many it is, and reads no more than it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, insert, select
from typer.testing import CliRunner

from cloud_sync.app import create_app
from cloud_sync.cli import make_app
from cloud_sync.config import load
from cloud_sync.fleet import listing, waves
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert, Bundle, Case, Dataset, Effect, Job, Quarantine, Rollout
from cloud_sync.store.types import Base
from cloud_sync.web.pages import cases, fleet, intake, learning, releases
from kits.core.sample import utc_now
from tests.browser import seed
from tests.cloud_sync.plans import asked

PER_PAGE = 2
LISTS: dict[str, type[Base]] = {
    "/alerts": Alert, "/bundles": Bundle, "/cases": Case, "/datasets": Dataset, "/effects": Effect,
    "/jobs": Job, "/rollouts": Rollout,
}  # fmt: skip
_PLACE = re.compile(r'<span class="muted">([\d,]+) to ([\d,]+) of ([\d,]+)</span>')
_NEXT = re.compile(r'href="([^"]+)">Next page<')


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    made = seed.make_hub(tmp_path_factory.mktemp("hub"), samples=8)
    at = utc_now()
    with made.database.transaction() as session:
        blob = session.scalars(select(Bundle.blob)).first()
        bundle = {"project": seed.PROJECT, "name": "x", "kit": "visual-inspection", "blob": blob,
                  "size": 1, "origin": "publisher"}  # fmt: skip
        session.execute(insert(Bundle), [{**bundle, "id": f"b{n}", "version": n} for n in range(9)])
        session.execute(insert(Job), [{"kind": "retraining"}] * 4)
        versions = [{"id": f"d{n}", "project": seed.PROJECT, "n": 1} for n in range(5)]
        session.execute(insert(Dataset), versions)
        case = {"device": "press-1", "asset": "pump", "level": "alarm", "worst": "alarm",
                "opened_at": at, "since": at, "last_at": at, "raised_at": at, "closed_at": at}  # fmt: skip
        session.execute(insert(Case), [{**case, "id": f"c{n}"} for n in range(7)])
        odd = {
            "device": "press-1",
            "topic": "t",
            "reason": "unreadable",
            "payload": b"x",
            "size": 1,
        }
        session.execute(insert(Quarantine), [{**odd, "digest": f"q{n}"} for n in range(4)])
    yield made
    made.close()


@pytest.fixture
def client(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    for module in (cases, fleet, learning, releases):
        monkeypatch.setattr(module, "SHOWN", PER_PAGE)
    monkeypatch.setattr(intake, "SHOWN_EFFECTS", PER_PAGE)
    made = TestClient(create_app(load(hub.config.data_dir)), follow_redirects=False)
    made.post("/login", data={"login": "viewer", "password": seed.PASSWORD})
    return made


def places(client: TestClient, path: str) -> list[tuple[int, ...]]:
    """What each page says of itself, from the first to the last one."""
    found = []
    while path:
        text = client.get(path).text
        told = _PLACE.search(text)
        assert told is not None, path
        found.append(tuple(int(one.replace(",", "")) for one in told.groups()))
        following = _NEXT.search(text)
        path = unescape(following.group(1)) if following else ""
    return found


@pytest.mark.parametrize("path", LISTS)
def test_every_row_of_a_list_is_on_one_of_its_pages(
    hub: Hub, client: TestClient, path: str
) -> None:
    with hub.database.session() as session:
        total = session.scalar(select(func.count()).select_from(LISTS[path])) or 0
    assert total > PER_PAGE
    wanted = [
        (first, min(first + PER_PAGE - 1, total), total) for first in range(1, total + 1, PER_PAGE)
    ]
    assert places(client, path) == wanted


def test_pages_keep_what_a_list_is_filtered_by(hub: Hub, client: TestClient) -> None:
    with hub.database.session() as session:
        query = select(func.count()).select_from(Case).where(Case.asset == "pump")
        total = session.scalar(query) or 0
    assert {place[2] for place in places(client, "/cases?asset=pump")} == {total}
    assert "asset=pump" in unescape(client.get("/cases?asset=pump&page=2").text)


def test_a_list_that_is_whole_says_nothing_of_pages(client: TestClient) -> None:
    assert _PLACE.search(client.get("/effects?state=waiting").text) is None


def test_behind_the_end_it_is_said_how_many_there_are(client: TestClient) -> None:
    text = client.get("/jobs?page=90").text
    assert "there are only 5" in text and "No jobs yet" not in text
    assert client.get("/jobs?page=0").status_code == 404


def test_a_list_of_rollouts_counts_devices_and_loads_none(hub: Hub, client: TestClient) -> None:
    with hub.database.session() as session:
        held = session.scalars(select(Rollout)).all()
        spread = listing.spread_of(session, [rollout.id for rollout in held])
        for rollout in held:
            devices = rollout.deployments
            done = sum(one.state == "committed" for one in devices)
            sizes = waves.counts(rollout)
            assert spread[rollout.id] == listing.Spread(len(devices), done, sizes)
    app_hub = client.app.state.hub  # type: ignore[attr-defined]  # Starlette's type of it
    with asked(app_hub, "deployment") as said:
        assert client.get("/rollouts").status_code == 200
    assert ["GROUP BY" in statement for statement, _ in said] == [True]


@pytest.mark.parametrize(
    ("family", "table"),
    [("case", Case), ("effect", Effect), ("quarantine", Quarantine), ("rollout", Rollout)],
)
def test_a_list_of_the_command_line_says_that_it_is_cut(
    hub: Hub, family: str, table: type[Base]
) -> None:
    with hub.database.session() as session:
        total = session.scalar(select(func.count()).select_from(table)) or 0

    def listed(*more: str) -> str:
        given = [family, "list", "--data", str(hub.config.data_dir), *more]
        answer = CliRunner().invoke(make_app(), given)
        assert answer.exit_code == 0, answer.output
        return answer.output

    assert f"the first 2 of {total}: --limit shows more" in listed("--limit", "2")
    assert "the first" not in listed("--limit", "100")
    assert "the first" not in listed("--limit", "2", "--json")


@pytest.mark.parametrize(
    ("path", "table"),
    [("alerts", Alert), ("effects", Effect), ("jobs", Job), ("rollouts", Rollout)],
)
def test_every_row_of_a_list_is_on_one_of_the_apis_pages(
    hub: Hub, client: TestClient, path: str, table: type[Base]
) -> None:
    with hub.database.session() as session:
        number = table.__table__.c["id"]
        wanted = session.scalars(select(number).order_by(number.desc())).all()
    found, before = [], ""
    while before is not None:
        answer = client.get(f"/v1/{path}?limit={PER_PAGE}{before}").json()
        assert 0 < len(answer[path]) <= PER_PAGE
        found += [row["id"] for row in answer[path]]
        before = f"&before={answer['next']}" if answer["next"] is not None else None
    assert found == list(wanted)


@pytest.mark.parametrize(("path", "table"), [("cases", Case), ("datasets", Dataset)])
def test_every_row_that_no_number_counts_is_on_one_of_the_apis_pages(
    hub: Hub, client: TestClient, path: str, table: type[Base]
) -> None:
    with hub.database.session() as session:
        wanted = set(session.scalars(select(table.__table__.c["id"])))
    found, page = [], 1
    while page is not None:
        answer = client.get(f"/v1/{path}?limit={PER_PAGE}&page={page}").json()
        assert 0 < len(answer[path]) <= PER_PAGE
        found += [row["id"] for row in answer[path]]
        page = answer["next"]
    assert len(found) == len(wanted) and set(found) == wanted


def test_the_apis_list_of_rollouts_counts_devices_and_loads_none(
    hub: Hub, client: TestClient
) -> None:
    app_hub = client.app.state.hub  # type: ignore[attr-defined]  # Starlette's type of it
    with asked(app_hub, "deployment") as said:
        answer = client.get("/v1/rollouts").json()["rollouts"]
    assert ["GROUP BY" in statement for statement, _ in said] == [True]
    one = client.get(f"/v1/rollouts/{answer[0]['id']}").json()
    shared = one.keys() & answer[0].keys()
    assert {name: one[name] for name in shared} == {name: answer[0][name] for name in shared}
    assert answer[0]["devices"] == len(one["deployments"])
