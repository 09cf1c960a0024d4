"""Pages of a hub that scores leads, with and without devices: what they say of leads, and what they leave out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update

from cloud_sync.crm.connection.used_up import UsedUp
from cloud_sync.crm.outcomes.outcomes import device_of
from cloud_sync.crm.outcomes.terms import terms_of
from cloud_sync.errors import ConflictError
from cloud_sync.fleet.devices import CRM_SITE
from cloud_sync.learning import jobs
from cloud_sync.store.models import (
    Alert,
    Bundle,
    CrmConnection,
    CrmLead,
    Device,
    Job,
    LeadModel,
    Project,
)
from cloud_sync.web.words import above, chance
from kits.core import bundle as formats
from kits.core.sample import utc_now
from tests.cloud_sync.crm.lead_apis import asker, opened
from tests.cloud_sync.crm.lead_builders import LEADS, SALES, LeadHub, lead_bundle

OF_DEVICES = ("Devices online", "Decisions", "Audited rates", "Given up", "The line", "No device")


@pytest.fixture
def there(tmp_path: Path) -> Iterator[tuple[TestClient, LeadHub]]:
    with opened(tmp_path) as made:
        _, here = made
        for name, size in (("1", 80), ("2", 70), ("3", 5), ("4", "large")):
            here.crm.put(name, size=size)
        here.score("1", "2", "3", "4")
        yield made


def test_the_first_page_of_leads_alone_speaks_of_leads_alone(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    with here.hub.database.transaction() as session:
        session.add(Device(name=device_of(SALES), site=CRM_SITE))
        session.execute(update(Device).where(Device.name == "press-1").values(revoked_at=utc_now()))
    who = asker(here.hub)
    text = client.get("/", headers=who).text
    assert not [words for words in OF_DEVICES if words in text]
    assert "Hot leads" in text and "3 to write · 1 for a person" in text
    assert "0 reviewed in 24 hours" in text, "as the page says above"
    assert "1 lead is for a person" in text and "1 lead of sales cannot be scored" in text
    with here.hub.database.transaction() as session:
        session.get_one(CrmLead, (SALES, "4")).dead = ""
        session.execute(update(Alert).values(seen_at=utc_now()))
    text = client.get("/", headers=who).text
    assert "No lead waits for a person and everything was reviewed" in text
    with here.hub.database.transaction() as session:
        session.add(Device(name="press-2", site="plant"))
    text = client.get("/", headers=who).text
    assert "0 / 1" in text and "Hot leads" in text and "Decisions per hour" in text


def test_the_menu_of_a_hub_that_only_ever_had_leads_leaves_out_what_is_of_devices(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    of_devices = ("/cases", "/mails", "/ledger", "/rollouts")
    who = asker(here.hub)

    def shown(page: str) -> list[str]:
        menu = client.get(page, headers=who).text.partition("<nav")[2].partition("</nav>")[0]
        return [path for path in of_devices if f'href="{path}"' in menu]

    assert shown("/leads") == list(of_devices), "there is a device"
    with here.hub.database.transaction() as session:
        session.execute(delete(Device).where(Device.site != CRM_SITE))
    assert shown("/leads") == [] and shown("/rollouts") == ["/rollouts"]
    assert shown("/bundles/none") == [], "of a page that is not there"
    assert 'href="/devices"' in client.get("/leads", headers=who).text
    with here.hub.database.transaction() as session:
        session.add(Device(name="press-9", site="plant", revoked_at=utc_now()))
    assert shown("/leads") == list(of_devices), "what it sent is still to be seen"


def test_the_page_of_a_bundle_says_whose_leads_it_scores(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    who = asker(here.hub, "admin")
    with here.hub.database.session() as session:
        bundle = session.scalars(select(Bundle.id)).one()
    text = client.get(f"/bundles/{bundle}", headers=who).text
    assert "It scores the leads of" in text and f"/leads?connection={SALES}" in text
    assert "Roll out" not in text and "rolled out" not in text
    assert "scores leads" in client.get("/bundles", headers=who).text
    assert "0 devices" not in client.get("/bundles", headers=who).text
    assert bundle not in client.get("/rollouts", headers=who).text


def test_money_stands_with_its_currency_and_metrics_in_plain_words(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    money = {"value": 7019.0, "low": 4995.0, "high": 9224.0, "n": 450}
    compared = {
        "better": False,
        "champion": {"money_per_month": money},
        "cost_difference": {"value": -0.31},
    }
    with here.hub.database.transaction() as session:
        session.get_one(
            Project, LEADS
        ).kit_yaml = "kit: lead-scoring\nname: leads\ncosts: {currency: CHF, escape: 800}"
        bundle = session.scalars(select(Bundle)).one()
        bundle.metrics, bundle.comparison, known = {"money_per_month": money}, compared, bundle.id
        done = Job(
            kind="retraining", state="done", args={"project": LEADS}, result={"compare": compared}
        )
        stated = {**compared, "currency": "PLN"}
        other = Job(
            kind="retraining", state="done", args={"project": LEADS}, result={"compare": stated}
        )
        session.add_all([done, other])
        session.flush()
        ids = done.id, other.id
    who = asker(here.hub)
    text = client.get(f"/bundles/{known}", headers=who).text
    assert "money per month, EUR" in text and "cost difference per 1000, EUR" in text
    assert "costs.currency: EUR, now CHF" in text and "costs.escape: 100, now 800" in text
    assert "costs.overkill" not in text and "kit tune" in text
    plain = "what calling by score brings in a month beside calling as many in random order"
    assert text.count(plain) == 2  # of the bundle, and beside the champion's
    assert "-310" in text and "-0.310" not in text
    first, second = (client.get(f"/jobs/{job}", headers=who).text for job in ids)
    assert plain in first and "what 1,000 samples cost more with the challenger" in first
    assert "money per month, CHF" in first and "cost difference per 1000, PLN" in second
    with here.hub.database.transaction() as session:
        session.get_one(Project, LEADS).kit_yaml = "costs: ["
    text = client.get(f"/bundles/{known}", headers=who).text
    assert "money per month" in text and "kit tune" not in text


@pytest.mark.parametrize(
    ("share", "said"), [(0.0, "0"), (0.944, "94"), (0.99, "99"), (0.991, "more than 99"), (1.0, "more than 99")]
)  # fmt: skip
def test_no_lead_is_above_all_of_them(share: float, said: str) -> None:
    assert above(share) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "0"), (0.0026, "0.3"), (0.0994, "10"), (0.31, "31"), (0.9967, "99.7"), (1.0, "100")],
)
def test_a_small_chance_is_not_none(share: float, said: str) -> None:
    assert chance(share) == said


def test_the_chance_stands_with_its_interval_and_the_cut_with_its_time(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    with here.hub.database.transaction() as session:
        lead = session.get_one(CrmLead, (SALES, "3"))
        lead.probability, lead.low, lead.high = 0.0026, 0.0001, 0.0288
        lead.probability_when_new = 0.4
        model = session.get_one(LeadModel, LEADS)
        model.cut = {
            "bundle": model.bundle, "hot": 0.5, "warm": 0.1, "n": 1234,
            "at": "2026-11-27T18:28:28+00:00", "quantiles": [0.0, 1.0],
        }  # fmt: skip
    who = asker(here.hub)
    page = client.get(f"/leads/{SALES}/3", headers=who).text
    assert "0.3 % chance to buy" in page and "[0.0, 3; 80 % interval]" in page
    assert ", 40 % when it came" in " ".join(page.split())
    page = client.get("/leads", headers=who).text
    assert "by the 1\u202f234 latest leads of" in page and "2026-11-27 18:28 UTC" in page


def test_the_page_says_why_the_crm_shows_other_points_and_sets_commands_as_such(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    who = asker(here.hub)
    with here.hub.database.transaction() as session:
        lead = session.get_one(CrmLead, (SALES, "1"))
        lead.write_at, lead.wrote_at, lead.wrote_points = None, utc_now(), 79
        row = session.get_one(CrmConnection, SALES)
        row.failures, row.error, row.hidden_at = 1, "see `crm test sales`", utc_now()
    assert "fewer than 3 points apart" in client.get(f"/leads/{SALES}/1", headers=who).text
    page = client.get("/leads", headers=who).text
    assert "is failing: see <code>crm test sales</code>" in page, "not since it hid leads"
    with here.hub.database.transaction() as session:
        session.get_one(CrmLead, (SALES, "1")).wrote_points = 80
    assert "points apart" not in client.get(f"/leads/{SALES}/1", headers=who).text


def test_a_rep_reads_what_a_crm_refuses_in_its_words_and_an_administrator_its_answer_too(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    said = 'answered with HTTP 400: not valid: [{"isValid":false,"message":"Property \\"<s>\\" does not exist"'
    plain = "its score is not written: not valid: Property &#34;&lt;s&gt;&#34; does not exist"
    rep, admin = asker(here.hub), asker(here.hub, "admin")
    for dead, error in ((f"write: {said}", said), ("", said)):
        with here.hub.database.transaction() as session:
            row = session.get_one(CrmConnection, SALES)
            row.failures, row.error = 1, said
            lead = session.get_one(CrmLead, (SALES, "1"))
            lead.dead, lead.write_error, lead.write_at = dead, error, utc_now()
        page = client.get(f"/leads/{SALES}/1", headers=rep).text
        assert plain in page and "isValid" not in page and "<s>" not in page
        assert "<code>cloud-sync crm fields sales</code>" in page
        raw = client.get(f"/leads/{SALES}/1", headers=admin).text
        assert plain in raw and "isValid" in raw and "<s>" not in raw
        for state in ("all", "dead"):
            page = client.get(f"/leads?state={state}", headers=rep).text
            assert "isValid" not in page and (not dead or plain in page)


def test_where_all_leads_are_decided_it_is_not_said_that_there_are_none(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    who = asker(here.hub)
    cursor = client.get("/v1/leads?limit=2", headers=who).json()["next"]
    with here.hub.database.transaction() as session:
        session.execute(update(CrmLead).values(state="won"))
    page = client.get("/leads", headers=who).text
    assert "No open lead has a score" in page and "No leads yet" not in page
    page = client.get(f"/leads?cursor={cursor}", headers=who).text
    assert "No more leads" in page and "No open lead" not in page, "the list became shorter"
    with here.hub.database.transaction() as session:
        session.execute(delete(CrmLead))
    assert "No leads yet" in client.get("/leads", headers=who).text


def test_a_job_that_is_there_is_told_with_a_place_that_is_there(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    with here.hub.database.transaction() as session:
        jobs.enqueue(session, "retrain", {}, by="ada", unique_key="x")
        with pytest.raises(ConflictError) as told:
            jobs.enqueue(session, "retrain", {}, by="ada", unique_key="x")
    place = told.value.fix.rpartition(" ")[2]
    assert client.get(place, headers=asker(here.hub)).status_code == 200


def test_a_lead_says_how_sure_its_interval_is_as_its_bundle_does(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    who = asker(here.hub)
    assert "[75, 85; 80 % interval]" in client.get(f"/leads/{SALES}/1", headers=who).text
    with here.hub.database.transaction() as session:
        session.get_one(CrmLead, (SALES, "1")).confidence = None
    assert "[75, 85]" in client.get(f"/leads/{SALES}/1", headers=who).text


def test_a_lead_that_is_taken_for_a_test_says_so(there: tuple[TestClient, LeadHub]) -> None:
    client, here = there
    who = asker(here.hub)
    with here.hub.database.transaction() as session:
        session.get_one(CrmLead, (SALES, "1")).trial = "a test address"
    page = client.get(f"/leads/{SALES}/1", headers=who).text
    assert "Has a test address: it is scored, and not learned from." in page
    assert client.get("/leads", headers=who).text.count("a test address") == 1


def test_what_the_team_can_do_is_compared_as_its_project_says_it_now() -> None:
    made = formats.open_bytes(lead_bundle())
    config = {**made.manifest.config, "team": {"value": 500.0, "contact": 20.0, "gone": 1}}
    made = replace(made, manifest=made.manifest.model_copy(update={"config": config}))
    now = "kit: lead-scoring\nname: leads\nmodel: {team: {value: 800}}"
    assert terms_of(made, now).changed == ("model.team.value: 500, now 800",)
    assert terms_of(made, "").changed == ()


def test_a_name_that_is_read_from_right_to_left_moves_nothing_beside_it(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    here.crm.put("rtl", size=50, name="\u200fדנה כהן\u200e", company="شركة\u202e الشرق")
    here.score("rtl")
    who = asker(here.hub)
    for address in ("/leads", f"/leads/{SALES}/rtl"):
        text = client.get(address, headers=who).text
        assert "<bdi>דנה כהן</bdi>" in text, "the marks of its script are no faults"
        assert "شركة\ufffd الشرق</bdi>" in text, "what turns a line around is"


def test_pages_say_that_leads_wait_for_the_crms_next_day(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    here.due("1")
    here.crm.budget.use_up("nothing is left")
    UsedUp(here.hub).look(SALES, here.crm.budget)
    who = asker(here.hub)
    text = " ".join(client.get("/leads", headers=who).text.split())
    assert "allows no more requests today: the requests that sales allows in a day" in text
    lead = client.get(f"/leads/{SALES}/1", headers=who).text
    assert "sales allows no more requests today." in lead
    [said] = client.get("/v1/leads/connections", headers=who).json()["connections"]
    assert said["state"] == "day used up"
