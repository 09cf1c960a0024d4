"""What a scored lead's answer says of fields that its bundle does not look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from cloud_sync.api.lead_scores import MAX_LEADS
from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.crm.scoring.scored import MAX_NAMES, MAX_WORDS
from cloud_sync.crm.scoring.unused import Unused
from kits.core.bundle import Bundle
from kits.core.ready import ReadyBundle
from tests.cloud_sync.crm.lead_apis import asker, opened
from tests.cloud_sync.crm.lead_builders import Rule, make_rule

URL = "/v1/leads/score"


class Asking(Rule):
    """A rule that says which columns it looks at."""

    columns = ("size", "city", "country", "no_scoring", "visited")


def make_asking(bundle: Bundle) -> ReadyBundle:
    return ReadyBundle(make_rule(bundle).bundle, Asking())


def test_an_answer_names_fields_that_the_bundle_does_not_know_and_what_each_may_be(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as (client, here):
        client.app.state.lead_desk.models = LeadModels(here.hub, make=make_asking)
        misspelt = {"size": 80, "Contry": "DE", "note": "x"}
        lead = {"id": "1", "fields": misspelt}
        who = asker(here.hub)
        one = client.post(URL, json={"lead": lead}, headers=who).json()
        assert one["unused_fields"] == ["Contry", "note"]
        assert one["did_you_mean"] == {"Contry": "country"}
        assert one["unknown_fields"] == ["country"]  # what it did not get, as before
        right = {"id": "2", "fields": {"size": 80, "country": "DE"}}
        body = {"leads": [lead, right, {"id": "3"}]}
        many = client.post(URL, json=body, headers=who).json()["results"]
        assert many[0]["score"]["did_you_mean"] == {"Contry": "country"}
        assert many[1]["score"]["unused_fields"] == [] and "error" in many[2]


def test_a_bundle_that_does_not_say_what_it_looks_at_calls_nothing_unused(tmp_path: Path) -> None:
    with opened(tmp_path) as (client, here):
        lead = {"fields": {"size": 80, "note": "x"}}
        told = client.post(URL, json={"lead": lead}, headers=asker(here.hub)).json()
        assert told["unused_fields"] == [] and told["did_you_mean"] == {}


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (["Compnay"], {"Compnay": "Company"}),
        (["COMPANY"], {"COMPANY": "Company"}),
        (["Deal - Wert"], {"Deal - Wert": "Wert"}),
        (["Deal - Wert", "Wert"], {}),
        (["zzz"], {}),
    ],
)
def test_only_a_column_that_was_not_sent_is_meant(
    sent: Sequence[str], meant: dict[str, str]
) -> None:
    assert Unused(("Company", "Wert")).told(sent)["did_you_mean"] == meant


def test_what_is_told_is_bounded_however_much_is_sent() -> None:
    unused = Unused(("Company",))
    told = unused.told([f"{n:04} {'x' * 2 * MAX_WORDS}" for n in range(MAX_LEADS)])
    names = told["unused_fields"]
    assert isinstance(names, list) and len(names) == MAX_NAMES
    assert all(len(str(name)) == MAX_WORDS for name in names) and told["did_you_mean"] == {}
    meant = Unused(("Company",)).told([f"Company {n}" for n in range(MAX_NAMES)])["did_you_mean"]
    assert isinstance(meant, dict) and 0 < len(meant) < MAX_NAMES


def test_what_a_bundle_makes_of_a_column_may_be_sent_in_its_place() -> None:
    kind = "Email (kind of mailbox)"
    told = Unused(("Email", "City"), frozenset({kind})).told([kind, "Emial"])
    assert told["unused_fields"] == ["Emial"]
