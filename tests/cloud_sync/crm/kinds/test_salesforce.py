"""Salesforce: its three ways to sign in, SOQL, collections that fail in part, fields, changes by its own clock."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from urllib.parse import quote_plus

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from cloud_sync.crm.client.budget import ThrottledError
from cloud_sync.crm.kinds.base import Crm, CrmEvent
from cloud_sync.crm.kinds.salesforce.client import Salesforce
from cloud_sync.effects.targets import DeliveryError
from kits.core.errors import ConfigError, DataError
from tests.cloud_sync.crm.org import BASE, SECRETS, Org
from tests.cloud_sync.crm.servers import Reply, Server, access_for, crm_for, crm_server, score

NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


@pytest.fixture
def org() -> Org:
    return Org()


@pytest.fixture
def server(org: Org) -> Iterator[Server]:
    with crm_server(org.act) as server:
        org.instance = server.url
        yield server


@pytest.fixture
def crm(server: Server) -> Crm:
    return crm_for("salesforce", server, SECRETS, columns=["Company", "Owner.Name"])


@pytest.fixture
def ready(crm: Crm) -> Crm:
    crm.make_fields()
    return crm


def test_records_are_read_with_fields_of_other_objects_and_their_outcome(
    crm: Crm, org: Org
) -> None:
    one = org.lead(1, Company="Acme", Owner={"attributes": {}, "Name": "Ann"}, Status="Open")
    won = org.lead(2, Company="Bee", Status="Qualified")
    gone = org.lead(3, IsDeleted=True)
    first, second = crm.read([one, won, gone, "'; DROP", "00Q999999999999AAA"])
    assert first.fields == {"Company": "Acme", "Owner.Name": "Ann"}
    assert (first.outcome, second.outcome) == ("", "won")
    assert first.modified_at == NOON


def test_a_record_has_the_name_that_people_call_it_by(crm: Crm, org: Org) -> None:
    [record] = crm.read([org.lead(1, Company="Acme", Name="Ann Arbor")])
    assert record.fields["Name"] == "Ann Arbor"


def test_a_short_id_is_answered_by_the_id_that_was_asked(crm: Crm, org: Org) -> None:
    one = org.lead(1, Company="Acme")
    org.leads[one]["Id"] = one
    org.leads[one[:15]] = {**org.leads[one], "Id": one[:15]}
    [record] = crm.read([one[:15]])
    assert record.object_id == one[:15]


def test_scores_are_written_in_one_request_and_no_lead_is_assigned_anew(
    ready: Crm, org: Org, server: Server
) -> None:
    ids = [org.lead(n) for n in range(200)]
    assert all(outcome.ok for outcome in ready.write([score(i) for i in ids]))
    assert org.batches == [200]
    shown = org.leads[ids[0]]
    assert (shown["Kitwright_score__c"], shown["Kitwright_band__c"]) == (87, "hot")
    assert shown["Kitwright_percentile__c"] == 95.0
    assert server.asked[-1].headers["sforce-auto-assign"] == "FALSE"
    ready.write([score(ids[0], None, version=2)])
    assert org.leads[ids[0]]["Kitwright_score__c"] is None


def test_a_lead_that_looks_like_another_takes_its_score_where_a_rule_only_warns(
    ready: Crm, org: Org, server: Server
) -> None:
    one = org.lead(1)
    assert ready.write([score(one)])[0].ok
    assert server.asked[-1].headers["sforce-duplicate-rule-header"] == "allowSave=true"
    org.errors = {one: ("DUPLICATES_DETECTED", "Use one of these records?")}
    [blocked] = ready.write([score(one, version=2)])
    assert not blocked.retry and "DUPLICATES_DETECTED" in blocked.error


def test_an_answer_that_comes_in_parts_is_read_to_its_end(
    crm: Crm, org: Org, server: Server
) -> None:
    org.part = 200
    ids = [org.lead(n, Company=f"Firm {n}") for n in range(450)]
    assert {record.object_id for record in crm.read(ids)} == set(ids)
    page = crm.listed("", None)
    assert (len(page.records), page.more) == (450, False)
    org.lost = True
    with pytest.raises(DeliveryError, match="in part only"):
        crm.listed("", None)


def test_a_question_that_would_be_too_long_for_an_address_is_asked_in_halves(
    server: Server, org: Org
) -> None:
    columns = [f"A_rather_long_name_of_a_column_{n:03d}__c" for n in range(230)]
    org.fields |= dict.fromkeys(columns, "string")
    wide = crm_for("salesforce", server, SECRETS, columns=columns)
    ids = [org.lead(n, **{columns[-1]: f"{n}"}) for n in range(200)]
    assert [r.fields[columns[-1]] for r in wide.read(ids)] == [f"{n}" for n in range(200)]
    asked = [one for one in server.asked if one.path.endswith("/query")]
    assert len(asked) > 1 and all(len(quote_plus(one.query["q"])) <= 12_000 for one in asked)


def test_of_a_collection_that_fails_in_part_each_lead_has_its_own_outcome(
    ready: Crm, org: Org
) -> None:
    fine, locked, wrong, converted = (org.lead(n) for n in range(4))
    org.errors = {
        locked: ("UNABLE_TO_LOCK_ROW", "locked"),
        wrong: ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "no score on Sundays"),
        converted: ("CANNOT_UPDATE_CONVERTED_LEAD", "converted"),
    }
    asked = [fine, locked, wrong, converted, "00Q000000000999AAA"]
    outcomes = ready.write([score(object_id) for object_id in asked])
    assert [o.ok for o in outcomes] == [True, False, False, False, False]
    assert [o.retry for o in outcomes][1:3] == [True, False]
    assert [o.gone for o in outcomes] == [False, False, False, True, True]
    assert "no score on Sundays" in outcomes[2].error


def test_a_field_that_is_closed_to_the_user_is_the_connections_fault(ready: Crm, org: Org) -> None:
    org.closed.add("Kitwright_band__c")
    with pytest.raises(DeliveryError, match="Kitwright_band__c") as caught:
        ready.write([score(org.lead(1)), score(org.lead(2))])
    assert caught.value.retry
    [check] = [check for check in ready.check() if not check.ok]
    assert "Field-Level Security" in check.fix


def test_fields_are_made_and_opened_to_the_user(crm: Crm, org: Org) -> None:
    before = crm.check()
    assert sum(not check.ok for check in before) == 6
    assert all(check.ok for check in crm.make_fields())
    assert {"AssigneeId": "0051", "PermissionSetId": "0PS1"} in org.permissions
    made = list(org.permissions)
    assert all(check.ok for check in crm.make_fields())
    assert org.permissions == made


class Passing:
    """Monotonic seconds that pass when a test says so."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_token_that_has_ended_is_renewed_once(server: Server, org: Org) -> None:
    clock = Passing()
    crm = Salesforce(access_for("salesforce", server, SECRETS, columns=["Company"]), clock=clock)
    one = org.lead(1, Company="Acme")
    crm.read([one])
    org.tokens.clear()
    clock.seconds += 3600
    assert len(crm.read([one])) == 1
    assert len(org.grants) == 2


