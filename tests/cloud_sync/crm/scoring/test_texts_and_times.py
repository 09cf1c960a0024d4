"""Whatever stands in a lead, and whenever it says that it was: scored, stored and shown, or refused with a word."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cloud_sync.crm.client.shown import moment, stamp
from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.opening import Opener
from cloud_sync.crm.connection.secrets import Secrets
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.inbound.messages import moment_ms, moment_s, moment_text
from cloud_sync.crm.leads import hotlist, leads
from cloud_sync.crm.leads.lots import Lots
from cloud_sync.crm.scoring.loop import LeadScoring
from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.hub import Hub
from cloud_sync.store.bulk import sql_time
from cloud_sync.store.models import CrmLead
from kits.core.sample import utc_now
from tests.cloud_sync.crm.lead_builders import LEADS, lead_bundle, release_bundle
from tests.cloud_sync.crm.portal import SECRETS, Portal
from tests.cloud_sync.crm.servers import LOOPBACK, crm_server
from tests.cloud_sync.crm.writing_builders import NAME
from tests.cloud_sync.fleet_builders import make_hub
from tests.failure.crm_hub import COLUMN, make_by_visits, points_of

TEXTS = {
    "a million": "x" * 1_000_000, "emoji": "👩‍👩‍👧‍👦🏳️‍🌈" * 50, "nul": "a\0b", "right to left": "\u202eevil\u202c",
    "half": "a\ud800b", "escape": "\x1b[2J\x1b]0;x\x07", "html": "<script>alert(1)</script>", "lines": "a\r\nb\u2028c",
}  # fmt: skip


def test_whatever_stands_in_a_lead_it_is_scored_stored_and_shown(
    tmp_path: Path, database_url: str
) -> None:
    portal = Portal()
    names = {name: str(number) for number, name in enumerate(TEXTS, 1)}
    portal.properties |= {COLUMN: "number", "company": "string"}
    portal.contacts = {
        number: {COLUMN: number, "company": TEXTS[name], "email": TEXTS[name]}
        for name, number in names.items()
    }
    with crm_server(portal.act) as server, make_hub(tmp_path, database_url=database_url) as hub:
        release_bundle(hub, lead_bundle())
        settings = CrmSettings(
            kind="hubspot", url=server.url, allow=LOOPBACK, columns=(COLUMN, "company", "email"),
            rate_per_10s=5000,
        )  # fmt: skip
        connections.add(hub, NAME, settings, LEADS, Secrets(api=SECRETS), by="test")
        make_due(hub, list(names.values()))
        LeadScoring(hub, LeadModels(hub, make=make_by_visits), Opener(hub)).step()
        with hub.database.session() as session:
            page = hotlist.page(session, hotlist.LeadFilter(), Lots({}), limit=50, cursor="")
            shown = {one.lead.object_id: leads.as_json(one.lead, fields=True) for one in page.leads}
            titles = {one.lead.object_id: leads.title_of(one.lead) for one in page.leads}
    assert {name: shown[number]["points"] for name, number in names.items()} == {
        name: points_of(int(number)) for name, number in names.items()
    }
    for number in names.values():
        assert str(shown[number]).encode()
        assert titles[number] and len(titles[number]) <= leads.MAX_TITLE
        assert not set("\0\x1b\u202e\r\n\u2028") & set(titles[number])
        fields = shown[number]["fields"]
        assert isinstance(fields, dict) and len(str(fields["company"])) <= 4000


def make_due(hub: Hub, names: list[str]) -> None:
    with hub.database.transaction() as session:
        for name in names:
            session.add(CrmLead(connection=NAME, object_id=name, due_at=utc_now(), due_mark=1))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-03-29T02:30:00+01:00", "2026-03-29T01:30:00Z"),  # an hour that Berlin's clocks leave out
        ("2026-10-25T02:30:00+02:00", "2026-10-25T00:30:00Z"),  # and the one they have twice
        ("2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00Z"),
        ("2026-10-25 02:30:00", "2026-10-25T02:30:00Z"),  # Odoo and Pipedrive: UTC without a word of it
        ("2026-05-04T12:00:00.000+0000", "2026-05-04T12:00:00Z"),  # Salesforce
        ("2026-05-04", "2026-05-04T00:00:00Z"),
        ("1777896000000", "2026-05-04T12:00:00Z"),  # HubSpot
    ],
)  # fmt: skip
def test_times_of_crms_are_read_as_they_are_meant(said: str, meant: str) -> None:
    found = moment(said)
    assert found is not None and stamp(found) == meant


def test_no_time_at_the_ends_of_the_calendar_breaks_anything(tmp_path: Path) -> None:
    rng = random.Random(5)
    texts = [
        f"{year:04}-{month:02}-{day:02}T{hour:02}:59:59{zone}"
        for year in (0, 1, 2, 1969, 1970, 2038, 9998, 9999)
        for month, day, hour in ((1, 1, 0), (12, 31, 23), (2, 29, 12))
        for zone in ("", "Z", "+14:00", "-12:00", "+23:59", "-23:59")
    ]
    numbers = [
        0,
        -1,
        2**31,
        2**63,
        -(2**63),
        10**18,
        *(rng.randrange(-(10**16), 10**16) for _ in range(200)),
    ]
    with make_hub(tmp_path) as hub, hub.database.session() as session:
        stored = sql_time(session)
        for value in (*texts, *map(str, numbers)):
            for found in (moment(value), moment_text(value)):
                check_time(found, stored)
        for number in numbers:
            for found in (moment(number), moment_ms(number), moment_s(number)):
                check_time(found, stored)


def check_time(found: datetime | None, stored: Callable[[datetime | None], object]) -> None:
    if found is not None:
        assert datetime.fromisoformat(str(stored(found))).year >= 1
        assert min(found, utc_now() + timedelta(minutes=5)) <= utc_now() + timedelta(minutes=5)
