"""Links to records: each kind's own form, https alone, and nothing of a hostile id but a part of the path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds.record_pages import page_of
from cloud_sync.crm.kinds.table import KINDS
from cloud_sync.store.models import CrmConnection
from tests.cloud_sync.crm.lead_apis import asker, opened
from tests.cloud_sync.crm.lead_builders import SALES, LeadHub

HOSTILE = '../?a=b#"><script>{url}{id}'
QUOTED = "..%2F%3Fa%3Db%23%22%3E%3Cscript%3E%7Burl%7D%7Bid%7D"
FIRM = "https://firm.example.com"


def settings(kind: str, **said: object) -> CrmSettings:
    return CrmSettings.model_validate({"kind": kind, **said})


@pytest.mark.parametrize(
    ("said", "page"),
    [
        (settings("hubspot", options={"account": "77"}), "https://app.hubspot.com/contacts/77/record/0-1/"),
        (
            settings("hubspot", object="deals", options={"account": "77"}),
            "https://app.hubspot.com/contacts/77/record/0-3/",
        ),
        (settings("pipedrive"), "https://app.pipedrive.com/deal/"),
        (settings("pipedrive", object="leads"), "https://app.pipedrive.com/leads/inbox/"),
        (settings("odoo", url=FIRM), f"{FIRM}/mail/view?model=crm.lead&res_id="),
        (settings("dynamics", url=FIRM), f"{FIRM}/main.aspx?pagetype=entityrecord&etn=lead&id="),
        (settings("webhook", record_url=FIRM + "/leads/{id}"), f"{FIRM}/leads/"),
        (settings("odoo", url=FIRM, record_url=FIRM + "/web#id={id}"), f"{FIRM}/web#id="),
    ],
)  # fmt: skip
def test_each_kind_has_its_form_and_an_id_is_quoted(said: CrmSettings, page: str) -> None:
    assert page_of(said, "42") == page + "42"
    assert page_of(said, HOSTILE) == page + QUOTED


def test_salesforce_opens_a_record_in_lightning() -> None:
    said = settings("salesforce", url="https://firm.my.salesforce.com", object="Opportunity")
    assert (
        page_of(said, "006x") == "https://firm.my.salesforce.com/lightning/r/Opportunity/006x/view"
    )


def test_there_is_no_link_where_none_is_known_or_it_is_not_https() -> None:
    assert page_of(settings("hubspot"), "42") == "", "its account's number is not known"
    assert page_of(settings("odoo", url="http://127.0.0.1:8069"), "42") == ""
    assert page_of(settings("odoo"), "42") == "" and page_of(settings("webhook"), "42") == ""
    assert page_of(settings("pipedrive"), "") == ""
    assert all(
        "https" in kind.page or "{url}" in kind.page or not kind.page for kind in KINDS.values()
    )


@pytest.mark.parametrize(
    "address",
    ["http://firm.example.com/{id}", "javascript:alert({id})", "https://{id}.example.com/", FIRM,
     "https://who:secret@firm.example.com/{id}", "https:///{id}"],
)  # fmt: skip
def test_an_address_of_ones_own_is_https_with_the_id_after_the_host(address: str) -> None:
    with pytest.raises(ValidationError):
        settings("webhook", record_url=address)


@pytest.fixture
def there(tmp_path: Path) -> Iterator[tuple[TestClient, LeadHub]]:
    with opened(tmp_path) as made:
        _, here = made
        here.crm.put("1/2", size=80)
        here.score("1/2")
        yield made


def test_pages_of_leads_link_to_the_record(there: tuple[TestClient, LeadHub]) -> None:
    client, here = there
    who = asker(here.hub)
    pages = ("/leads", f"/leads/{SALES}/1%2F2")
    assert not any('target="_blank"' in client.get(page, headers=who).text for page in pages)
    with here.hub.database.transaction() as session:
        row = session.get_one(CrmConnection, SALES)
        row.settings = {**row.settings, "record_url": FIRM + "/leads/{id}?tab=1&full=1"}
    for page in pages:
        text = client.get(page, headers=who).text
        assert (
            f'href="{FIRM}/leads/1%2F2?tab=1&amp;full=1" target="_blank" rel="noopener noreferrer"'
            in text
        )
