"""A connection that is asked only, as by a service key of HubSpot: it needs no secret of messages, and takes none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from cloud_sync.cli import make_app
from cloud_sync.config import dump, load
from cloud_sync.crm.connection.secrets import Secrets, read_secrets
from cloud_sync.crm.inbound.inbox import Inbox
from cloud_sync.crm.inbound.schemes.verifying import UnverifiedError
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert
from kits.core.errors import KitwrightError
from tests.cloud_sync.crm.builders import signed, write_private
from tests.cloud_sync.fleet_builders import make_hub

Run = Callable[..., Result]
SECRET = "client-secret"
ADDRESS = "/v1/crm/crm"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A hub that no CRM could reach."""
    folder = tmp_path / "hub"
    with make_hub(folder) as hub:
        (folder / "hub.yaml").write_text(dump(hub.config))
    return folder


@pytest.fixture
def run(data: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.delenv("KITWRIGHT_CRM_CRM_WEBHOOK", raising=False)
    monkeypatch.setenv("KITWRIGHT_CRM_CRM_TOKEN", "pat-1")
    app, runner = make_app(), CliRunner()

    def call(*words: str, fails: int = 0) -> Result:
        found = runner.invoke(app, ["crm", *words, "--data", str(data)])
        assert not isinstance(found.exception, KitwrightError), found.exception
        assert found.exit_code == fails, (found.output, found.exception)
        return found

    return call


@pytest.fixture
def url() -> Iterator[str]:
    simulator = Simulator("hubspot", limit=0, secrets=Secrets((SECRET,), {"token": "pat-1"}))
    with serve(simulator) as url:
        yield url


def add(run: Run, url: str, *words: str) -> Result:
    return run(
        "add", "crm", "--kind", "hubspot", "--url", url, "--allow", "127.0.0.0/8", "--option", "events=poll", *words,
    )  # fmt: skip


def tried(run: Run, *, fails: int = 0) -> dict[str, dict[str, object]]:
    return {one["name"]: one for one in json.loads(run("test", "crm", "--json", fails=fails).stdout)["checks"]}  # fmt: skip


def state(run: Run) -> tuple[str, str]:
    [one] = json.loads(run("list", "--json").stdout)
    return one["state"], one["error"]


def open_alerts(data: Path) -> list[str]:
    hub = Hub.open(load(data))
    with hub.database.session() as session:
        found = list(session.scalars(select(Alert.name).where(Alert.seen_at.is_(None))))
    hub.close()
    return found


def refused(data: Path) -> str:
    """Why a message is."""
    hub = Hub.open(load(data))
    with pytest.raises(UnverifiedError) as caught:
        Inbox(hub).take("crm", signed("hubspot-v3"))
    hub.close()
    return caught.value.reason


def test_it_is_added_without_a_secret_of_messages(run: Run, data: Path, url: str) -> None:
    answer = json.loads(add(run, url, "--json").stdout)
    [step] = answer["steps"]
    assert step.startswith("nothing: the hub asks every 30 s")
    assert answer["webhook_secret"] == ""
    found = read_secrets(data / "keys", "crm")
    assert (found.webhook, found.api) == ((), {"token": "pat-1"})
    assert "asked for changes every 30 seconds, and takes no messages" in run("show", "crm").output


@pytest.mark.parametrize(("events", "warned"), [("poll", False), ("messages", True)])
def test_only_who_is_told_has_to_be_reached_from_outside(
    run: Run, monkeypatch: pytest.MonkeyPatch, events: str, warned: bool
) -> None:
    if warned:
        monkeypatch.setenv("KITWRIGHT_CRM_CRM_WEBHOOK", SECRET)
    words = ("--kind", "hubspot", "--option", f"events={events}", "--no-fields", "--json")
    warnings = json.loads(run("add", "crm", *words).stdout)["warnings"]
    assert any("public_url" in warning for warning in warnings) == warned


def test_what_is_tried_is_what_it_does(run: Run, url: str) -> None:
    said = add(run, url).output
    assert "asked for changes every 30 seconds, and takes no messages" in said
    assert ADDRESS not in said
    found = tried(run)
    assert found["messages"]["ok"]
    assert "every 30 seconds" in str(found["messages"]["found"])
    assert not {"address", "secret of messages"} & found.keys()


def test_who_sends_messages_all_the_same_is_refused_and_nobody_is_called(
    run: Run, data: Path, url: str
) -> None:
    add(run, url)
    assert refused(data) == "no-secret"
    assert open_alerts(data) == []
    assert state(run)[0] == "not scored"


def test_who_is_to_be_told_from_now_on_is_told_that_the_secret_is_missing(
    run: Run, data: Path, url: str, tmp_path: Path
) -> None:
    add(run, url)
    said = run("set", "crm", "options.events=messages").output
    assert "cloud-sync crm secret crm" in said
    assert state(run) == ("messages refused", "crm takes no message: it has no secret to know them by. `cloud-sync crm secret crm`")  # fmt: skip
    found = tried(run, fails=5)
    assert not found["secret of messages"]["ok"]
    assert found["secret of messages"]["fix"] == "cloud-sync crm secret crm"
    file = tmp_path / "secret.json"
    write_private(file, json.dumps({"webhook": [SECRET]}))
    said = run("secret", "crm", "--secrets-file", str(file)).output
    assert ADDRESS in said and "from now on" in said and "cloud-sync crm test crm" in said
    assert open_alerts(data) == [] and state(run)[0] == "not scored"
    assert tried(run)["secret of messages"]["ok"]


def test_who_is_asked_again_needs_no_secret_any_more(run: Run, data: Path, url: str) -> None:
    add(run, url)
    run("set", "crm", "options.events=messages")
    assert open_alerts(data) == ["crm-no-secret"]
    said = run("set", "crm", "options.events=poll").output
    assert "asked for every 30 seconds from now on" in said
    assert open_alerts(data) == []
    assert all(one["ok"] for one in tried(run).values())


def test_an_app_that_is_asked_too_has_its_messages_taken(
    run: Run, data: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KITWRIGHT_CRM_CRM_WEBHOOK", SECRET)
    assert ADDRESS in add(run, url).output
    assert read_secrets(data / "keys", "crm").webhook == (SECRET,)
    assert tried(run)["secret of messages"]["ok"]


def test_its_secrets_are_written_anew_without_one_of_messages(
    run: Run, data: Path, url: str
) -> None:
    add(run, url)
    (data / "keys" / "crm" / "crm.json").unlink()
    run("secret", "crm", "--anew")
    found = read_secrets(data / "keys", "crm")
    assert (found.webhook, found.api) == ((), {"token": "pat-1"})