def test_a_session_that_is_refused_at_once_is_not_asked_for_again_and_again(
    crm: Crm, org: Org, server: Server
) -> None:
    crm.read([org.lead(1)])
    server.act = lambda asked: Reply([{"errorCode": "INVALID_SESSION_ID", "message": "no"}], 401)
    with pytest.raises(DeliveryError, match="401"):
        crm.read([org.lead(1)])
    assert len(org.grants) == 1


def test_a_refresh_token_that_is_turned_over_is_kept_and_used(server: Server, org: Org) -> None:
    kept: dict[str, str] = {}
    org.refresh, org.turned_over = "first", "second"
    secrets = {"client_id": "app", "refresh_token": "first"}
    clock = Passing()
    access = access_for("salesforce", server, secrets, keep=kept, columns=["Company"])
    crm = Salesforce(access, clock=clock)
    crm.read([org.lead(1)])
    assert kept == {"refresh_token": "second"}
    clock.seconds += 3600
    org.tokens.clear()
    org.turned_over = ""
    crm.read([org.lead(1)])
    assert [grant["refresh_token"] for grant in org.grants] == ["first", "second"]


def test_a_signed_assertion_says_who_asks_for_whom(server: Server, org: Org) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    secrets = {"client_id": "app", "private_key": pem, "username": "hub@acme.example"}
    crm_for("salesforce", server, secrets, columns=["Company"]).read([org.lead(1)])
    head, claims, signature = org.grants[0]["assertion"].split(".")
    padded = [part + "=" * (-len(part) % 4) for part in (claims, signature)]
    key.public_key().verify(
        base64.urlsafe_b64decode(padded[1]), f"{head}.{claims}".encode(),
        padding.PKCS1v15(), hashes.SHA256(),
    )  # fmt: skip
    said = json.loads(base64.urlsafe_b64decode(padded[0]))
    assert (said["iss"], said["sub"]) == ("app", "hub@acme.example")
    assert said["aud"] == "https://login.salesforce.com"


