"""`crm app`: the files of the app with which HubSpot tells the hub of changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cloud_sync.cli import make_app
from cloud_sync.config import dump
from cloud_sync.crm.connection.secrets import dump_secrets
from cloud_sync.crm.inbound.reading import Message
from cloud_sync.crm.inbound.schemes.verifying import Verified
from cloud_sync.crm.kinds.hubspot import events as hubspot_events
from cloud_sync.crm.kinds.hubspot.app import APP, PROJECT, WEBHOOKS, HubSpotApp, switched_off
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.store.models import Project
from kits.core.addresses import free_port
from kits.core.errors import ConfigError, KitwrightError, UnreachableError, UsageError
from kits.core.sample import utc_now
from tests.cloud_sync.crm.builders import HUB, write_private
from tests.cloud_sync.fleet_builders import make_hub

Run = Callable[..., Result]
Json = dict[str, Any]
URL = f"{HUB}/v1/crm/sales"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """`cloud-sync crm …` of a hub with a pretended HubSpot connected as `sales`."""
    folder = tmp_path / "hub"
    with make_hub(folder, public_url=HUB) as hub:
        (folder / "hub.yaml").write_text(dump(hub.config))
        with hub.database.transaction() as session:
            session.add(Project(name="leads", kit="lead-scoring", kit_yaml=""))
    monkeypatch.chdir(tmp_path)
    app, runner = make_app(), CliRunner()

    def call(*words: str, fails: type[KitwrightError] | None = None) -> Result:
        found = runner.invoke(app, ["crm", *words, "--data", str(folder)])
        assert (type(found.exception) if fails else found.exit_code) == (fails or 0), found.output
        return found

    simulator = Simulator("hubspot", seed=3)
    secrets = tmp_path / "secrets.json"
    write_private(secrets, dump_secrets(simulator.secrets))
    with serve(simulator) as url:
        call(
            "add", "sales", "--kind", "hubspot", "--project", "leads", "--url", url, "--allow", "127.0.0.0/8",
            "--secrets-file", str(secrets), "--no-fields",
        )  # fmt: skip
        yield call


def read(folder: Path, path: str = WEBHOOKS) -> Json:
    found: Json = json.loads((folder / path).read_text())
    return found


def told(webhooks: Json, *, active: bool = True) -> set[tuple[str, ...]]:
    """Kind, object and property of what is subscribed."""
    rows = [
        row for rows in webhooks["config"]["subscriptions"].values() for row in rows
    ]  # fmt: skip
    keys = ("subscriptionType", "objectType", "propertyName")
    return {tuple(row[k] for k in keys if k in row) for row in rows if row["active"] is active}


def with_columns(run: Run, tmp_path: Path, *columns: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(f"columns: {json.dumps(columns)}\n")
    run("set", "sales", "--settings", str(file), "--no-fields")


def test_the_app_tells_of_what_the_score_looks_at_and_has_no_other_right(
    run: Run, tmp_path: Path
) -> None:
    # a label of an export and a name; what no account has, and what scores are written to, are left out
    with_columns(
        run,
        tmp_path,
        "Lead Status",
        "dealname",
        "accounts.sector",
        "kitwright_score",
        "lastmodifieddate",
    )
    said = json.loads(run("app", "sales", "--json").stdout)
    folder = tmp_path / "kitwright-sales"
    assert said["folder"] == "kitwright-sales" and said["url"] == URL
    assert {"hs_lead_status", "dealname", "lifecyclestage"} <= set(said["properties"])
    assert not {"accounts.sector", "kitwright_score", "lastmodifieddate"} & set(said["properties"])
    changes = {("object.propertyChange", "contact", name) for name in said["properties"]}
    lives = {(f"object.{step}", "contact") for step in ("creation", "deletion", "merge", "restore")}
    webhooks = read(folder)
    assert told(webhooks) == changes | lives | {("contact.privacyDeletion",)}
    assert webhooks["config"]["settings"] == {"maxConcurrentRequests": 10, "targetUrl": URL}
    assert read(folder, PROJECT)["platformVersion"] == "2026.09"
    auth = read(folder, APP)["config"]["auth"]
    assert (auth["type"], auth["requiredScopes"]) == ("static", ["crm.objects.contacts.read"])
    assert any("cloud-sync crm secret sales" in step for step in said["steps"])
    assert not any("options.events" in step for step in said["steps"])


def test_written_again_nothing_is_taken_away_and_what_a_person_set_stays(
    run: Run, tmp_path: Path
) -> None:
    with_columns(run, tmp_path, "dealname", "name")
    run("app", "sales", "--out", "mine")
    folder = tmp_path / "mine"
    app = read(folder, APP) | {"config": {"name": "Our own name"}}
    (folder / APP).write_text(json.dumps(app))
    webhooks = read(folder)
    webhooks["config"]["settings"]["maxConcurrentRequests"] = 25
    (folder / WEBHOOKS).write_text(json.dumps(webhooks))

    with_columns(run, tmp_path, "dealname", "dealstage")
    said = json.loads(run("app", "sales", "--out", "mine", "--json").stdout)
    assert said["switched_off"] == ["name"]
    later = read(folder)
    assert told(later, active=False) == {("object.propertyChange", "contact", "name")}
    assert ("object.propertyChange", "contact", "dealstage") in told(later)
    assert later["config"]["settings"]["maxConcurrentRequests"] == 25
    assert read(folder, APP) == app

    with_columns(run, tmp_path, "name")
    run("app", "sales", "--out", "mine")
    assert ("object.propertyChange", "contact", "name") in told(read(folder))


def test_files_that_are_not_its_own_are_left_as_they_are(run: Run, tmp_path: Path) -> None:
    other = tmp_path / "theirs" / APP
    other.parent.mkdir(parents=True)
    other.write_text('{"uid": "shop"}')
    found = run("app", "sales", "--out", "theirs", fails=UsageError).exception
    assert "shop" in str(found) and "--out" in str(found)
    assert [path.name for path in (tmp_path / "theirs").rglob("*.json")] == ["app-hsmeta.json"]
    run("app", "sales", "--out", "mine")
    (tmp_path / "mine" / WEBHOOKS).write_text("[1]")
    broken = run("app", "sales", "--out", "mine", fails=ConfigError).exception
    assert WEBHOOKS in str(broken)
    assert (tmp_path / "mine" / WEBHOOKS).read_text() == "[1]"


def test_a_connection_that_is_asked_says_how_it_is_told_from_then_on(run: Run) -> None:
    run("set", "sales", "options.events=poll")
    steps = json.loads(run("app", "sales", "--json").stdout)["steps"]
    assert steps[-1].startswith("cloud-sync crm set sales --unset options.events")


def test_without_a_bundle_it_says_that_it_must_be_written_again(run: Run, tmp_path: Path) -> None:
    said = json.loads(run("app", "sales", "--json").stdout)
    assert set(said["properties"]) == {"lifecyclestage", "closedate"}
    assert "no bundle is in force" in said["warnings"][0]
    with_columns(run, tmp_path, "dealname")
    assert not json.loads(run("app", "sales", "--json").stdout)["warnings"]


def test_an_account_that_does_not_answer_writes_nothing_and_says_what_to_do(
    run: Run, tmp_path: Path
) -> None:
    run("set", "sales", f"url=http://127.0.0.1:{free_port()}", "--same-secrets", "--no-fields")
    found = run("app", "sales", fails=UnreachableError).exception
    assert "nothing listens there" in str(found) and "cloud-sync crm test sales" in str(found)
    assert not (tmp_path / "kitwright-sales").exists()


def test_other_crms_have_no_such_app(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "odoo.json"
    write_private(file, '{"api": {"key": "k"}}')
    run("add", "odoo", "--kind", "odoo", "--url", "https://odoo.example.com", "--secrets-file", str(file), "--no-fields")  # fmt: skip
    assert "HubSpot" in str(run("app", "odoo", fails=UsageError).exception)


@pytest.mark.parametrize(("thing", "one"), [("deals", "deal"), ("leads", "lead"), ("2-17", "2-17")])
def test_of_other_objects_it_tells_too_and_nobody_is_erased(thing: str, one: str) -> None:
    found = told(HubSpotApp("s", URL, thing, ["amount"]).webhooks({}))
    assert ("object.propertyChange", one, "amount") in found
    assert ("contact.privacyDeletion",) not in found


def test_subscriptions_of_an_app_of_before_are_switched_off_not_doubled() -> None:
    old: Json = {"uid": "hooks", "type": "webhooks", "config": {"subscriptions": {
        "legacyCrmObjects": [{"subscriptionType": "contact.creation", "active": True}],
        "crmObjects": [{"subscriptionType": "object.creation", "objectName": "CONTACT", "active": False}],
    }}}  # fmt: skip
    found = HubSpotApp("s", URL, "contacts", []).webhooks(old)
    assert found["uid"] == "hooks"
    assert switched_off(found) == ["contact.creation"]
    objects = found["config"]["subscriptions"]["crmObjects"]
    assert [one["subscriptionType"] for one in objects].count("object.creation") == 1


def test_what_is_subscribed_is_read_when_it_comes() -> None:
    """Each kind of event, as HubSpot sends it in the form that the app subscribes to."""
    rows = HubSpotApp("s", URL, "contacts", ["jobtitle"]).webhooks({})["config"]["subscriptions"]
    sent = [
        {
            "eventId": number, "subscriptionId": 1, "portalId": 62, "appId": 1, "occurredAt": 1_777_900_000_000,
            "subscriptionType": row["subscriptionType"], "objectId": 7, "objectTypeId": "0-1",
            **({"propertyName": row["propertyName"]} if "propertyName" in row else {}),
        }
        for number, row in enumerate([*rows["crmObjects"], *rows["hubEvents"]])
    ]  # fmt: skip
    message = Message(json.dumps(sent).encode(), "contacts", Verified("", None, ""), utc_now())
    events = hubspot_events.read(message)
    assert [one.what for one in events] == ["created", "deleted", "joined", "changed", "changed", "erased"]  # fmt: skip
    assert not [one for one in events if one.skip]
