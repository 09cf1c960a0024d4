"""An address tells what kind of mailbox it is."""

from __future__ import annotations

import pytest

from kits.lead_scoring._mailbox import domain_of, mailbox_kind


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