def test_a_sign_in_that_fails_is_said_and_shows_no_secret(server: Server) -> None:
    crm = crm_for("salesforce", server, {"client_id": "app", "client_secret": "wr0ng"})
    [check] = crm.check()
    assert not check.ok and "expired access/refresh token" in check.found
    assert "wr0ng" not in repr(crm) + str(check)


@pytest.mark.parametrize(
    "instance", ["http://169.254.169.254", "https://evil.example", "https://x.salesforce.com:22",
                 "https://salesforce.com.evil.example", "http://acme.my.salesforce.com"],
)  # fmt: skip
def test_a_token_never_goes_to_a_server_that_is_not_theirs(
    server: Server, org: Org, instance: str
) -> None:
    org.instance = instance
    crm = crm_for("salesforce", server, SECRETS, columns=["Company"])
    assert len(crm.read([org.lead(1)])) == 1
    assert server.paths()[-1] == f"GET {BASE}/query"


def test_a_name_that_would_change_the_question_never_is_in_it(server: Server, org: Org) -> None:
    with pytest.raises(ConfigError):
        crm_for("salesforce", server, SECRETS, object="Lead WHERE Id != ''")
    one = org.lead(1, Company="Acme")
    crm = crm_for("salesforce", server, SECRETS, columns=["Company", "Company FROM User --"])
    assert crm.read([one])[0].fields == {"Company": "Acme"}


def test_columns_of_a_report_are_read_by_their_labels_and_foreign_ones_left_out(
    server: Server, org: Org
) -> None:
    org.labels["Company"] = "Company / Account"
    one = org.lead(1, Company="Acme")
    asked = ["Company / Account", "accounts.sector", "activities: count"]
    crm = crm_for("salesforce", server, SECRETS, columns=asked)
    assert crm.read([one])[0].fields == {"Company / Account": "Acme"}


