"""An address tells what kind of mailbox it is."""

from __future__ import annotations

import pytest

from kits.lead_scoring._mailbox import domain_of, ending_of, mailbox_kind


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("Ann@GMAIL.com", "free"), ("a@web.de", "free"), ("a@acme.example", "company"), ("a@mail.acme.example", "company"),
        ("s@cs.stanford.edu", "school"), ("s@ox.ac.uk", "school"), ("s@uni-ulm.de", "school"), ("x@nasa.gov", "state"),
        ("INFO@acme.example", "shared"), ("info-de@acme.example", "shared"), ("sales.uk@acme.example", "shared"), ("büro2@acme.example", "shared"),
        ("accueil@acme.example", "shared"), ("ann.post@acme.example", "company"), ("infante@acme.example", "company"), ("info@gmail.com", "free"),
        ("einkauf@acme.example", "purchasing"), ("service-achats@acme.example", "purchasing"), ("ufficio.acquisti@acme.example", "purchasing"),
        ("info+a@acme.example", "shared"), ("ann+info@acme.example", "company"), ("info@uni-ulm.de", "school"), ("acme.example", "company"),
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


@pytest.mark.parametrize(
    ("address", "ending"),
    [("a@acme.DE", "de"), ("a@acme.co.uk", "uk"), ("a@gmail.com", "com"), ("a@mail.acme", "other"), ("", None), ("a@b", None)],
)  # fmt: skip
def test_addresses_end_in_a_country_or_what_everybody_may_have(
    address: str, ending: str | None
) -> None:
    assert ending_of(address) == ending
