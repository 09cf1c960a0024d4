"""An address tells what kind of mailbox it is, at import and at scoring alike, and is not kept."""

from __future__ import annotations

import pytest

from kits.lead_scoring._lead import Lead, encode_lead
from kits.lead_scoring._mailbox import (
    KIND,
    addresses_behind,
    domain_of,
    mailbox_kind,
    without_addresses,
)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("Ann@GMAIL.com", "free"), ("a@web.de", "free"), ("a@acme.example", "company"), ("a@mail.acme.example", "company"),
        ("s@cs.stanford.edu", "school"), ("s@ox.ac.uk", "school"), ("s@uni-ulm.de", "school"), ("x@nasa.gov", "state"),
        ("", None), ("nobody", None), ("a@b", None),
    ],
)  # fmt: skip
def test_addresses_have_kinds(address: str, kind: str | None) -> None:
    assert mailbox_kind(address) == kind


@pytest.mark.parametrize(
    "text",
    [
        "https://www.Acme.example/shop?x=1",
        "acme.example",
        "ann@acme.example",
        "www.acme.example:8080",
    ],
)
def test_sites_and_addresses_have_a_domain(text: str) -> None:
    assert domain_of(text) == "acme.example"


def test_a_lead_that_brings_an_address_is_scored_by_its_kind_and_loses_it() -> None:
    columns = [f"Email{KIND}", "Country"]
    lead = Lead("1", {"Email": "ann@gmail.com", "Country": "DE"})
    scored = without_addresses(lead, addresses_behind(columns))
    assert scored.fields == {f"Email{KIND}": "free", "Country": "DE"}
    assert b"ann" not in encode_lead(scored)


def test_a_lead_that_brings_the_kind_or_nothing_stays_as_it_is() -> None:
    for fields in ({f"Email{KIND}": "company"}, {"Country": "DE"}, {"Email": None}):
        lead = Lead("1", fields)
        assert without_addresses(lead, ("Email",)) is lead