def test_when_the_days_calls_are_used_up_nothing_is_asked_for_a_while(
    ready: Crm, org: Org, server: Server
) -> None:
    said = {"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}
    server.troubles.append(Reply([said], 403))
    with pytest.raises(DeliveryError, match="are used up"):
        ready.write([score(org.lead(1))])
    asked = len(server.asked)
    with pytest.raises(ThrottledError, match="are used up"):
        ready.write([score(org.lead(1))])
    assert len(server.asked) == asked


class Clock:
    """The organisation's clock, an hour ahead of ours, and what it tells of changes."""

    def __init__(self, crm: Crm, org: Org) -> None:
        self.crm, self.org = crm, org
        self.at = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(hours=1)
        self.cursor = ""
        self.later(0)

    def later(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.org.date = format_datetime(self.at, usegmt=True)
        # the difference to our clock is learned from any answer
        self.crm.check()

    def change(self, number: int, **fields: object) -> str:
        stamp = self.at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        return self.org.lead(number, stamp, **fields)

    def poll(self) -> list[CrmEvent]:
        found: list[CrmEvent] = []
        while True:
            page = self.crm.changed_since(self.cursor)
            self.cursor = page.cursor
            found += page.events
            if not page.more:
                return found


@pytest.fixture
def clock(crm: Crm, org: Org) -> Clock:
    clock = Clock(crm, org)
    assert clock.poll() == []
    return clock


def test_each_change_is_told_by_the_crms_own_clock(clock: Clock, org: Org) -> None:
    one = clock.change(1)
    clock.later(5)
    [event] = clock.poll()
    assert (event.object_id, event.what) == (one, "changed")
    org.leads[one]["IsDeleted"] = True
    two = clock.change(2)
    org.leads[two]["CreatedDate"] = org.leads[two]["SystemModstamp"]
    clock.later(5)
    assert {(e.object_id, e.what) for e in clock.poll()} == {(one, "deleted"), (two, "created")}


def test_a_record_that_was_merged_names_the_one_it_went_into(clock: Clock) -> None:
    one, two = clock.change(1), clock.change(2)
    clock.later(5)
    clock.poll()
    clock.change(1, IsDeleted=True, MasterRecordId=two)
    clock.later(5)
    told = [(e.object_id, e.what) for e in clock.poll() if e.what != "changed"]
    assert told == [(one, "merged"), (two, "joined")]


def test_a_change_that_comes_twice_has_one_id_and_another_change_another(clock: Clock) -> None:
    clock.change(1)
    clock.later(5)
    first = clock.poll()
    clock.later(5)
    again = clock.poll()
    clock.change(1)
    clock.later(5)
    ids = {event.event_id for event in clock.poll()}
    assert {e.event_id for e in first} == {e.event_id for e in again}
    assert len(ids) == 1 and ids != {first[0].event_id}


def test_a_thousand_changes_of_one_second_are_all_told(clock: Clock) -> None:
    ids = {clock.change(n) for n in range(1203)}
    clock.later(5)
    assert {event.object_id for event in clock.poll()} == ids


def test_changes_that_come_in_parts_are_all_told(clock: Clock) -> None:
    clock.org.part = 200
    ids = {clock.change(n) for n in range(1203)}
    clock.later(5)
    assert {event.object_id for event in clock.poll()} == ids


def test_a_record_that_changes_while_it_is_asked_for_is_told_again(clock: Clock) -> None:
    for n in range(700):
        clock.change(n)
    clock.later(5)
    page = clock.crm.changed_since(clock.cursor)
    assert page.more
    clock.cursor = page.cursor
    moved = clock.change(3)  # behind the walk already
    clock.later(5)
    stamp = datetime.fromisoformat(clock.org.leads[moved]["SystemModstamp"]).isoformat()
    told = {event.event_id for event in (*page.events, *clock.poll())}
    clock.later(5)  # not asked for at once: a slow CRM would be asked without end
    told |= {event.event_id for event in clock.poll()}
    assert f"{moved}@{stamp}" in told
    assert {name.partition("@")[0] for name in told} == set(clock.org.leads)


@pytest.mark.parametrize(("minutes", "within"), [(1, 0), (14, 11)])
def test_a_transaction_that_shows_late_is_told(clock: Clock, minutes: int, within: int) -> None:
    began = clock.at
    told = [clock.poll() for _ in range(minutes) if clock.later(58) is None]
    clock.org.lead(1, began.strftime("%Y-%m-%dT%H:%M:%S.000+0000"))
    told += [clock.poll() for _ in range(within + 1) if clock.later(58) is None]
    assert {event.object_id for page in told for event in page} == set(clock.org.leads)


def test_after_two_days_of_silence_nothing_is_missing(clock: Clock) -> None:
    early = clock.change(1)
    clock.later(86_400)
    late = clock.change(2)
    clock.later(86_400)
    assert {event.object_id for event in clock.poll()} == {early, late}


def test_a_damaged_cursor_is_said(crm: Crm) -> None:
    for cursor in ("x", "[1]", '["a","b","c"]', "{}", "[" * 5000):
        with pytest.raises(DataError):
            crm.changed_since(cursor)
