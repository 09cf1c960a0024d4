"""`cloud-sync status`: whether the hub that runs on this machine answers, and what waits in its tables."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from cloud_sync.asking import ask
from cloud_sync.cli import make_app
from cloud_sync.commands import status
from cloud_sync.config import load
from cloud_sync.hub import Hub
from cloud_sync.standing import MOST_NAMED, look
from cloud_sync.store.models import Alert, Device, Effect, EffectTarget, Job, Quarantine, Rollout
from kits.core.addresses import free_port
from kits.core.errors import ConfigError, UnreachableError
from kits.core.sample import utc_now
from tests.cloud_sync.fleet_builders import add_device, approved_bundle
from tests.forked_programs import ForkedProgram
from tests.waiting import wait_for


def said(data: Path, *words: str) -> Result:
    return CliRunner().invoke(make_app(), ["status", *words, "--data", str(data)])


def lines_of(hub: Hub) -> Sequence[str]:
    with hub.database.session() as session:
        return status._lines(look(session, utc_now()))


def test_the_running_hub_is_asked_by_the_certificate_of_its_own_authority(tmp_path: Path) -> None:
    data, log = tmp_path / "hub", tmp_path / "log"
    ports = ("--port", str(free_port()), "--broker-port", str(free_port()))
    made = ("init", "--data", str(data), *ports, "--tls", "on", "--broker", "mosquitto")
    assert CliRunner().invoke(make_app(), [*made]).exit_code == 0
    with pytest.raises(UnreachableError) as caught:
        ask(load(data))
    assert caught.value.exit_code == 5
    assert f"cloud-sync serve --data {data}" in caught.value.fix
    process = ForkedProgram(
        ("cloud-sync", "serve", "--no-jobs", "--data", str(data)), os.environ, log, log
    )
    try:
        wait_for(lambda: process.poll() is not None or said(data, "--brief").exit_code == 0)
        assert process.poll() is None, log.read_text()
        whole = said(data)
        assert whole.exit_code == 0 and "database and broker answer" in whole.stdout
        assert "none enrolled: cloud-sync device add NAME" in whole.stdout
        looked = CliRunner().invoke(make_app(), ["doctor", "--data", str(data)])
        assert f"next: cloud-sync status --data {data}" in looked.stdout, "it runs already"
        broker = int((data / "broker" / "mosquitto.pid").read_text())
        os.kill(broker, signal.SIGSTOP)
        try:
            wait_for(lambda: said(data, "--brief").exit_code == 1)
            ill = said(data, "--json")
        finally:
            os.kill(broker, signal.SIGCONT)
        assert ill.exit_code == 1
        assert json.loads(ill.stdout)["ailment"] == "the broker does not answer"
    finally:
        process.terminate()
        process.wait(60)


def test_all_that_waits_is_told_and_what_never_was_is_not(hub: Hub) -> None:
    assert [line.split()[0] for line in lines_of(hub)] == ["devices", "review", "alerts"]
    for name in ("press-1", "press-2", "press-3"):
        add_device(hub, name)
    bundle = approved_bundle(hub)
    now = utc_now()
    with hub.database.transaction() as session:
        session.get_one(Device, "press-1").online = True
        session.get_one(Device, "press-2").last_seen_at = now
        session.get_one(Device, "press-3").revoked_at = now
        for number in range(MOST_NAMED + 2):
            session.add(Alert(name="disk-low", severity="warning", text=f"room\x1b[2J {number}", device="press-1", at=now + timedelta(seconds=number)))  # fmt: skip
        session.add(Alert(name="old", severity="error", text="seen", seen_at=now, seen_by="ada"))
        session.add(Quarantine(digest="d", device="press-1", topic="t", reason="r", payload=b"", size=0))  # fmt: skip
        session.add(Effect(key="k", target="webhook", kind="alert.raised", body={}, state="dead"))
        session.add(
            EffectTarget(
                name="webhook", failures=3, error="HTTP 500", open_until=now + timedelta(hours=1)
            )
        )
        session.add_all([Job(kind="retrain", state="running"), Job(kind="retrain", state="done")])
        session.flush()
        for state in ("running", "paused", "done"):
            session.add(Rollout(bundle=bundle, device="press-1", release=1, target="t", state=state, deadline_at=now))  # fmt: skip
    told = "\n".join(lines_of(hub))
    assert "devices  1 of 2 connected; away: press-2 (last seen 20" in told
    assert "1 message could not be read: cloud-sync quarantine list" in told
    assert f"alerts   {MOST_NAMED + 2} nobody has acknowledged, the newest" in told
    assert told.count("disk-low (press-1)") == MOST_NAMED
    assert f"[2J {MOST_NAMED + 1}" in told and "[2J 0" not in told and "\x1b" not in told
    assert "webhook: 0 wait, 1 given up (cloud-sync effect replay --target webhook); left" in told
    assert "jobs     1 under way" in told
    assert "rollouts 1 running\n           2 paused: cloud-sync rollout list" in told
    with hub.database.session() as session:
        later = status._lines(look(session, now + timedelta(hours=2)))
        found = status._as_json(look(session, now))
    assert "left alone" not in "\n".join(later), "it is asked again"
    assert json.loads(json.dumps(found))["paused"] == [2]
    assert found["away"] == [{"name": "press-2", "last_seen_at": now.isoformat()}]


def test_tables_of_another_version_are_told_and_left_alone(
    initialised: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with initialised.database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0029'"))
    monkeypatch.setattr("cloud_sync.asking.ask", lambda _: "")
    refused = said(initialised.config.data_dir)
    assert isinstance(refused.exception, ConfigError)
    assert refused.exception.what.startswith("schema 0029, this Kitwright has")
    with initialised.database.engine.connect() as connection:
        assert (
            connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "0029"
        )


def test_what_is_asked_every_half_minute_loads_no_tables() -> None:
    code = (
        "import sys\nfrom cloud_sync.asking import ask\n"
        "print([one for one in ('sqlalchemy', 'fastapi', 'numpy') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
