"""HubSpot: reading, writing in batches that fail in part, making properties, missing scopes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloud_sync.crm.client import looked
from cloud_sync.crm.kinds.base import Crm
from cloud_sync.effects.json_http import RefusedError
from cloud_sync.effects.targets import DeliveryError
from tests.cloud_sync.crm.portal import OWNERS, PROPERTIES, SECRETS, Portal
from tests.cloud_sync.crm.servers import Asked, Reply, Server, crm_for, crm_server, score
from tests.cloud_sync.fleet_builders import AT


@pytest.fixture
def portal() -> Portal:
    return Portal()


@pytest.fixture
def server(portal: Portal) -> Iterator[Server]:
    with crm_server(portal.act) as server:
        yield server


@pytest.fixture
def crm(server: Server) -> Crm:
    return crm_for("hubspot", server, SECRETS, columns=["email"])


@pytest.fixture
def ready(crm: Crm) -> Crm:
    crm.make_fields()
    return crm


def test_a_record_has_its_columns_and_outcome_and_never_our_own_score(crm: Crm) -> None:
    open_one, won = crm.read(["1", "2", "99"])
    assert open_one.fields == {"email": "a@x.example"}
    assert (open_one.outcome, won.outcome) == ("", "won")
    assert won.outcome_at is not None and won.outcome_at.isoformat() == "2026-04-01T00:00:00+00:00"
    assert open_one.modified_at.isoformat() == "2026-05-04T12:00:00.123000+00:00"


def test_without_named_columns_all_that_the_account_has_are_read(server: Server) -> None:
    crm = crm_for("hubspot", server, SECRETS)
    [record] = crm.read(["1"])
    assert record.fields == {"email": "a@x.example"}
    crm.read(["1"])
    assert server.paths().count(f"GET {PROPERTIES}") == 1


def test_numbers_come_as_texts_and_are_numbers(server: Server, portal: Portal) -> None:
    """A bundle of German tables would read `1.125` as 1125, as these write it."""
    portal.properties |= {"amount": "number", "note": "string"}
    portal.contacts["1"] |= {"amount": "1.125", "note": "1.125"}
    [record] = crm_for("hubspot", server, SECRETS, columns=["amount", "note"]).read(["1"])
    assert record.fields == {"amount": 1.125, "note": "1.125"}


def test_columns_of_an_export_are_read_by_their_labels(server: Server, portal: Portal) -> None:
    portal.labels["email"] = "Work E-mail"
    crm = crm_for("hubspot", server, SECRETS, columns=["Work E-mail", "forms: count"])
    [record] = crm.read(["1"])
    assert record.fields == {"Work E-mail": "a@x.example"}


def test_an_export_with_labels_as_titles_has_them_in_its_cells_too(
    server: Server, portal: Portal
) -> None:
    portal.properties |= {"hs_analytics_source": "enumeration", "wants": "enumeration"}
    portal.labels |= {"hs_analytics_source": "Original Traffic Source", "wants": "Wants"}
    portal.options |= {
        "hs_analytics_source": {"ORGANIC_SEARCH": "Organic search"},
        "wants": {"a": "Advice", "p": "Price list"},
        "lifecyclestage": {"customer": "Customer"},
    }
    portal.contacts["2"] |= {"hs_analytics_source": "ORGANIC_SEARCH", "wants": "a;p;x"}
    labels = crm_for("hubspot", server, SECRETS, columns=["Original Traffic Source", "Wants"])
    [record] = labels.read(["2"])
    assert record.fields == {
        "Original Traffic Source": "Organic search",
        "Wants": "Advice;Price list;x",
    }
    assert record.outcome == "won"
    names = crm_for("hubspot", server, SECRETS, columns=["hs_analytics_source", "wants"])
    [record] = names.read(["2"])
    assert record.fields == {"hs_analytics_source": "ORGANIC_SEARCH", "wants": "a;p;x"}


def test_owners_are_read_by_their_names_as_exports_have_them(
    server: Server, portal: Portal
) -> None:
    """HubSpot lists no choices of such a property: their names are elsewhere, with a scope of their own."""
    portal.properties["hubspot_owner_id"] = "enumeration"
    portal.labels["hubspot_owner_id"] = "Contact owner"
    for contact, owner in (("1", "71"), ("2", "70"), ("3", "72"), ("4", "99")):
        portal.contacts[contact] = {"hubspot_owner_id": owner}

    def read() -> list[object]:
        crm = crm_for("hubspot", server, SECRETS, columns=["Contact owner"])
        return [record.fields["Contact owner"] for record in crm.read(["1", "2", "3", "4"])]

    assert read() == ["Ann Miller", "Bob Frank", "support@x.example", "99"]
    scope = "scope crm.objects.owners.read"
    checks = crm_for("hubspot", server, SECRETS, columns=["Contact owner"]).check()
    assert [one.ok for one in checks if one.name == scope] == [True]
    portal.missing_scopes.add("crm.objects.owners.read")
    assert read() == ["71", "70", "72", "99"], "what can be known without it is read"
    checks = crm_for("hubspot", server, SECRETS, columns=["Contact owner"]).check()
    assert [one.ok for one in checks if one.name == scope] == [False]
    for columns in (["email"], ["hubspot_owner_id"], []):
        checks = crm_for("hubspot", server, SECRETS, columns=columns).check()
        assert scope not in {one.name for one in checks}, "no bundle has learned from their names"


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_version_without_owners_keeps_no_lead_from_being_scored(
    owned: Portal, server: Server, status: int
) -> None:
    refusing(server, owned, status)
    crm = crm_for("hubspot", server, SECRETS, columns=["Contact owner"])
    assert [one.fields["Contact owner"] for one in crm.read(["1"])] == ["71"]


def test_owners_that_cannot_be_had_for_a_while_are_called_as_before(
    owned: Portal, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looked, "KEPT_S", 0.0)
    monkeypatch.setattr(looked, "FRESH_S", 0.0)
    crm = crm_for("hubspot", server, SECRETS, columns=["Contact owner"])
    refusing(server, owned, 503)
    with pytest.raises(DeliveryError, match="503"):
        crm.read(["1"])
    for status in (200, 503):
        refusing(server, owned, status)
        assert [one.fields["Contact owner"] for one in crm.read(["1"])] == ["Ann Miller"]


@pytest.fixture
def owned(portal: Portal) -> Portal:
    portal.properties["hubspot_owner_id"] = "enumeration"
    portal.labels["hubspot_owner_id"] = "Contact owner"
    portal.contacts["1"] = {"hubspot_owner_id": "71"}
    return portal


def refusing(server: Server, portal: Portal, status: int) -> None:
    """Owners alone are refused; 200: not any more."""
    refused = Reply({"message": "no owners"}, status)
    server.act = lambda asked: refused if asked.path == OWNERS and status != 200 else portal.act(asked)  # fmt: skip


def test_properties_are_made_once_in_a_group_of_their_own(crm: Crm, portal: Portal) -> None:
    assert not all(check.ok for check in crm.check())
    assert all(check.ok for check in crm.make_fields())
    assert portal.properties["kitwright_score"] == "number"
    assert portal.groups == ["kitwright"]
    made = dict(portal.properties)
    assert all(check.ok for check in crm.make_fields())
    assert portal.properties == made


def test_scores_are_written_in_one_batch_and_shown_as_people_read_them(
    ready: Crm, portal: Portal
) -> None:
    outcomes = ready.write([score("1"), score("2", 5, band="cold")])
    assert [o.ok for o in outcomes] == [True, True]
    assert portal.batches == [2]
    shown = portal.contacts["1"]
    assert (shown["kitwright_score"], shown["kitwright_band"]) == ("87", "hot")
    assert shown["kitwright_reasons"].splitlines()[0] == "asked for a demo: 31 % buy"
    assert shown["kitwright_percentile"] == "95.0"
    assert shown["kitwright_scored_at"] == AT.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_score_that_is_taken_away_leaves_nothing(ready: Crm, portal: Portal) -> None:
    ready.write([score("1")])
    ready.write([score("1", None, version=2)])
    ours = {k: v for k, v in portal.contacts["1"].items() if k.startswith("kitwright_")}
    assert set(ours.values()) == {""}


def test_of_a_batch_that_fails_in_part_each_lead_has_its_own_outcome(ready: Crm) -> None:
    fine, gone = ready.write([score("1"), score("99")])
    assert fine.ok and not gone.ok and gone.gone


def test_a_property_that_nobody_may_write_is_named(ready: Crm, portal: Portal) -> None:
    portal.closed.add("kitwright_score")
    [closed] = [check for check in ready.check() if not check.ok]
    assert (closed.name, closed.found) == ("property kitwright_score", "number, read only")
    assert "fields.points" in closed.fix


def test_a_missing_property_is_said_and_is_no_passing_trouble(crm: Crm) -> None:
    with pytest.raises(RefusedError, match="does not exist") as caught:
        crm.write([score("1")])
    assert not caught.value.retry


@pytest.mark.parametrize(
    "scope",
    ["crm.objects.contacts.read", "crm.objects.contacts.write"],
)
def test_a_missing_scope_is_named_with_where_to_add_it(
    ready: Crm, portal: Portal, scope: str
) -> None:
    portal.missing_scopes.add(scope)
    [missing] = [check for check in ready.check() if not check.ok]
    assert scope in missing.name and f"lacks {scope}" in missing.found
    assert "Service Keys" in missing.fix


def test_a_scope_that_properties_need_is_named_when_they_are_made(crm: Crm, portal: Portal) -> None:
    portal.missing_scopes.add("crm.schemas.contacts.write")
    with pytest.raises(DeliveryError, match=r"lacks crm\.schemas\.contacts\.write"):
        crm.make_fields()


def test_a_record_that_breaks_a_rule_of_the_account_is_refused_alone(
    ready: Crm, portal: Portal
) -> None:
    portal.breaking.add("2")
    fine, refused = ready.write([score("1"), score("2")])
    assert fine.ok
    assert (refused.ok, refused.retry, refused.gone) == (False, False, False)
    assert "closedate is required" in refused.error


def test_a_wrong_token_is_said_and_never_shown(server: Server) -> None:
    crm = crm_for("hubspot", server, {"token": "pat-wrong-key"})
    [check] = crm.check()
    assert not check.ok and "401" in check.found
    assert "pat-wrong-key" not in repr(crm) + repr(vars(crm)) + str(check)


@pytest.mark.parametrize(
    ("trouble", "said", "after_s"),
    [
        (Reply({"message": "slow down"}, 429, {"retry-after": "7"}), "too many requests", 7.0),
        (Reply({"message": "slow down"}, 429), "too many requests", 10.0),
        (Reply("oops", 502), "HTTP 502", 0.0),
        (Reply({"message": "busy"}, 503, {"retry-after": "3"}), "HTTP 503: busy", 3.0),
        (Reply(None, 302, {"location": "http://127.0.0.1:1/"}), "HTTP 302", 0.0),
        (Reply(size=9 << 20), "an answer of more than", 0.0),
        (Reply("text"), "answered without its list 'results'", 0.0),
    ],
)  # fmt: skip
def test_what_goes_wrong_with_a_server_is_said_and_tried_again_later(
    ready: Crm, server: Server, trouble: Reply, said: str, after_s: float
) -> None:
    server.troubles.append(trouble)
    with pytest.raises(DeliveryError, match=said) as caught:
        ready.write([score("1")])
    assert caught.value.retry
    assert caught.value.after_s == after_s


def test_a_yes_that_does_not_name_a_lead_is_none_for_it(ready: Crm, server: Server) -> None:
    server.troubles.append(Reply({"status": "COMPLETE", "results": [{"id": "1"}]}))
    one, two = ready.write([score("1"), score("2")])
    assert one.ok and not two.ok and two.retry and "does not speak of it" in two.error


def test_who_takes_too_long_is_asked_again_later(ready: Crm, server: Server) -> None:
    hasty = crm_for("hubspot", server, SECRETS, timeout_s=0.5)
    server.troubles.append(Reply({}, wait_s=20))
    with pytest.raises(
        DeliveryError, match=r"no answer: it took too long \(TimeoutError\)"
    ) as caught:
        hasty.write([score("1")])
    assert (caught.value.retry, caught.value.after_s) == (True, 0.0)


def test_an_answer_that_got_lost_is_followed_by_the_same_values_again(
    ready: Crm, server: Server, portal: Portal
) -> None:
    server.lose_answer()
    with pytest.raises(DeliveryError, match="504"):
        ready.write([score("1")])
    before = dict(portal.contacts["1"])
    assert ready.write([score("1")])[0].ok
    assert portal.contacts["1"] == before


def test_after_a_refusal_for_too_many_requests_nothing_is_asked_for_a_while(
    ready: Crm, server: Server
) -> None:
    server.troubles.append(Reply({}, 429, {"retry-after": "60"}))
    with pytest.raises(DeliveryError):
        ready.write([score("1")])
    asked = len(server.asked)
    with pytest.raises(DeliveryError, match="left alone"):
        ready.write([score("1")])
    assert len(server.asked) == asked


def test_an_id_that_is_none_keeps_no_batch_from_being_read(crm: Crm, server: Server) -> None:
    before = len(server.asked)
    assert crm.read(["abc", "²", "1e3"]) == []
    assert len(server.asked) == before


def test_a_record_that_was_merged_meanwhile_is_gone_and_the_other_one_named(
    crm: Crm, portal: Portal, server: Server
) -> None:
    crm.make_fields()
    portal.contacts = {"1": {}, "2": {}}
    act = server.act

    def merged(asked: Asked) -> Reply:
        found = act(asked)
        if asked.path.endswith("batch/update"):
            for row in found.value["results"]:
                row["id"] = "1"
        return found

    server.act = merged
    kept, gone = crm.write([score("1"), score("2")])
    assert kept.ok and not kept.into
    assert (gone.ok, gone.gone, gone.into) == (False, True, ("1",))
    [alone] = crm.write([score("2")])
    assert (alone.gone, alone.into) == (True, ("1",))
