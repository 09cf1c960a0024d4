"""The `cloud-sync` command as a person uses it: real processes where a server is needed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest

from cloud_sync.cli import make_app
from cloud_sync.commands.options import opened
from cloud_sync.config import dump
from cloud_sync.errors import NotFoundError
from cloud_sync.fleet.devices import add_device
from cloud_sync.web.accounts import issue_token
from kits.core.addresses import free_port
from kits.core.errors import (
    ConfigError,
    KitwrightError,
    MachineError,
    UsageError,
)
from tests.cloud_sync.fleet_builders import approved_bundle, make_hub
from tests.forked_programs import ForkedProgram, Running
from tests.waiting import wait_for

MAIN = "from cloud_sync.cli import main; main()"


def run(*words: object) -> None:
    make_app()([str(word) for word in words], standalone_mode=False)


def answer(capsys: pytest.CaptureFixture[str], *words: object) -> object:
    capsys.readouterr()
    run(*words, "--json")
    return json.loads(capsys.readouterr().out)


def own_ports() -> tuple[object, ...]:
    """Options of `init`: by itself it takes 1883 while nobody listens there, and so do tests beside this one."""
    return "--port", free_port(), "--broker-port", free_port()


@pytest.fixture
def data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "hub"
    made = answer(capsys, "init", "--data", folder, *own_ports())
    assert isinstance(made, dict)
    assert len(made["password"]) >= 12
    return folder


def test_init_makes_a_private_hub_once(data: Path) -> None:
    assert data.stat().st_mode & 0o077 == 0
    assert (data / "keys" / "hub.pem").stat().st_mode & 0o077 == 0
    with pytest.raises(KitwrightError, match="already") as caught:
        run("init", "--data", data)
    assert caught.value.fix == f"cloud-sync serve --data {data}"


def test_init_leaves_a_folder_alone_that_holds_something_else(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir(mode=0o755)
    (folder / "holiday.jpg").write_bytes(b"beach")
    with pytest.raises(KitwrightError, match="empty folder only"):
        run("init", "--data", folder)
    assert [path.name for path in folder.iterdir()] == ["holiday.jpg"]
    assert folder.stat().st_mode & 0o777 == 0o755


def test_init_that_failed_is_tried_again_in_the_same_folder(tmp_path: Path) -> None:
    data = tmp_path / "hub"
    with pytest.raises(KitwrightError):
        run("init", "--data", data, "--password", "short")
    run("init", "--data", data, "--password", "four random words")


def test_verbs_without_a_hub_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        run("device", "list", "--data", tmp_path)
    assert "cloud-sync init" in caught.value.fix


def test_people_tokens_and_devices(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer(capsys, "user", "add", "vera", "--role", "viewer", "--data", data)
    people = answer(capsys, "user", "list", "--data", data)
    assert {person["login"]: person["role"] for person in people} == {
        "admin": "admin", "vera": "viewer",
    }  # fmt: skip
    made = answer(capsys, "token", "add", "publish", "--data", data)
    assert made["token"].startswith("kwt_")
    added = answer(capsys, "device", "add", "press-1", "--site", "north", "--data", data)
    assert len(added["token"]) >= 22
    listed = answer(capsys, "device", "list", "--data", data)
    assert [(row["name"], row["enrolled"]) for row in listed] == [("press-1", False)]
    answer(capsys, "device", "revoke", "press-1", "--data", data)
    run("device", "list", "--data", data)
    assert capsys.readouterr().out.startswith("none")


def test_a_database_that_knows_nobody_says_how_to_add_the_first_admin(
    tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a new PostgreSQL database does: the admin of `init` is in the one before."""
    data = tmp_path / "hub"
    with make_hub(data, database_url=database_url) as hub:
        (data / "hub.yaml").write_text(dump(hub.config))
    with pytest.raises(NotFoundError) as caught:
        run("token", "add", "publish", "--data", data)
    assert caught.value.fix == "cloud-sync user add LOGIN --role admin"
    answer(capsys, "user", "add", "admin", "--role", "admin", "--data", data)
    assert answer(capsys, "token", "add", "publish", "--data", data)["token"]


