"""The command `edge-agent`: light, clear, and honest in its exit codes."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from cloud_sync.fleet.pki import Authority
from edge_agent.cli import app
from edge_agent.config import AgentConfig, StatusConfig, load_config
from edge_agent.config_text import describe
from edge_agent.enroll import load_identity
from edge_agent.errors import AgentConfigError
from edge_agent.status import ask, page_address
from edge_agent.update.slots import Slots
from kits import __version__
from kits.core.console import run as run_app
from kits.core.errors import UnreachableError
from kits.core.hub_api import EnrollRequest, EnrollResponse, MqttAccess
from tests.edge_agent.command_site import (
    ROOT,
    Told,
    agent,
    environment,
    forked_agent,
    fresh_agent,
    make_site,
    write_config,
)
from tests.edge_agent.parts import STARTS_S, bundle_id_of, make_bundle
from tests.waiting import wait_for

HEAVY = {"numpy", "cv2", "onnxruntime", "paho", "prometheus_client", "urllib3", "pydantic"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return make_site(tmp_path)


@pytest.fixture
def told(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Told]:
    """As `agent`, in this process: for verbs whose words and files alone count, and not how the program starts and ends."""
    monkeypatch.chdir(site)

    def tell(*arguments: str, code: int = 0) -> Told:
        monkeypatch.setattr(sys, "argv", ["edge-agent", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run_app(app)
        shown = capsys.readouterr()
        assert (ended.value.code or 0) == code, shown.err
        return Told(shown.out, shown.err)

    return tell


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nsys.argv = ['edge-agent', '--help']\nfrom edge_agent.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('MODULES', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = {name.split(".")[0] for name in done.stdout.split("MODULES")[1].split()}
    assert "enroll" in done.stdout
    assert loaded & (HEAVY - {"pydantic"}) == set()


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_plain_text(told: Callable[..., Told], option: str) -> None:
    text = told(option).stdout
    assert text.startswith("Usage: ")
    assert "╭" not in text
    assert "Usage: " in told("config", option).stdout


def test_version_names_the_program(told: Callable[..., Told]) -> None:
    assert told("--version").stdout == f"edge-agent {__version__}\n"


def test_run_answers_first_and_ends_with_the_next_command(site: Path, tiny_kit: Path) -> None:
    lines = fresh_agent(site, tiny_kit, "run").stdout.splitlines()
    assert lines[0].startswith("6 samples: 3 act · 3 pass")
    assert lines[-1].startswith("next: ")
    again = json.loads(agent(site, tiny_kit, "run", "--max-samples", "2", "--json").stdout)
    assert again["samples"] == 2
    assert again["bundle"] == bundle_id_of(make_bundle())
    assert again["waiting_rows"] >= 8


def test_until_empty_without_a_hub_says_so_by_its_exit_code(site: Path, tiny_kit: Path) -> None:
    done = agent(site, tiny_kit, "run", "--until-empty", "--sync-timeout", "1", code=5)
    assert "wait for the hub" in done.stdout


def test_replay_prints_one_decision_per_file(site: Path, tiny_kit: Path) -> None:
    lines = agent(site, tiny_kit, "replay", "pictures").stdout.splitlines()
    verdicts = [json.loads(line)["verdict"] for line in lines]
    assert verdicts == ["pass", "act"] * 3
    assert not (site / "state" / "outbox.sqlite").exists()


def test_apply_checks_golden_samples_and_the_next_run_switches(
    site: Path, tiny_kit: Path, told: Callable[..., Told]
) -> None:
    agent(site, tiny_kit, "run")
    new, wrong = make_bundle(2, act_at=0.79), make_bundle(3, golden_score=0.9)
    (site / "new.kwb").write_bytes(new)
    (site / "wrong.kwb").write_bytes(wrong)
    assert "golden" in told("apply", "wrong.kwb", code=3).stderr
    assert "agree on cpu" in told("apply", "new.kwb").stdout
    source = {"kind": "folder", "path": "pictures", "loop": True, "rate_hz": 50}
    write_config(site, source=source, update={"shadow_samples": 2, "probation_samples": 3})
    done = json.loads(agent(site, tiny_kit, "run", "--max-samples", "150", "--json").stdout)
    assert done["bundle"] == bundle_id_of(new)
    told("rollback")
    done = json.loads(agent(site, tiny_kit, "run", "--max-samples", "30", "--json").stdout)
    assert done["bundle"] == bundle_id_of(make_bundle())


def test_a_denied_bundle_is_applied_only_after_a_person_allowed_it(
    site: Path, tiny_kit: Path, told: Callable[..., Told]
) -> None:
    new = make_bundle(2, act_at=0.79)
    (site / "new.kwb").write_bytes(new)
    agent(site, tiny_kit, "run", "--max-samples", "2", "--json")
    Slots(site / "state").save(denied={bundle_id_of(new): "it crashed"})
    refused = told("apply", "new.kwb", code=2)
    assert "went back here: it crashed" in refused.stderr
    assert "edge-agent allow" in refused.stderr
    assert "no such bundle is denied" in told("allow", "0" * 12, code=2).stderr
    assert "it crashed" in told("allow", bundle_id_of(new)[:12]).stdout
    agent(site, tiny_kit, "run", "--max-samples", "2", "--json")
    assert Slots(site / "state").state.denied == {}
    told("apply", "new.kwb")


def test_sigterm_ends_cleanly_and_loses_nothing(site: Path, tiny_kit: Path, port: int) -> None:
    source = {"kind": "folder", "path": "pictures", "loop": True, "rate_hz": 100}
    write_config(site, source=source, status={"port": port})
    page = StatusConfig(host="127.0.0.2", port=port)  # not where the configuration says
    process = subprocess.Popen(
        [sys.executable, "-m", "edge_agent.cli", "run", "--json", "--status-host", page.host],
        cwd=site,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(tiny_kit),
    )
    try:
        wait_for(lambda: judged(site, page) > 20, STARTS_S)
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=15)
    finally:
        process.kill()
    assert process.returncode == 0
    assert time.monotonic() - started < 8
    summary = json.loads(output)
    assert summary["waiting_rows"] >= summary["samples"] > 0


def judged(site: Path, page: StatusConfig) -> float:
    """How many samples the agent of this folder has captured, as the page says."""
    config = load_config(site / "agent.yaml").model_copy(update={"status": page})
    try:
        return float(ask(config)["figures"]["captured"])
    except UnreachableError:
        return 0.0


def test_the_page_on_every_address_is_asked_for_on_this_machine() -> None:
    assert page_address(StatusConfig(host="0.0.0.0")) == "http://127.0.0.1:8089/"
    assert page_address(StatusConfig(host="10.0.0.5", port=80)) == "http://10.0.0.5:80/"


def test_status_without_an_agent_is_unreachable(site: Path, told: Callable[..., Told]) -> None:
    write_config(site, status={"port": 9})
    assert "no agent answers" in told("status", code=5).stderr


def test_an_agent_answers_for_itself_only(
    site: Path, tiny_kit: Path, port: int, told: Callable[..., Told]
) -> None:
    source = {"kind": "folder", "path": "pictures", "loop": True, "rate_hz": 50}
    write_config(site, source=source, status={"port": port}, state_dir="one")
    process = forked_agent(site, tiny_kit, "run", "--json")
    try:
        wait_for(lambda: judged(site, StatusConfig(port=port)) > 0, STARTS_S)
        assert "running" in told("status").stdout
        write_config(site, source=source, status={"port": port}, state_dir="two")
        refused = told("status", code=5)
    finally:
        process.terminate()
        process.wait(15)
    assert f"another agent answers: the one of {site / 'one'}" in refused.stderr
    assert "status.port" in refused.stderr
    assert refused.stdout == ""


def test_doctor_names_what_is_missing(site: Path, told: Callable[..., Told]) -> None:
    write_config(site, hub={"url": "https://hub.example:8080"})
    done = told("doctor", "--json", code=4)
    checks = {c["check"]: c for c in json.loads(done.stdout)["checks"]}
    assert checks["onnxruntime"]["ok"]
    assert checks["source"]["ok"]
    assert not checks["identity"]["ok"]
    assert "enroll" in checks["identity"]["fix"]


def test_doctor_misses_nothing_on_an_agent_that_works_alone(site: Path, tiny_kit: Path) -> None:
    done = agent(site, tiny_kit, "doctor", "--json", code=None)
    checks = {c["check"]: c for c in json.loads(done.stdout)["checks"]}
    assert checks["identity"]["ok"]
    assert "works alone" in checks["identity"]["found"]


def test_config_show_masks_secrets_and_describes_every_key(
    site: Path, told: Callable[..., Told]
) -> None:
    action = {"kind": "mqtt", "name": "a", "host": "h", "topic": "t", "password": "hunter2"}
    headers = {"Authorization": "hunter3"}
    web = {
        "kind": "http",
        "name": "b",
        "url": "http://ada:hunter4@h/x?key=hunter6&hunter7&a=1",
        "headers": headers,
    }
    source = {"kind": "video", "url": "rtsp://ada:hunt@hunter?5@camera/1"}
    write_config(site, actions=[action, web], source=source)
    shown = told("config", "show").stdout
    assert "hunt" not in shown
    assert "http://***@h/x?key=***&***&a=***" in shown
    assert "rtsp://***@camera/1" in shown
    assert yaml.safe_load(shown)["reject_deadline_ms"] == 5000
    described = told("config", "show", "--describe").stdout
    assert "selection.audit_rate" in described
    assert all(meaning for _, _, meaning in describe(AgentConfig))


def test_config_show_masks_what_lies_deeper(site: Path, told: Callable[..., Told]) -> None:
    api = {"kind": "order", "url": "https://shop.example/{key}?token=hunter1", "fields": {"state": {"path": "s"}},
           "headers": {"X-Api-Key": "hunter2"}}  # fmt: skip
    source = {
        "kind": "imap", "host": "h", "user": "u", "token_command": ["give-token", "--key", "hunter3"],
        "lookups": [api], "writer": {"url": "https://ada:hunter4@llm.example/v1", "model": "m"},
        "hook": {"url": "https://desk.example/in?key=hunter5", "secret_env": "DESK_KEY"},
    }  # fmt: skip
    write_config(site, source=source)
    shown = told("config", "show").stdout
    assert "hunter" not in shown
    assert "give-token" in shown
    assert "https://***@llm.example/v1" in shown


@pytest.mark.parametrize(
    ("raw", "hint"),
    [
        ("source: {kind: folder, path: x}\nrejct_deadline_ms: 3", "reject_deadline_ms"),
        ("source: {kind: folder, pth: x}", "did you mean 'path'"),
        ("source: {kind: folder, path: x}\noutbox: {comit_samples_ms: 3}", "commit_samples_ms"),
        (
            "source: {kind: folder, path: x}\nactions: [{kind: http, name: a, urll: 'http://x'}]",
            "did you mean 'url'",
        ),
    ],
)
def test_a_misspelt_key_is_refused_with_a_suggestion(tmp_path: Path, raw: str, hint: str) -> None:
    (tmp_path / "agent.yaml").write_text(raw)
    with pytest.raises(AgentConfigError) as caught:
        load_config(tmp_path / "agent.yaml")
    assert hint in str(caught.value)


@pytest.mark.parametrize("key", ["on", '"on"', "On", "yes"])
def test_the_key_yaml_reads_as_true_is_answered_with_the_right_one(
    tmp_path: Path, key: str
) -> None:
    action = f"{{kind: simulated, name: gate, {key}: [act]}}"
    text = f"source: {{kind: folder, path: x}}\nactions:\n  - {action}\n"
    (tmp_path / "agent.yaml").write_text(text)
    with pytest.raises(AgentConfigError) as caught:
        load_config(tmp_path / "agent.yaml")
    assert "'verdicts'" in caught.value.fix
    (tmp_path / "agent.yaml").write_text(text.replace(f"{key}:", "verdicts:"))
    assert load_config(tmp_path / "agent.yaml").actions[0].verdicts == ("act",)


def test_the_unit_is_complete(site: Path, told: Callable[..., Told]) -> None:
    unit = told("install-service").stdout
    assert re.findall("@[A-Z]+@", unit) == [], "every placeholder has its value"
    assert f"--config {site / 'agent.yaml'}" in unit
    assert "WatchdogSec=" in unit


# -- enrolment -----------------------------------------------------------------------------------


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[str]:
    """A hub that takes the token `good` once."""
    used: list[str] = []
    authority = Authority(tmp_path / "pki")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            request = EnrollRequest.model_validate_json(raw)
            status = 401 if request.token != "good" else 410 if used else 200
            body = b'{"detail":"no"}'
            if status == 200:
                used.append(request.token)
                answer = EnrollResponse(
                    device="cam-1",
                    site="s1",
                    group="g",
                    token="t",
                    certificate=authority.issue_device(request.csr.encode(), "cam-1").pem.decode(),
                    ca=authority.ca_pem.decode(),
                    mqtt=MqttAccess(host="127.0.0.1", port=1, username="cam-1", password="p"),
                )
                body = answer.model_dump_json().encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_token_becomes_an_identity_that_only_we_may_read(
    site: Path, told: Callable[..., Told], hub: str
) -> None:
    assert "unknown" in told("enroll", "--hub", hub, "--token", "bad", code=5).stderr
    done = told("enroll", "--hub", hub, "--token", "good")
    assert done.stdout.startswith("enrolled as cam-1 at s1")
    files = [site / "state" / name for name in ("identity.json", "device.key", "device.pem")]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in files)
    identity = load_identity(files[0])
    assert identity is not None
    assert identity.hub == hub
    again = told("enroll", "--hub", hub, "--token", "good", code=5)
    assert "used already" in again.stderr


def test_http_beyond_this_machine_is_refused_unless_said(told: Callable[..., Told]) -> None:
    words = ("enroll", "--hub", "http://192.0.2.1:8080", "--token", "x")
    refused = told(*words, code=2)
    assert "--insecure-http" in refused.stderr
    unpinned = ("enroll", "--hub", "https://192.0.2.1:8080", "--token", "x")
    assert "--ca-fingerprint" in told(*unpinned, code=2).stderr


def test_enrolling_with_an_absent_hub_is_clear(site: Path, told: Callable[..., Told]) -> None:
    done = told("enroll", "--hub", "http://127.0.0.1:9", "--token", "x", code=5)
    assert "error: the hub does not answer: Connection refused\n" in done.stderr
    assert not (site / "state" / "identity.json").exists()
