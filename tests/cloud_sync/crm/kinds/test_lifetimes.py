"""A version of a CRM's API that ends is said half a year ahead: to who asks the doctor, and by an alert."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.crm.kinds.lifetimes import ENDS, NOTICE, end_of, tell_ending
from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.crm.upkeep import ENDS_EVERY_S, LeadUpkeep
from cloud_sync.hub import Hub
from cloud_sync.setup import Finding, doctor
from cloud_sync.store.models import Alert, CrmConnection
from kits.core.errors import ConfigError
from tests.cloud_sync.crm.builders import write_private
from tests.cloud_sync.crm.connection.test_commands import Run, added, data, run
from tests.cloud_sync.crm.lead_builders import LeadHub, lead_hub, make_rule
from tests.cloud_sync.fleet_builders import make_hub

__all__ = ["data", "run"]


@pytest.mark.parametrize(
    ("kind", "version", "end"),
    [
        ("hubspot", "2026-09", date(2028, 3, 1)),
        ("hubspot", "2026-03", date(2027, 9, 1)),
        ("hubspot", "2027-07", date(2029, 1, 1)),
        ("hubspot", "v3", date(2027, 9, 1)),
        ("hubspot", "soon", None),
        ("salesforce", "", None),
        ("salesforce", "62.0", None),
        ("salesforce", "40.0", date(2028, 6, 1)),
        ("salesforce", "21.0", date(2025, 6, 1)),
        ("pipedrive", "", None),
        ("odoo", "v3", None),
    ],
)
def test_what_the_makers_say_of_their_versions(kind: str, version: str, end: date | None) -> None:
    assert end_of(kind, version) == end


def connected(hub: Hub, name: str, kind: str, **options: str) -> None:
    settings = {"kind": kind, "object": "deals", "options": options}
    with hub.database.transaction() as session:
        session.add(CrmConnection(name=name, kind=kind, settings=settings, project="leads"))


def open_ones(hub: Hub) -> list[tuple[str, str, str]]:
    query = select(Alert.where, Alert.severity, Alert.text).where(Alert.name == ENDS, Alert.seen_at.is_(None))  # fmt: skip
    with hub.database.session() as session:
        return [(where, severity, text) for where, severity, text in session.execute(query.order_by(Alert.where))]  # fmt: skip


def on(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=timezone.utc)


def test_the_alert_comes_half_a_year_ahead_grows_graver_and_ends_with_a_later_version(
    tmp_path: Path, database_url: str
) -> None:
    url = database_url if database_url.startswith("postgres") else ""
    with make_hub(tmp_path, database_url=url) as hub:
        connected(hub, "sales", "hubspot")
        connected(hub, "old", "salesforce", version="40.0")
        connected(hub, "none", "odoo")
        end = date(2028, 3, 1)
        tell_ending(hub, on(end - NOTICE))
        assert open_ones(hub) == []
        tell_ending(hub, on(end - NOTICE + timedelta(days=1)))
        said = "version 2026-09 of the API that sales asks ends in 2028-03"
        assert open_ones(hub) == [("sales", "warning", said)]
        tell_ending(hub, on(end))
        now = {where: (severity, text) for where, severity, text in open_ones(hub)}
        assert now["sales"] == ("error", said.replace("ends", "ended"))
        assert now["old"][0] == "warning"
        with hub.database.transaction() as session:
            row = session.get_one(CrmConnection, "sales")
            row.settings = {**row.settings, "options": {"version": "2027-09"}}
        tell_ending(hub, on(end))
        assert [where for where, _, _ in open_ones(hub)] == ["old"]


def test_settings_that_nobody_can_read_are_no_obstacle(tmp_path: Path) -> None:
    with make_hub(tmp_path) as hub:
        with hub.database.transaction() as session:
            session.add(CrmConnection(name="later", kind="hubspot", settings={"kind": 7}))
        connected(hub, "sales", "hubspot")
        tell_ending(hub, on(date(2028, 1, 1)))
        assert [where for where, _, _ in open_ones(hub)] == ["sales"]


@pytest.fixture
def there(tmp_path: Path) -> Iterator[LeadHub]:
    with lead_hub(tmp_path) as made:
        yield made


def test_the_hub_looks_once_an_hour(there: LeadHub) -> None:
    ran_s = 0.0
    upkeep = LeadUpkeep(there.hub, LeadModels(there.hub, make=make_rule), clock=lambda: ran_s)
    connected(there.hub, "deals", "hubspot")
    start = on(date(2028, 1, 1))
    upkeep.look(start)
    assert [where for where, _, _ in open_ones(there.hub)] == ["deals"]
    with there.hub.database.transaction() as session:
        session.delete(session.get_one(CrmConnection, "deals"))
    connected(there.hub, "leads", "hubspot")
    for ran_s, expected in ((ENDS_EVERY_S - 1, False), (ENDS_EVERY_S, True)):
        upkeep.look(start + timedelta(seconds=ran_s))
        assert ("leads" in {where for where, _, _ in open_ones(there.hub)}) is expected


def versions(data: Path) -> list[Finding]:
    return [one for one in doctor(data) if one.check == "CRM version"]


def test_the_doctor_says_until_when_and_what_to_do(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added(run, tmp_path)
    [one] = versions(data)
    assert one.ok and one.found == "version 2026-09 of the API that sales asks ends in 2028-03"
    monkeypatch.setattr("cloud_sync.setup.utc_now", lambda: on(date(2028, 4, 1)))
    [one] = versions(data)
    assert not one.ok and "ended in 2028-03" in one.found
    assert "cloud-sync crm set sales options.version=VERSION" in one.fix


def test_a_version_that_salesforce_cannot_have_is_an_error(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    write_private(file, '{"api": {"client_id": "3MVG9", "client_secret": "s"}}')
    said = run(
        "add", "force", "--kind", "salesforce", "--url", "https://firm.my.salesforce.com",
        "--secrets-file", str(file), "--no-fields", "--option", "version=v62",
        "--option", "organization=00D000000000001", fails=ConfigError,
    )  # fmt: skip
    assert isinstance(said.exception, ConfigError)
    assert "'v62'" in said.exception.what and "62.0" in said.exception.fix
