"""`cloud-sync crm set` and `crm show`: a connection is changed without losing its leads, its cursor or its secrets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from cloud_sync.background import start_leads
from cloud_sync.cli import make_app
from cloud_sync.config import dump
from cloud_sync.crm.client import breaker
from cloud_sync.crm.connection import connections, settling
from cloud_sync.crm.connection.changing import Edit, plan
from cloud_sync.crm.connection.secrets import Secrets, read_secrets
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.hub import Hub
from cloud_sync.store.models import AuditLog, CrmConnection, CrmLead, Project
from kits.core.errors import KitwrightError
from kits.core.sample import utc_now
from tests.cloud_sync.crm.builders import write_private
from tests.cloud_sync.crm.lead_builders import LEADS, lead_bundle, make_rule, release_bundle
from tests.cloud_sync.fleet_builders import make_hub
from tests.waiting import wait_for

AT = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)
NAME = "sales"
SECRETS = Secrets(("client-secret",), {"token": "pat-1"})
Run = Callable[..., Result]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    folder = tmp_path / "hub"
    with make_hub(folder, public_url="https://hub.example") as hub:
        (folder / "hub.yaml").write_text(dump(hub.config))
        with hub.database.transaction() as session:
            session.add(Project(name="leads", kit="lead-scoring", kit_yaml=""))
        yield hub


@pytest.fixture
def run(hub: Hub) -> Run:
    app, runner = make_app(), CliRunner()

    def call(*words: str, fails: bool = False) -> Result:
        found = runner.invoke(app, ["crm", *words, "--data", str(hub.config.data_dir)])
        assert isinstance(found.exception, KitwrightError) == fails, (found.output, found.exception)
        return found

    return call


def connect(hub: Hub, kind: str = "hubspot", **settings: object) -> None:
    made = CrmSettings.model_validate({"kind": kind, **settings})
    connections.add(hub, NAME, made, "", SECRETS, by="ann")


def stored(hub: Hub) -> CrmSettings:
    return connections.open_connection(hub, NAME).settings


def row_of(hub: Hub) -> CrmConnection:
    with hub.database.session() as session:
        return session.get_one(CrmConnection, NAME)


def put_lead(hub: Hub, name: str, **values: object) -> None:
    with hub.database.transaction() as session:
        session.add(CrmLead(connection=NAME, object_id=name, **values))


def lead(hub: Hub, name: str) -> CrmLead:
    with hub.database.session() as session:
        return session.get_one(CrmLead, (NAME, name))


def refused(run: Run, *words: str) -> str:
    return str(run("set", NAME, *words, fails=True).exception)


def test_settings_change_and_leads_cursor_and_secrets_stay(hub: Hub, run: Run) -> None:
    connect(hub, options={"our_user": "7"})
    put_lead(hub, "1", points=40)
    with hub.database.transaction() as session:
        session.get_one(CrmConnection, NAME).cursor = "here"
    answer = json.loads(
        run("set", NAME, "min_change=5", "--option", "own_fields=x", "--project", "leads", "--json").stdout
    )  # fmt: skip
    assert answer["changed"] == [
        {"key": "min_change", "before": 3, "after": 5},
        {"key": "options.own_fields", "before": None, "after": "x"},
        {"key": "project", "before": "", "after": "leads"},
    ]
    assert stored(hub).options == {"our_user": "7", "own_fields": "x"}
    row = row_of(hub)
    assert (row.cursor, row.project, row.settings["min_change"]) == ("here", "leads", 5)
    assert read_secrets(hub.config.keys_dir, NAME) == SECRETS
    assert lead(hub, "1").points == 40
    with hub.database.session() as session:
        [entry] = session.scalars(select(AuditLog).where(AuditLog.what == "crm set"))
    assert entry.who.startswith("cli") and entry.details["min_change"] == "3 → 5"


def test_several_fields_in_which_people_object_are_one_setting(hub: Hub, run: Run) -> None:
    connect(hub)
    with hub.database.transaction() as session:  # as versions stored it that knew one field only
        row = session.get_one(CrmConnection, NAME)
        row.settings = {**row.settings, "opt_out": "hs_email_optout"}
    assert stored(hub).opt_out == ("hs_email_optout",)
    answer = json.loads(run("set", NAME, "opt_out=hs_email_optout, no_calls", "--json").stdout)
    assert [one["key"] for one in answer["changed"]] == ["opt_out"]
    assert "all leads are read again" in answer["notes"][0]
    assert stored(hub).opt_out == ("hs_email_optout", "no_calls")
    assert "hs_email_optout, no_calls" in run("show", NAME).stdout
    run("set", NAME, "--unset", "opt_out")
    assert stored(hub).opt_out == ()


def test_what_would_change_is_said_and_nothing_is_changed(hub: Hub, run: Run) -> None:
    connect(hub)
    said = run("set", NAME, "min_change=5", "--dry-run").stdout
    assert "1 setting would change" in said.splitlines()[0] and "min_change  3" in said
    assert stored(hub).min_change == 3
    assert "is so already" in run("set", NAME, "min_change=3").stdout


def test_a_file_is_taken_key_by_key_and_the_command_line_goes_before(
    hub: Hub, run: Run, tmp_path: Path
) -> None:
    connect(hub, fields={"points": "mine", "band": "my_band"})
    file = tmp_path / "more.yaml"
    file.write_text(
        "min_change: 7\nfields: {points: other}\noutcome: {lost: [gone, 'no, thanks']}\n"
    )
    run("set", NAME, "min_change=9", "--settings", str(file), "--no-fields")
    found = stored(hub)
    assert (found.min_change, found.fields.points, found.fields.band) == (9, "other", "my_band")
    assert found.outcome.lost == ("gone", "no, thanks")


def test_a_setting_goes_back_to_what_is_usual(hub: Hub, run: Run) -> None:
    connect(hub, min_change=9, options={"our_user": "7"}, outcome={"lost": ["other"]})
    run("set", NAME, "--unset", "min_change", "--unset", "options.our_user", "--unset", "outcome")
    found = stored(hub)
    assert (found.min_change, found.options, found.outcome.lost) == (3, {}, ())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("min_chnge=5",), "did you mean 'min_change'"),
        (("outcome.lst=x",), "did you mean 'outcome.lost'"),
        (("min_change=many",), "min_change"),
        (("min_change=99",), "min_change"),
        (("--unset", "options.our_usr"), "did you mean 'options.our_user'"),
        (("--option", "our_usr=9"), "did you mean 'our_user'"),
        (("--scheme", "hubspot-v4"), "did you mean 'hubspot-v"),
        (("options.version=v4",), "version may not be 'v4'"),
        (("options.events=cdc",), "events may not be 'cdc'"),
        (("--project", "lead"), "did you mean 'leads'"),
        (("kind=odoo",), "kind cannot change from hubspot to odoo"),
        (("object=deals",), "object cannot change from contacts to deals"),
        (("--object", "deals"), "object cannot change from contacts to deals"),
        (("--kind", "salesforce"), "organization is missing"),
        (("min_change",), "not KEY=VALUE"),
        ((), "nothing is to be changed"),
        (("--url", "https://other.example"), "would go to another server: https://other.example"),
    ],
)
def test_what_cannot_work_is_refused_and_nothing_is_changed(
    hub: Hub, run: Run, words: tuple[str, ...], told: str
) -> None:
    connect(hub, options={"our_user": "7"})
    before = row_of(hub).settings
    assert told in refused(run, *words)
    assert row_of(hub).settings == before


def test_settings_of_another_version_are_mended_without_adding_the_connection_again(
    hub: Hub, run: Run
) -> None:
    connect(hub, options={"our_user": "7"}, fields={"points": "mine"})
    with hub.database.transaction() as session:
        row = session.get_one(CrmConnection, NAME)
        fields = {**row.settings["fields"], "colour": "red"}
        row.settings = {
            **row.settings, "min_change": 99, "speed": 1, "columns": ["a", 7], "fields": fields
        }  # fmt: skip
    said = str(run("test", NAME, fails=True).exception)
    assert "cloud-sync crm set sales KEY=VALUE" in said
    run("set", NAME, "timeout_s=20")
    found = stored(hub)
    assert (found.min_change, found.timeout_s, found.columns) == (3, 20, ())
    assert (found.options, found.fields.points) == ({"our_user": "7"}, "mine")


def test_the_kinds_own_object_may_be_named(hub: Hub, run: Run) -> None:
    connect(hub)
    run("set", NAME, "object=contacts", "--no-fields")
    assert stored(hub).object == "contacts"


def test_secrets_go_to_another_server_only_if_somebody_says_so(
    hub: Hub, run: Run, tmp_path: Path
) -> None:
    connect(hub)
    words = ("--url", "https://eu.example/hubspot", "--no-fields")
    assert "that needs --same-secrets" in run("set", NAME, *words, "--dry-run").stdout
    said = run("set", NAME, *words, "--same-secrets").stdout
    assert "go to https://eu.example from now on" in said
    run("set", NAME, "--url", "https://eu.example/other", "--no-fields")  # the same server
    file = tmp_path / "secrets.json"
    write_private(file, '{"api": {"token": "pat-2"}}')
    run("set", NAME, "--url", "https://us.example", "--secrets-file", str(file), "--no-fields")
    found = read_secrets(hub.config.keys_dir, NAME)
    assert (found.webhook, found.api) == (("client-secret",), {"token": "pat-2"})
    write_private(file, '{"webhook": ["x"], "api": {"token": "pat-3"}}')
    assert "only secrets of its API" in refused(run, "--url", "https://x.example", "--secrets-file", str(file))  # fmt: skip


def test_a_crm_that_the_hub_may_not_call_any_more_is_said_with_the_way_back(
    hub: Hub, run: Run
) -> None:
    allow = ("127.0.0.0/8", "10.1.0.0/16")
    connect(hub, url="http://127.0.0.1:8070", allow=allow)
    back = f"cloud-sync crm set {NAME} allow={','.join(allow)}"
    said = run("set", NAME, "--unset", "allow").output
    assert "http://127.0.0.1:8070 is not called" in said and back in said
    [check] = [
        one for one in json.loads(run("test", NAME, "--json").stdout)["checks"] if one["name"] == "sign in"
    ]  # fmt: skip
    assert f"crm set {NAME} allow=NETWORK" in check["fix"]
    assert "not called" not in run("set", NAME, f"allow={','.join(allow)}").output
    assert "not called" in run("set", NAME, "url=https://192.168.7.9", "--same-secrets").output
    assert "not called" not in run("set", NAME, "allow=192.168.7.9/32", "url=https://192.168.7.9").output  # fmt: skip
    assert "not called" in run("set", NAME, "url=http://crm.lan", "--same-secrets", "--unset", "allow").output  # fmt: skip


@pytest.mark.parametrize(
    ("pause", "tried"), [(timedelta(minutes=4), True), (timedelta(hours=3), False)]
)
def test_a_change_is_tried_at_once_unless_the_crm_asked_to_be_left_alone(
    hub: Hub, run: Run, pause: timedelta, tried: bool
) -> None:
    connect(hub)
    with hub.database.transaction() as session:
        row = session.get_one(CrmConnection, NAME)
        row.failures, row.open_until = 5, utc_now() + pause
    run("set", NAME, "min_change=5")
    with hub.database.transaction() as session:
        seen = session.get_one(CrmConnection, NAME)
        assert breaker.may_try(session, seen, utc_now()) == tried


def test_a_change_that_fails_keeps_the_secrets(hub: Hub, run: Run, tmp_path: Path) -> None:
    connect(hub)
    file = tmp_path / "secrets.json"
    write_private(file, '{"api": {"token": "pat-2"}}')
    refused(run, "--url", "https://us.example", "--project", "nobody", "--secrets-file", str(file))
    assert read_secrets(hub.config.keys_dir, NAME) == SECRETS


@pytest.mark.parametrize(
    ("step", "found"),
    [("_change", ("https://eu.example", "pat-1")), ("settle_api_secrets", ("https://us.example", "pat-2"))],
    ids=["before the commit", "after it"],
)  # fmt: skip
def test_a_change_that_is_cut_off_leaves_the_secrets_that_fit(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, step: str, found: tuple[str, str]
) -> None:
    made = CrmSettings(kind="hubspot", url="https://eu.example")
    secrets = Secrets(("client-secret",), {"token": "pat-1"})
    connections.add(hub, NAME, made, "", secrets, by="ada")

    def moved() -> None:
        edit = Edit({"url": "https://us.example"})
        settling.change(
            hub, NAME, lambda s, p: plan(s, p, edit, "test"), by="ada", api={"token": "pat-2"}
        )

    def dies(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(settling, step, dies)
        with pytest.raises(KeyboardInterrupt):
            moved()
    opened = connections.open_connection(hub, NAME)
    assert (opened.settings.url, opened.secrets.api["token"]) == found
    assert opened.secrets.webhook == ("client-secret",)
    moved()
    opened = connections.open_connection(hub, NAME)
    assert (opened.settings.url, opened.secrets.api["token"]) == ("https://us.example", "pat-2")
    assert read_secrets(hub.config.keys_dir, NAME).coming is None


def test_leads_are_read_again_when_other_records_are_won_or_lost(hub: Hub, run: Run) -> None:
    connect(hub)
    put_lead(hub, "1", points=40)
    put_lead(hub, "2", points=40, due_at=AT)
    put_lead(hub, "3", state="gone")
    run("set", NAME, "--project", "leads")
    assert row_of(hub).sweep == 0
    said = run("set", NAME, "outcome.lost=other,unqualified").stdout
    assert "read again" in said
    assert stored(hub).outcome.lost == ("other", "unqualified")
    assert [lead(hub, one).later_at is None for one in "123"] == [False, True, True]
    row = row_of(hub)
    assert (row.sweep, row.sweep_since) == (1, None)


def test_scores_are_written_anew_when_they_go_elsewhere(hub: Hub, run: Run) -> None:
    connect(hub, write=False)
    put_lead(hub, "1", points=40, wrote_points=40, wrote_band="warm", band="warm")
    put_lead(hub, "2")
    run("set", NAME, "--write", "--no-fields")
    assert [lead(hub, one).write_at is None for one in "12"] == [False, True]
    said = run("set", NAME, "--no-write").stdout
    assert "stays there" in said
    assert lead(hub, "1").write_at is None
    run("set", NAME, "--write", "fields.points=my_score", "--no-fields")
    assert lead(hub, "1").write_at is not None
    run("set", NAME, "min_change=9")


def test_settings_in_force_are_shown_with_who_said_so_and_never_a_secret(
    hub: Hub, run: Run
) -> None:
    options = {"proxy_header": "x-dn", "proxy_value": "CN=very-long-name"}
    connect(hub, min_change=5, outcome={"lost": ["other"]}, options=options)
    with hub.database.transaction() as session:
        session.get_one(CrmConnection, NAME).error = "no route to host"
    answer = json.loads(run("show", NAME, "--json").stdout)
    found = {one["key"]: (one["value"], one["source"]) for one in answer["settings"]}
    assert found["min_change"] == (5, "you")
    assert found["outcome.lost"] == (["other"], "you")
    assert found["outcome.won"] == (["customer", "evangelist"], "hubspot")
    assert found["url"] == ("https://api.hubapi.com", "hubspot")
    assert found["timeout_s"] == (15, "default")
    assert answer["secrets"] == ["of messages (1)", "token of its API"]
    text = run("show", NAME).stdout
    assert "no route to host" in text and "https://hub.example/v1/crm/sales" in text
    for secret in ("client-secret", "pat-1", "very-long-name"):
        assert secret not in text + json.dumps(answer)
    run("set", NAME, "--unset", "options.proxy_value", "--unset", "options.proxy_header")


def test_a_running_hub_goes_by_new_settings_without_a_restart(hub: Hub, run: Run) -> None:
    """Other fields: they are made, and all scores are written into them."""
    release_bundle(hub, lead_bundle())
    simulator = Simulator("hubspot", seed=3, limit=0)
    held = [simulator.add({**simulator.world.lead(), "size": 20 + n}) for n in range(3)]
    with serve(simulator) as url, ExitStack() as parts:
        settings = CrmSettings(kind="hubspot", url=url, allow=("127.0.0.0/8",), rate_per_10s=5000)
        connections.add(hub, NAME, settings, LEADS, simulator.secrets, by="ann")
        run("fields", NAME)
        start_leads(hub, parts, LeadModels(hub, make=make_rule))

        def shown(field: str) -> list[object]:
            return [simulator.records.get(one.object_id).fields.get(field) for one in held]  # type: ignore[union-attr]  # they are there

        wait_for(lambda: all(shown("kitwright_score")))
        run("set", NAME, "fields.points=our_points")
        wait_for(lambda: all(shown("our_points")))
        assert [str(one) for one in shown("our_points")] == ["20", "21", "22"]