def test_a_token_is_revoked_with_what_it_made(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(capsys, "user", "add", "vera", "--role", "admin", "--data", data)
    for name in ("lost", "kept"):
        answer(capsys, "token", "add", name, "--login", "vera", "--data", data)
    for name, parent in (("by lost", 1), ("by kept", 2)):
        issue_with(data, name, parent)
    listed = answer(capsys, "token", "list", "--data", data)
    assert [t["made_with"] for t in listed] == [None, None, 1, 2]
    run("token", "list", "--data", data)
    assert "vera, with token 2" in capsys.readouterr().out
    run("token", "revoke", 1, "--data", data)
    told = capsys.readouterr().out
    assert "revoked token 1" in told and "by lost (token 3 of admin)" in told
    run("token", "revoke", 2, "--keep-made", "--data", data)
    assert "still good, made with token 2: by kept (token 4 of admin)" in capsys.readouterr().out
    assert [t["id"] for t in answer(capsys, "token", "list", "--data", data)] == [4]
    with opened(data) as hub, hub.database.transaction() as session:
        add_device(session, "press-9", site="main", who="vera")
    run("user", "disable", "vera", "--data", data)
    told = capsys.readouterr().out
    assert "made for others by vera: by kept" in told and "prepared by vera: press-9" in told
    assert answer(capsys, "token", "list", "--data", data) == []


def issue_with(data: Path, name: str, token: int) -> None:
    """As somebody does who holds that token."""
    with opened(data) as hub, hub.database.transaction() as session:
        issue_token(session, "admin", name, "viewer", by="vera", made_with=token)


def test_a_hub_for_other_machines_prints_the_whole_line_for_the_device(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "hub"
    made = answer(
        capsys, "init", "--data", data, "--host", "0.0.0.0", "--public-url", "https://hub.example:8080",
    )  # fmt: skip
    added = answer(capsys, "device", "add", "press-1", "--data", data)
    assert added["ca_fingerprint"] == made["ca_fingerprint"]
    assert added["command"] == (
        f"edge-agent enroll --hub https://hub.example:8080 --token {added['token']}"
        f" --ca-fingerprint {made['ca_fingerprint']}"
    )
    run("device", "list", "--data", data)
    shown = capsys.readouterr()
    assert "awaited until" in shown.out
    assert made["ca_fingerprint"] in shown.out + shown.err


def test_rollouts_from_start_to_abort(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.cloud_sync.fleet_builders import add_device

    (tmp_path / "hub.yaml").write_text("broker: {port: 0}\n")
    with make_hub(tmp_path) as hub:
        bundle = approved_bundle(hub)
        add_device(hub)
    at = ("--data", tmp_path)
    listed = answer(capsys, "bundle", "list", *at)
    assert [row["id"] for row in listed] == [bundle]
    tried = answer(capsys, "rollout", "start", bundle[:12], "--device", "press-1", "--dry-run", *at)
    assert tried["dry_run"] is True
    assert [row["device"] for row in tried["deployments"]] == ["press-1"]
    started = answer(capsys, "rollout", "start", bundle[:12], "--device", "press-1", *at)
    assert (started["id"], started["release"]) == (1, 1)
    with pytest.raises(UsageError, match="more than 0 minutes"):
        run("rollout", "start", bundle[:12], "--device", "press-1", "--deadline-min", "-5", *at)
    assert answer(capsys, "rollout", "pause", "1", *at)["state"] == "paused"
    assert answer(capsys, "rollout", "resume", "1", *at)["state"] == "running"
    assert answer(capsys, "rollout", "abort", "1", *at)["state"] == "aborted"
    shown = answer(capsys, "rollout", "status", "1", *at)
    assert shown["deployments"][0]["state"] == "failed"
    run("rollout", "status", "1", *at)
    columns, device = capsys.readouterr().out.splitlines()[1:]
    assert columns.split() == ["wave", "device", "state", "since", "reason"]
    assert "not begun: aborted by cli:" in device
    answer(capsys, "device", "revoke", "press-1", *at)
    assert answer(capsys, "device", "list", *at)[0]["revoked"] is True


def test_backup_and_restore(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from cloud_sync.config import load
    from cloud_sync.hub import Hub

    hub = Hub.open(load(data))
    bundle = approved_bundle(hub)
    hub.close()
    target = tmp_path / "backup.tar"
    assert answer(capsys, "backup", target, "--data", data)["blobs"] == 1
    assert target.stat().st_mode & 0o077 == 0
    fresh = tmp_path / "fresh"
    assert answer(capsys, "restore", target, "--data", fresh)["blobs"] == 1
    assert [row["id"] for row in answer(capsys, "bundle", "list", "--data", fresh)] == [bundle]
    with pytest.raises(KitwrightError, match="empty folder"):
        run("restore", target, "--data", fresh)
    with pytest.raises(KitwrightError, match="exists"):
        run("backup", target, "--data", data)
    (tmp_path / "junk").write_text("no tar")
    with pytest.raises(KitwrightError, match="not a backup"):
        run("restore", tmp_path / "junk", "--data", tmp_path / "other")


@pytest.mark.parametrize(("age_days", "words"), [(3400, "new authority"), (100, "renews the list")])
def test_doctor_sees_what_nears_its_end_in_the_authority(
    tmp_path: Path, age_days: int, words: str
) -> None:
    from cloud_sync import setup
    from cloud_sync.fleet.pki import Authority
    from kits.core.sample import utc_now

    then = utc_now() - timedelta(days=age_days)
    setup.init(tmp_path / "hub", "ada", "four random words", {"broker": {"tls": True}})
    shutil.rmtree(tmp_path / "hub" / "pki")
    Authority(tmp_path / "hub" / "pki", clock=lambda: then)
    found = {finding.check: finding for finding in setup.doctor(tmp_path / "hub")}
    assert not found["certificate authority"].ok
    assert words in found["certificate authority"].fix


def test_doctor_and_config_say_what_is_there(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, "doctor", "--data", data)
    assert found["ok"]
    assert all(check["ok"] for check in found["checks"])
    assert answer(capsys, "config", "show", "--data", data)["broker"]["kind"] == "auto"
    run("config", "show", "--data", data)
    assert "# address to listen on" in capsys.readouterr().out
    assert answer(capsys, "sample", "export", data.parent / "out", "--data", data)["samples"] == 0
    assert answer(capsys, "review", "list", "--data", data)["waiting"] == 0


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (("ledger", "--device", "zz"), "cloud-sync device list"),
        (("sample", "export", "out", "--device", "zz"), "cloud-sync device list"),
        (("sample", "export", "out", "--project", "zz"), "nothing is known here"),
        (("sample", "export", "out", "--verdict", "foo"), "known: act, pass, review"),
    ],
)
def test_a_filter_with_a_typing_error_is_not_answered_with_nothing(
    data: Path, words: tuple[str, ...], fix: str
) -> None:
    out = data.parent / "out"
    with pytest.raises(NotFoundError) as caught:
        run(*(out if word == "out" else word for word in words), "--data", data)
    assert caught.value.where in words
    assert caught.value.fix == fix
    assert not out.exists()


def test_serve_answers_and_ends_with_everything_it_started(data: Path) -> None:
    from cloud_sync.config import load

    config = load(data)
    said = data.parent / "said"
    with said.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN, "serve", "--data", data],
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        until_up(process, config.url, said)
        broker = int((data / "broker" / "mosquitto.pid").read_text())
        os.kill(broker, 0)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    assert "Traceback" not in said.read_text()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{broker}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{broker}").exists()


def test_a_broker_that_got_the_same_signal_is_not_started_again(tmp_path: Path) -> None:
    from cloud_sync.config import load

    data = tmp_path / "hub"
    run("init", "--data", data, *own_ports(), "--broker", "embedded")
    config = load(data)
    said = tmp_path / "said"
    process = forked_hub(said, "serve", "--data", data)
    try:
        until_up(process, config.url, said)
        with socket.create_connection(("127.0.0.1", config.listen.port)) as slow:
            # a request that does not end: the hub waits for it a few seconds
            slow.sendall(b"POST /login HTTP/1.1\r\nHost: hub\r\nContent-Length: 9\r\n\r\n")
            time.sleep(0.2)
            os.killpg(process.pid, signal.SIGTERM)
            assert process.wait(60) == 0
    finally:
        process.kill()
    assert "broker_died" not in said.read_text()


@pytest.mark.parametrize("key", ["broker.port", "listen.port"])
def test_serve_says_in_a_few_lines_which_port_is_taken(data: Path, key: str) -> None:
    from cloud_sync.config import load

    config = load(data)
    port = {"broker.port": config.broker.port, "listen.port": config.listen.port}[key]
    with socket.create_server(("127.0.0.1", port)):
        out, errors = data.parent / "out", data.parent / "errors"
        process = forked_hub(errors, "serve", "--data", data, out=out)
        assert process.wait(120) == MachineError.exit_code
    said = errors.read_text()
    assert out.read_text() == ""
    told = said[said.index("error: ") :]
    assert "something else listens" in told
    assert key in told
    assert "Traceback" not in said
    assert len(told.splitlines()) <= 4


def test_a_worker_takes_jobs_the_server_left(data: Path) -> None:
    from cloud_sync.config import load
    from cloud_sync.hub import Hub
    from cloud_sync.learning.jobs import enqueue
    from cloud_sync.store.models import Job

    hub = Hub.open(load(data))
    with hub.database.transaction() as session:
        number = enqueue(session, "retrain", {"project": "ghost"}, by="test").id
    said = data.parent / "said"
    process = forked_hub(said, "worker", "--no-ingest", "--data", data)

    def job() -> Job:
        with hub.database.session() as session:
            return session.get_one(Job, number)

    try:
        wait_for(lambda: job().state == "failed")
    finally:
        process.terminate()
        assert process.wait(60) == 0
    output = said.read_text()
    assert "working: 1 jobs" in output.splitlines(), "the log may come before it"
    assert "Traceback" not in output
    assert "ghost" in job().error
    hub.close()


def test_a_worker_with_nothing_to_do_says_so(data: Path) -> None:
    with pytest.raises(UsageError, match="nothing to do"):
        run("worker", "--no-ingest", "--no-jobs", "--data", data)


def forked_hub(said: Path, *words: object, out: Path | None = None) -> ForkedProgram:
    """The command, without loading it anew; a file gets what it says, or only its errors."""
    return ForkedProgram(("cloud-sync", *map(str, words)), os.environ, out or said, said)


def until_up(process: Running, url: str, said: Path) -> None:
    wait_for(lambda: process.poll() is not None or is_up(url))
    assert process.poll() is None, said.read_text()


def is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=1) as answered:
            return answered.status == 200
    except OSError:
        return False


def test_help_is_quick() -> None:
    code = (
        "import sys, cloud_sync.cli as c; c.make_app(); "
        "print([m for m in ('fastapi', 'sqlalchemy', 'cv2', 'obstore') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
