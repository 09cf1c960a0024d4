"""Nothing is lost and nothing comes twice, whoever is killed: real hub, real broker, real agent."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.edge_agent.parts import bundle_id_of, make_bundle
from tests.integration.site import Site, assert_arrived_once
from tests.waiting import wait_for


def on_both(often: str) -> pytest.MarkDecorator:
    """Runs with each kind of broker; with the other one than `often` only among the slow tests."""
    kinds = [
        pytest.param(kind, marks=[] if kind == often else pytest.mark.slow)
        for kind in ("mosquitto", "embedded")
    ]
    return pytest.mark.parametrize("any_site", kinds, indirect=True)


@on_both("embedded")  # with mosquitto: `test_trust.py` rolls out, the kill below sends all
def test_decisions_pictures_and_rejects_of_a_rolled_out_bundle(
    any_site: Site, tmp_path: Path
) -> None:
    line = any_site.add_line("once", tmp_path, parts=60)
    rollout = any_site.roll_out(make_bundle(1), line)
    summary = line.run()
    assert summary["bundle"] == bundle_id_of(make_bundle(1))
    assert summary["verdicts"] == {"pass": 20, "review": 20, "act": 20}
    assert_arrived_once(line, summary)
    assert any_site.deployment(rollout)["state"] == "committed"
    rejected = {row["id"] for row in any_site.samples(line) if row["verdict"] == "act"}
    assert len(line.rejects()) == 20
    assert {row["sample_id"] for row in line.rejects()} == rejected


@on_both("mosquitto")  # an embedded broker dies with its hub: `test_kills.py` in tests/failure
def test_a_hub_that_is_killed_and_comes_back(any_site: Site, tmp_path: Path) -> None:
    (tmp_path / "b.kwb").write_bytes(make_bundle(1))
    line = any_site.add_line("outage", tmp_path, parts=480, rate_hz=60, bundle="b.kwb")
    line.start("--until-empty")
    wait_for(lambda: len(any_site.samples(line)) >= 20)
    any_site.kill()
    away_from = line.figure_now("captured")
    wait_for(lambda: line.figure("captured") >= away_from + 30)
    wait_for(lambda: line.figure("outbox_rows") >= 30)
    assert away_from < 480
    any_site.serve()
    summary = line.finish()
    assert summary["verdicts"] == {"pass": 160, "review": 160, "act": 160}
    assert_arrived_once(line, summary)
    assert len(line.rejects()) == 160


def test_an_agent_that_is_killed_loses_nothing_it_had_committed(site: Site, tmp_path: Path) -> None:
    (tmp_path / "b.kwb").write_bytes(make_bundle(1))
    line = site.add_line("crash", tmp_path, parts=300, rate_hz=100, bundle="b.kwb")
    line.start()
    wait_for(lambda: len(site.samples(line)) >= 30)
    line.kill()
    with closing(sqlite3.connect(tmp_path / "state" / "outbox.sqlite")) as db:
        query = "SELECT value FROM meta WHERE key = 'next_seq'"
        committed = int(db.execute(query).fetchone()[0]) - 1
    assert committed > 30
    line.set(bundle="b.kwb")
    line.start("--until-empty", "--max-samples", "5")
    assert line.finish()["synced"] is True
    seqs = site.seqs(line)
    assert seqs == list(range(1, len(seqs) + 1))
    assert len(seqs) >= committed + 5
    rows = site.samples(line)
    assert len({row["id"] for row in rows}) == len(rows)
    assert all(row["has_blob"] for row in rows if row["kept_for"])


def test_a_picture_that_cannot_be_read_is_counted_shown_and_told(
    site: Site, tmp_path: Path
) -> None:
    (tmp_path / "b.kwb").write_bytes(make_bundle(1))
    line = site.add_line("dirty", tmp_path, parts=30, rate_hz=20, bundle="b.kwb")
    (line.pictures / "0010.png").write_bytes(b"no picture at all")
    whole = (line.pictures / "0020.png").read_bytes()
    (line.pictures / "0020.png").write_bytes(whole[:60])  # begins like one
    site.stop()  # so that it waits at its end, and can be asked
    line.start("--until-empty", "--sync-timeout", "120")
    wait_for(lambda: line.figure("captured") >= 22)
    status = line.status()
    assert line.figure_now("corrupt") == 2
    assert isinstance(status["alerts"], dict)
    assert "0010.png" in str(status["alerts"]["corrupt-sample"])
    site.serve()
    summary = line.finish()
    assert summary["samples"] == 29
    assert "0010.png" in site.alerts_of(line)["corrupt-sample"]
    by_source = {str(row["source"]): row for row in site.samples(line)}
    cut = by_source["folder/0020.png"]
    assert (cut["verdict"], cut["reason"]) == ("review", "safe side: the sample cannot be read")
