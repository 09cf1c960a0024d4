"""What alarms were worth, in figures with exact intervals; and cases over the API and the command line."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud_sync.cases.figures import MONTH, case_figures, median, poisson_rate
from cloud_sync.cli import make_app
from cloud_sync.config import dump
from cloud_sync.hub import Hub
from cloud_sync.store.models import Asset, Case
from tests.cloud_sync.cases.case_builders import (
    ASSET,
    CASE,
    PROJECT,
    hours,
    know_project,
    step,
    take,
    window_row,
)
from tests.cloud_sync.fleet_builders import AT, add_device, make_hub
from tests.cloud_sync.hub_builders import add_person, open_hub


@pytest.mark.parametrize(
    ("count", "low", "high"),
    # Garwood (1936) as in published tables of exact Poisson limits
    [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (5, 1.6235, 11.6683), (20, 12.2165, 30.8884), (100, 81.3637, 121.6270)],
)  # fmt: skip
def test_poisson_intervals_are_those_of_the_tables(count: int, low: float, high: float) -> None:
    rate = poisson_rate(count, 1.0)
    assert (rate.low, rate.high) == (pytest.approx(low, abs=1e-3), pytest.approx(high, abs=1e-3))
    tenfold = poisson_rate(count, 10.0)
    assert tenfold.high == pytest.approx(rate.high / 10)


def test_the_median_has_the_interval_of_order_statistics() -> None:
    found = median([float(n) for n in range(1, 21)])
    assert (found.value, found.low, found.high) == (10.5, 6.0, 15.0)  # Conover, n = 20
    few = median([3.0, 1.0, 2.0])
    assert (few.value, few.low, few.high) == (2.0, 1.0, 3.0)


def closed_case(
    name: str, cause: str, *, days_ago: float, lead_h: float = 10.0, **more: object
) -> Case:
    since = AT - timedelta(days=days_ago)
    is_open = more.pop("open", False)
    return Case(
        id=name, device="press-1", asset=name, level="normal", worst="alarm", opened_at=since,
        since=since, last_at=since, raised_at=since, cause=cause, project=PROJECT,
        closed_at=None if is_open else since + timedelta(hours=lead_h), **more,
    )  # fmt: skip


def watched(name: str, first: datetime, last: datetime) -> Asset:
    return Asset(device="press-1", name=name, first_at=first, last_at=last)


def test_false_alarms_are_counted_over_the_time_machines_were_watched(tmp_path: Path) -> None:
    with make_hub(tmp_path) as hub:
        add_device(hub)
        with hub.database.transaction() as session:
            session.add_all(
                [
                    watched("a", AT - 10 * MONTH, AT), watched("b", AT - MONTH, AT),
                    watched("long gone", AT - 20 * MONTH, AT - 12 * MONTH),
                    closed_case("a", "normal", days_ago=5), closed_case("b", "outer_race", days_ago=9),
                    closed_case("c", "imbalance", days_ago=20, lead_h=30), closed_case("d", "", days_ago=3),
                    closed_case("e", "normal", days_ago=3, open=True),
                    closed_case("f", "normal", days_ago=300),
                ]
            )  # fmt: skip
            only_warned = closed_case("g", "normal", days_ago=4)
            only_warned.worst = "warn"
            session.add(only_warned)
        with hub.database.session() as session:
            found = case_figures(session, now=AT, days=180)
            every = case_figures(session, now=AT, days=180, level="warn")
            other = case_figures(session, now=AT, days=180, project="other")
    assert (found.cases, found.false, found.true, found.unknown, found.standing) == (5, 1, 2, 1, 1)
    assert (found.machines, found.machine_months) == (2, pytest.approx(7.0))  # 6 of `a`, 1 of `b`
    assert found.false_alarms is not None and found.lead_h is not None
    assert found.false_alarms.value == pytest.approx(1 / 7)
    assert (found.precision.value, found.precision.n) == (pytest.approx(2 / 3), 3)
    assert (found.lead_h.value, found.lead_h.low, found.lead_h.high) == (20.0, 10.0, 30.0)
    assert every.false == 2
    assert (other.cases, other.false_alarms) == (0, None)


def test_a_case_goes_its_way_over_the_api(tmp_path: Path) -> None:
    with open_hub(tmp_path) as (client, hub):
        know_project(hub)
        viewer, reviewer = add_person(hub, "vera", "viewer"), add_person(hub, "rae", "reviewer")
        take(hub, window_row(11, "w1", 1))
        take(hub, step(1, "opened", 1))
        [listed] = client.get("/v1/cases?state=open", headers=viewer).json()["cases"]
        assert (listed["id"], listed["state"], listed["asset"]) == (CASE, "open", ASSET)
        taken = client.post(f"/v1/cases/{CASE}/acknowledge", json={}, headers=reviewer)
        assert taken.json()["acknowledged_by"] == "rae"
        past = client.get(f"/v1/cases/{CASE}/history", headers=viewer).json()
        assert (past["score"], past["marks"]["opened"]) == ([4.2], hours(1).timestamp())
        body = {"cause": "outer_race", "note": "spalled", "at": hours(30).isoformat()}
        done = client.post(f"/v1/cases/{CASE}/close", json=body, headers=reviewer).json()
        assert (done["labelled"], done["state"], done["closed_at"]) == (
            1,
            "closed",
            hours(30).isoformat(),
        )
        shown = client.get(f"/v1/cases/{CASE}", headers=viewer).json()
        assert [one["transition"] for one in shown["steps"]] == ["opened", "closed", "acknowledged"]
        assert shown["samples"] == ["w1"]
        said = client.get("/v1/samples/w1", headers=viewer).json()["annotations"]
        assert [(a["source"], a["author"], a["body"]["note"]) for a in said] == [
            ("outcome", "rae", "spalled")
        ]
        report = client.get("/v1/cases/report?days=3660", headers=viewer).json()
        assert (report["true"], report["metrics"]["precision"]["value"]) == (1, 1.0)
        wrong = (
            ("cause", "x" * 65),
            ("cause", "a\u0000b"),
            ("at", "2020-01-01T00:00:00"),
            ("other", 1),
        )
        for key, value in wrong:
            answer = client.post(f"/v1/cases/{CASE}/close", json={key: value}, headers=reviewer)
            assert answer.status_code == 422, (key, answer.text)
        assert client.get("/v1/cases/none", headers=viewer).status_code == 404


PROBE = "<script>alert(1)</script>{{ 7 * 7 }}"


def test_words_of_devices_are_only_words_on_the_pages(tmp_path: Path) -> None:
    with open_hub(tmp_path) as (client, hub):
        headers = add_person(hub, "rae", "reviewer")
        probes = {"asset": PROBE, "label": PROBE, "reason": PROBE, "note": PROBE, "who": PROBE}
        take(hub, step(1, "opened", 1, **probes))
        for path in ("/cases", f"/cases/{CASE}"):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 200
            assert "<script>alert" not in answer.text and "49" not in answer.text.split("<main")[1]
            assert "&lt;script&gt;" in answer.text
        assert client.get("/cases/none", headers=headers).status_code == 404


def test_the_verbs_list_close_and_report(tmp_path: Path) -> None:
    with make_hub(tmp_path) as hub:
        add_device(hub)
        (tmp_path / "hub.yaml").write_text(dump(hub.config))
        take(hub, window_row(11, "w1", 1))
        take(hub, step(1, "opened", 1))
        assert [row["id"] for row in said(hub, "case", "list")] == [CASE]
        assert said(hub, "case", "acknowledge", CASE)["state"] == "acknowledged"
        done = said(hub, "case", "close", CASE, "--cause", "normal", "--note", "nothing found")
        assert (done["labelled"], done["cause"]) == (1, "normal")
        report = said(hub, "case", "report", "--days", "3660")
        assert (report["false"], report["metrics"]["precision"]["value"]) == (1, 0.0)
        text = CliRunner().invoke(
            make_app(), ["case", "report", "--days", "3660", "--data", str(tmp_path)]
        )
        assert text.stdout.startswith("1 cases: 0 true, 1 false")
        assert CliRunner().invoke(make_app(), ["case", "list", "--state", "odd"]).exit_code != 0


def said(hub: Hub, *words: str) -> dict[str, object]:
    done = CliRunner().invoke(make_app(), [*words, "--data", str(hub.config.data_dir), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_rate_of_thousands_of_alarms_does_not_take_a_sum_over_all_of_them_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terms, really = [0], math.lgamma

    def counted(value: float) -> float:
        terms[0] += 1
        return really(value)

    monkeypatch.setattr(math, "lgamma", counted)
    rate = poisson_rate(10_000, 1_000.0)
    assert terms[0] < 300_000
    # Garwood's bounds are near those of a normal distribution there: 10,000 ± 1.96 √10,000
    assert rate.low == pytest.approx(9.805, abs=0.002) and rate.high == pytest.approx(
        10.198, abs=0.002
    )
