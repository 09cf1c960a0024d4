"""`cloud-sync crm …`: a connection from the command line, its secrets, and a test that changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner, Result

from cloud_sync.cli import make_app
from cloud_sync.config import dump, load
from cloud_sync.crm.client import breaker
from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.secrets import dump_secrets, read_secrets, secrets_path
from cloud_sync.crm.inbound.hiding import MISSED
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.hub import Hub
from cloud_sync.store.models import AuditLog, CrmConnection, CrmEvent, CrmLead, Project
from kits.core.addresses import free_port
from kits.core.errors import ConfigError, KitwrightError, UsageError
from kits.core.sample import utc_now
from tests.cloud_sync.crm.builders import HUB, write_private
from tests.cloud_sync.fleet_builders import make_hub

AT = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)
Run = Callable[..., Result]
WHSEC = "whsec_" + "QUFB" * 8


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "hub"
    with make_hub(folder, public_url=HUB) as hub:
        (folder / "hub.yaml").write_text(dump(hub.config))
        with hub.database.transaction() as session:
            session.add(Project(name="leads", kit="lead-scoring", kit_yaml=""))
    return folder


@pytest.fixture
def run(data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    for name in ("WEBHOOK", "TOKEN"):
        monkeypatch.delenv(f"KITWRIGHT_CRM_SALES_{name}", raising=False)
    app, runner = make_app(), CliRunner()

    def call(*words: str, fails: type[KitwrightError] | int | None = None) -> Result:
        found = runner.invoke(app, ["crm", *words, "--data", str(data)])
        if isinstance(fails, type):
            assert isinstance(found.exception, fails), found.output
        else:
            assert found.exit_code == (fails or 0), (found.output, found.exception)
        return found

    yield call


def added(run: Run, tmp_path: Path, *words: str, name: str = "sales") -> dict[str, object]:
    file = tmp_path / "secrets.json"
    write_private(file, '{"webhook": ["client-secret"], "api": {"token": "pat-1"}}')
    said = run("add", name, "--kind", "hubspot", "--project", "leads", "--secrets-file", str(file), "--no-fields", "--json", *words)  # fmt: skip
    answer: dict[str, object] = json.loads(said.stdout)
    return answer


def test_a_connection_is_added_and_says_what_to_enter_in_the_crm(
    run: Run, data: Path, tmp_path: Path
) -> None:
    answer = added(run, tmp_path)
    assert answer["url"] == f"{HUB}/v1/crm/sales"
    assert any(f"{HUB}/v1/crm/sales" in str(step) for step in answer["steps"])  # type: ignore[attr-defined]  # JSON
    assert any("kitwright_score" in str(step) for step in answer["steps"])  # type: ignore[attr-defined]  # JSON
    assert read_secrets(data / "keys", "sales").api == {"token": "pat-1"}
    listed = json.loads(run("list", "--json").stdout)
    assert [(one["name"], one["kind"], one["project"], one["state"]) for one in listed] == [
        ("sales", "hubspot", "leads", "cannot score")
    ]
    # what somebody brought is known to them: it is not shown again
    assert "client-secret" not in json.dumps(answer)


@pytest.mark.parametrize(
    ("words", "signed", "body"),
    [
        ((), "Standard Webhooks", '"data": {"id": "42"}'),
        (("--scheme", "stripe"), "the scheme stripe", '"data": {"id": "42"}'),
        (("--scheme", "bearer", "--option", "event.id=lead.id"), "the scheme bearer", "options event.*"),
    ],
)  # fmt: skip
def test_a_program_of_ones_own_is_told_the_scheme_and_the_places_that_were_chosen(
    run: Run, tmp_path: Path, words: tuple[str, ...], signed: str, body: str
) -> None:
    file = tmp_path / "secrets.json"
    write_private(file, f'{{"api": {{"secret": "{WHSEC}"}}}}')
    said = run("add", "own", "--kind", "webhook", "--url", "https://leads.example", "--secrets-file", str(file), "--json", *words)  # fmt: skip
    steps = json.loads(said.stdout)["steps"]
    assert signed in steps[0] and body in steps[1]


def test_a_kind_that_never_says_lost_says_so_with_what_to_set(run: Run, tmp_path: Path) -> None:
    [said] = added(run, tmp_path)["warnings"]
    assert "contacts of HubSpot were lost" in said
    assert "cloud-sync crm set sales outcome.lost=" in said
    run("set", "sales", "outcome.lost=other")
    assert said in run("set", "sales", "--unset", "outcome.lost").output
    run("set", "sales", "outcome.lost=other")
    found = json.loads(run("test", "sales", "--json", fails=5).stdout)["checks"]
    assert not [one for one in found if one["name"] == "outcome"]
    run("remove", "sales", "--yes")
    assert added(run, tmp_path, "--object", "deals")["warnings"] == []
    run("remove", "sales", "--yes")
    [said] = added(run, tmp_path, "--object", "tickets")["warnings"]
    assert "nothing says how tickets" in said and "outcome.field=FIELD" in said


def test_secrets_may_come_from_the_environment(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KITWRIGHT_CRM_SALES_EU_TOKEN", "pat-2")
    monkeypatch.setenv("KITWRIGHT_CRM_SALES_EU_WEBHOOK", "client-secret-2")
    run("add", "sales-eu", "--kind", "hubspot", "--no-fields")
    found = read_secrets(data / "keys", "sales-eu")
    assert (found.webhook, found.api) == (("client-secret-2",), {"token": "pat-2"})


def test_secrets_that_others_may_read_are_not_taken(run: Run, data: Path, tmp_path: Path) -> None:
    added(run, tmp_path)
    file = tmp_path / "secrets.json"
    file.chmod(0o644)
    words = ("--secrets-file", str(file))
    for said in (
        run("add", "other", "--kind", "hubspot", *words, fails=ConfigError),
        run("set", "sales", "--url", "https://us.example", *words, fails=ConfigError),
        run("secret", "sales", *words, fails=ConfigError),
        run("secret", "sales", "--api", "token", *words, fails=ConfigError),
    ):
        assert "others may read" in str(said.exception) and f"chmod 600 {file}" in str(
            said.exception
        )
    assert [path.name for path in (data / "keys" / "crm").glob("*.json")] == ["sales.json"]


def test_a_missing_secret_is_told_with_the_variable_it_may_come_from(run: Run) -> None:
    said = run("add", "sales", "--kind", "hubspot", fails=KitwrightError)
    assert "KITWRIGHT_CRM_SALES_TOKEN" in str(said.exception)


@pytest.mark.parametrize(
    ("kind", "words", "starts"),
    [
        ("odoo", ("--url", "https://odoo.example"), ""),
        ("pipedrive", (), "kitwright:"),
        ("webhook", ("--url", "https://leads.example"), "whsec_"),
    ],
)
def test_a_secret_that_is_ours_to_choose_is_drawn_and_shown_once(
    run: Run, data: Path, tmp_path: Path, kind: str, words: tuple[str, ...], starts: str
) -> None:
    file = tmp_path / "api.json"
    write_private(file, '{"api": {"token": "t", "key": "k", "secret": "whsec_' + "QUFB" * 8 + '"}}')
    said = run(
        "add", "sales", "--kind", kind, "--secrets-file", str(file), "--no-fields", "--json", *words
    )
    secret = json.loads(said.stdout)["webhook_secret"]
    assert secret.startswith(starts)
    assert len(secret) > 32
    assert read_secrets(data / "keys", "sales").webhook == (secret,)
    assert secret not in run("list").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--kind", "hubspo"), "did you mean 'hubspot'"),
        ((), "--kind hubspot|"),
        (("--kind", "salesforce", "--url", "https://x.my.salesforce.com"), "organization"),
        (("--kind", "salesforce", "--option", "organization=00Dxx"), "not an id of Salesforce"),
        (("--kind", "salesforce", "--option", "organization"), "KEY=VALUE"),
        (("--kind", "webhook", "--scheme", "standart"), "did you mean 'standard'"),
        (("--kind", "webhook", "--scheme", "own"), "header"),
        (("--kind", "webhook", "--option", "event.ids=x"), "did you mean 'event.id'"),
        (("--kind", "hubspot", "--option", "our_users=9"), "did you mean 'our_user'"),
        (("--kind", "hubspot", "--option", "api=jsonrpc"), "no option 'api'"),
        (("--kind", "webhook", "--option", "networks=10.0.0.1/8"), "not a network"),
        (("--kind", "webhook", "--option", "proxy_header=x-dn"), "go together"),
        (("--kind", "webhook", "--url", "ftp://x"), "must begin with https://"),
        (("--kind", "hubspot", "--project", "lead"), "did you mean 'leads'"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_kept(
    run: Run, data: Path, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    file = tmp_path / "s.json"
    write_private(file, '{"webhook": ["x"], "api": {"token": "t"}}')
    said = run("add", "sales", *words, "--secrets-file", str(file), fails=KitwrightError)
    assert told in str(said.exception)
    assert json.loads(run("list", "--json").stdout) == []
    assert not (data / "keys" / "crm" / "sales.json").exists()


def test_settings_may_come_from_a_file_and_the_command_line_goes_before(
    run: Run, data: Path, tmp_path: Path
) -> None:
    file = tmp_path / "sales.yaml"
    file.write_text(
        "kind: hubspot\nobject: deals\nwrite: false\nmin_change: 7\nfields: {points: lead_points}\n"
        "options: {our_user: '9'}\n"
    )
    added(
        run, tmp_path, "--settings", str(file), "--object", "contacts", "--option", "own_fields=x"
    )
    hub = Hub.open(load(data))
    found = connections.open_connection(hub, "sales").settings
    hub.close()
    assert (found.object, found.write, found.min_change, found.fields.points) == ("contacts", False, 7, "lead_points")  # fmt: skip
    assert found.options == {"our_user": "9", "own_fields": "x"}


@pytest.mark.parametrize("damage", ['{"webhook": [', None])
def test_secrets_whose_file_is_damaged_or_lost_are_written_anew(
    run: Run, data: Path, tmp_path: Path, damage: str | None
) -> None:
    added(run, tmp_path)
    kept = secrets_path(data / "keys", "sales")
    if damage is None:
        kept.unlink()
    else:
        kept.write_text(damage)
        said = run("secret", "sales", "--drop", fails=KitwrightError)
        assert "cloud-sync crm secret sales --anew" in str(said.exception)
    file = tmp_path / "again.json"
    write_private(file, '{"webhook": ["client-secret"], "api": {"token": "pat-3"}}')
    run("secret", "sales", "--anew", "--secrets-file", str(file))
    found = read_secrets(data / "keys", "sales")
    assert (found.webhook, found.api) == (("client-secret",), {"token": "pat-3"})


@pytest.mark.parametrize(
    ("line", "what", "fix"),
    [("knd: hubspot", "no setting 'knd'", "kind"), ("kind: hubspt", "no kind of CRM 'hubspt'", "hubspot")],
)  # fmt: skip
def test_a_misspelt_kind_is_named_with_its_file(
    run: Run, tmp_path: Path, line: str, what: str, fix: str
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(f"{line}\n")
    error = run("add", "sales", "--settings", str(file), fails=KitwrightError).exception
    assert isinstance(error, KitwrightError)
    assert what in error.what and error.where == str(file) and fix in error.fix


def test_a_new_secret_that_the_crm_never_got_is_given_up(
    run: Run, data: Path, tmp_path: Path
) -> None:
    """As after a command that was cut off before it could show it: --drop would drop the one that is in force."""
    added(run, tmp_path)
    file = tmp_path / "new.json"
    for secret in ("lost", "another"):
        write_private(file, json.dumps({"webhook": [secret]}))
        if secret == "lost":
            run("secret", "sales", "--secrets-file", str(file))
    said = run("secret", "sales", "--secrets-file", str(file), fails=KitwrightError)
    assert "--back if it never got it" in str(said.exception)
    run("secret", "sales", "--back")
    assert read_secrets(data / "keys", "sales").webhook == ("client-secret",)
    run("secret", "sales", "--back", fails=KitwrightError)
    run("secret", "sales", "--secrets-file", str(file))
    assert read_secrets(data / "keys", "sales").webhook == ("another", "client-secret")


def test_a_secret_is_changed_in_two_steps(run: Run, data: Path, tmp_path: Path) -> None:
    added(run, tmp_path)
    file = tmp_path / "new.json"
    write_private(file, '{"webhook": ["new-secret"], "api": {"token": "pat-2"}}')
    run("secret", "sales", "--secrets-file", str(file))
    run("secret", "sales", "--api", "token", "--secrets-file", str(file))
    found = read_secrets(data / "keys", "sales")
    assert (found.webhook, found.api) == (("new-secret", "client-secret"), {"token": "pat-2"})
    run("secret", "sales", "--drop")
    assert read_secrets(data / "keys", "sales").webhook == ("new-secret",)
    hub = Hub.open(load(data))
    with hub.database.session() as session:
        told = session.scalars(select(AuditLog.details).where(AuditLog.what == "crm secret")).all()
    hub.close()
    assert told == [{"api": one, "dropped": dropped} for one, dropped in (("", False), ("token", False), ("", True))]  # fmt: skip
    said = run("secret", "sales", "--drop", "--back", fails=UsageError)
    assert "--drop and --back" in str(said.exception)
    said = run("secret", "sales", "--api", "tokn", fails=KitwrightError)
    assert "did you mean 'token'" in str(said.exception)


def test_leads_that_a_crm_hides_are_gone_once_a_person_says_so(
    run: Run, data: Path, tmp_path: Path
) -> None:
    added(run, tmp_path)
    hub = Hub.open(load(data))
    with hub.database.transaction() as session:
        session.get_one(CrmConnection, "sales").hidden_at = AT
        session.add(CrmLead(connection="sales", object_id="1", record_at=AT, error=MISSED))
        session.add(CrmLead(connection="sales", object_id="2", record_at=AT))
    hub.close()
    [one] = json.loads(run("list", "--json").stdout)
    assert (one["state"], one["hidden_since"]) == ("leads hidden", AT.isoformat())
    assert json.loads(run("gone", "sales", "--json").stdout) == {"name": "sales", "leads": 1}
    [one] = json.loads(run("list", "--json").stdout)
    assert (one["state"], one["due"]) == ("cannot score", 1)


def test_a_crm_that_is_left_alone_says_until_when_and_is_asked_at_once_when_told(
    run: Run, data: Path, tmp_path: Path
) -> None:
    added(run, tmp_path)
    later = utc_now() + timedelta(minutes=4)
    hub = Hub.open(load(data))
    with hub.database.transaction() as session:
        row = session.get_one(CrmConnection, "sales")
        row.failures, row.error, row.open_until = 5, "answered with HTTP 503", later
    [one] = json.loads(run("list", "--json").stdout)
    assert (one["state"], one["left_alone_until"]) == ("left alone", later.isoformat())
    assert f"left alone until {later:%H:%M:%S} UTC" in run("show", "sales").stdout
    assert "is asked at once" in run("retry", "sales").stdout
    with hub.database.transaction() as session:
        assert breaker.may_try(session, session.get_one(CrmConnection, "sales"), utc_now())
    hub.close()


def test_pausing_resuming_retrying_and_removing(run: Run, data: Path, tmp_path: Path) -> None:
    added(run, tmp_path)
    hub = Hub.open(load(data))
    with hub.database.transaction() as session:
        session.add(CrmLead(connection="sales", object_id="1", dead="no such column"))
        session.add(CrmLead(connection="sales", object_id="2", due_at=AT, seen_at=AT))
    run("pause", "sales")
    [one] = json.loads(run("list", "--json").stdout)
    assert (one["state"], one["leads"], one["due"], one["dead"]) == ("paused", 2, 1, 1)
    assert "crm retry sales" in run("list").stdout
    run("resume", "sales")
    assert json.loads(run("retry", "sales", "--json").stdout) == {
        "name": "sales", "leads": 1, "was_left_alone": False,
    }  # fmt: skip
    assert json.loads(run("list", "--json").stdout)[0]["due"] == 2
    assert "--yes" in str(run("remove", "sales", fails=KitwrightError).exception)
    run("remove", "sales", "--yes")
    with hub.database.session() as session:
        for table in (CrmConnection, CrmLead, CrmEvent):
            assert session.scalar(select(func.count()).select_from(table)) == 0
    hub.close()


# with a pretended CRM


def test_a_pretended_crm_is_connected_and_has_its_fields_made(run: Run, tmp_path: Path) -> None:
    simulator = Simulator("hubspot", seed=3)
    file = tmp_path / "hubspot-secrets.json"
    write_private(file, dump_secrets(simulator.secrets))
    with serve(simulator) as url:
        words = ("--url", url, "--allow", "127.0.0.0/8", "--secrets-file", str(file))
        run("add", "sales", "--kind", "hubspot", *words, "--no-fields")
        before = json.loads(run("test", "sales", "--json", fails=5).stdout)
        missing = [check["name"] for check in before["checks"] if not check["ok"]]
        assert missing
        assert all("field" in name or "property" in name for name in missing), missing
        assert json.loads(run("fields", "sales", "--json").stdout)["ok"]
        after = json.loads(run("test", "sales", "--json").stdout)
        assert (after["ok"], after["would_write"]) == (True, [])


def test_a_crm_that_does_not_answer_is_connected_all_the_same(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    write_private(file, '{"webhook": ["client-secret"], "api": {"token": "pat-1"}}')
    words = (
        "--url",
        f"http://127.0.0.1:{free_port()}",
        "--allow",
        "127.0.0.0/8",
        "--secrets-file",
        str(file),
    )
    answer = json.loads(run("add", "sales", "--kind", "hubspot", *words, "--json").stdout)
    assert not all(check["ok"] for check in answer["fields"])
    assert [one["name"] for one in json.loads(run("list", "--json").stdout)] == ["sales"]


def test_a_sweep_begins_when_somebody_asks_for_one(run: Run, tmp_path: Path) -> None:
    added(run, tmp_path)
    assert json.loads(run("list", "--json").stdout)[0]["sweep"]["state"] == "none"
    told = json.loads(run("sweep", "sales", "--since", "2026-05-04", "--json").stdout)
    assert (told["state"], told["since"]) == ("running", "2026-05-04T00:00:00+00:00")
    assert "of everything" in run("sweep", "sales").stdout
    assert "under way" in run("list").stdout
    run("pause", "sales")
    assert "paused" in run("sweep", "sales").output
    assert "neither a day" in str(run("sweep", "sales", "--since", "x", fails=KitwrightError).exception)  # fmt: skip
    assert "ahead" in str(run("sweep", "sales", "--since", "2999-01-01", fails=KitwrightError).exception)  # fmt: skip
    run("sweep", "nobody", fails=KitwrightError)
