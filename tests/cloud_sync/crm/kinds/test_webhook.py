"""A program of yours in place of a CRM: signed messages, keys that stay, answers in part."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from cloud_sync.crm.kinds.base import Crm
from cloud_sync.effects.targets import DeliveryError
from kits.core.errors import ConfigError
from tests.cloud_sync.crm.servers import Asked, Reply, Server, crm_for, crm_server, score
from tests.cloud_sync.receivers import SECRET, SECRET_TEXT


class Program:
    """A careful receiver: checks each signature, takes each key once."""

    def __init__(self) -> None:
        self.taken: dict[str, Any] = {}
        self.ids: list[str] = []
        self.outcomes: list[dict[str, Any]] = []
        self.said: Any = {"records": []}
        self.takes = True

    def act(self, asked: Asked) -> Reply:
        head = asked.headers
        signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + asked.raw
        digest = base64.b64encode(hmac.digest(SECRET, signed, hashlib.sha256)).decode()
        if f"v1,{digest}" not in head["webhook-signature"].split():
            return Reply({"message": "who are you"}, 401)
        body = asked.body
        if body["type"] == "leads.read":
            return Reply(self.said)
        if body["type"] == "leads.scored" and not self.takes:
            return Reply({"message": "unknown type"}, 422)
        if body["type"] == "leads.scored":
            self.ids.append(head["webhook-id"])
            for lead in body["data"]["leads"]:
                self.taken.setdefault(lead["key"], lead)
            return Reply({"outcomes": self.outcomes} if self.outcomes else None)
        return Reply(None, 204)


@pytest.fixture
def program() -> Program:
    return Program()


@pytest.fixture
def server(program: Program) -> Iterator[Server]:
    with crm_server(program.act) as server:
        yield server


@pytest.fixture
def crm(server: Server) -> Crm:
    return crm_for("webhook", server, {"secret": SECRET_TEXT}, url=f"{server.url}/in?team=a")


def test_scores_come_in_one_signed_message(crm: Crm, program: Program, server: Server) -> None:
    outcomes = crm.write([score("a"), score("b", 5, version=3)])
    assert [o.ok for o in outcomes] == [True, True]
    assert list(program.taken) == ["sales/a/1", "sales/b/3"]
    assert program.taken["sales/a/1"]["points"] == 87
    assert len(server.asked) == 1 and server.asked[0].query == {"team": "a"}


def test_a_score_that_is_taken_away_is_told_of_today(crm: Crm, server: Server) -> None:
    """A program that takes nothing older than it has kept the score of who objected: it was told of 1970."""
    crm.write([score("a", None, version=2)])
    asked = server.asked[-1]
    told = datetime.fromisoformat(asked.body["timestamp"]).timestamp()
    assert abs(told - int(asked.headers["webhook-timestamp"])) < 60


def test_the_same_scores_have_the_same_id_on_every_attempt_and_others_another(
    crm: Crm, program: Program, server: Server
) -> None:
    server.lose_answer()
    with pytest.raises(DeliveryError, match="504"):
        crm.write([score("a"), score("b")])
    crm.write([score("b"), score("a")])
    crm.write([score("a", version=2), score("b")])
    crm.write([score("a", version=2)])
    assert program.ids[0] == program.ids[1] != program.ids[2]
    assert program.ids[3] == "sales/a/2"
    assert list(program.taken) == ["sales/a/1", "sales/b/1", "sales/a/2"]


def test_a_yes_in_any_of_several_fields_says_who_is_not_scored(
    server: Server, program: Program
) -> None:
    program.said = {
        "records": [
            {"id": "1", "fields": {"no_mail": "yes", "no_call": "no"}},
            {"id": "2", "fields": {"no_call": True}},
            {"id": "3", "fields": {"no_mail": "no"}},
            {"id": "4", "fields": {"no_mail": "yes"}, "opted_out": False},
            {"id": "5", "fields": {"no_mail": "yes"}, "opted_out": None},
        ]
    }
    out = ["no_mail", "no_call"]
    crm = crm_for("webhook", server, {"secret": SECRET_TEXT}, opt_out=out)
    assert [one.opted_out for one in crm.read([*"12345"])] == [True, True, False, False, True]


def test_fields_that_say_who_is_not_scored_and_what_became_of_a_lead_are_asked_for(
    server: Server, program: Program
) -> None:
    at = "2026-05-04T12:00:00+00:00"
    program.said = {"records": [{"id": "1", "fields": {"stage": "signed", "closed": at}}]}
    ended = {"field": "stage", "won": ["signed"], "at": "closed"}
    crm = crm_for(
        "webhook", server, {"secret": SECRET_TEXT}, columns=["size"], opt_out=["no_mail"], outcome=ended
    )  # fmt: skip
    [record] = crm.read(["1"])
    assert server.asked[-1].body["data"]["columns"] == ["size", "no_mail", "stage", "closed"]
    assert record.outcome == "won" and record.outcome_at == datetime.fromisoformat(at)


def test_a_receiver_may_say_what_became_of_each_lead(crm: Crm, program: Program) -> None:
    program.outcomes = [
        {"id": "a", "ok": False, "error": "no such lead", "gone": True},
        {"id": "b", "ok": False, "error": "odd", "retry": False},
        {"id": "c", "ok": False},
    ]
    gone, wrong, later, fine = crm.write([score(name) for name in "abcd"])
    assert gone.gone and gone.error == "no such lead"
    assert not wrong.ok and not wrong.retry
    assert not later.ok and later.retry
    assert fine.ok


def test_it_is_asked_for_records_and_gives_no_others(crm: Crm, program: Program) -> None:
    program.said["records"] = [
        {"id": "a", "fields": {"source": "fair"}, "modified_at": "2026-05-04T12:00:00Z", "outcome": "won",
         "outcome_at": "2026-05-04T11:00:00Z"},
        {"id": "z", "fields": {}}, "nonsense", {"fields": 3},
    ]  # fmt: skip
    [record] = crm.read(["a", "b"])
    assert (record.object_id, record.outcome, record.fields) == ("a", "won", {"source": "fair"})


def test_fields_within_fields_and_lists_are_called_as_where_such_rows_are_imported(
    crm: Crm, program: Program
) -> None:
    """They were read as nothing, and the lead was scored without them."""
    fields = {"device": {"browser": "Firefox", "mobile": False}, "tags": ["vip", "web"], "n": 2}
    program.said = {"records": [{"id": "1", "fields": fields}]}
    assert crm.read(["1"])[0].fields == {
        "device.browser": "Firefox", "device.mobile": False, "tags": "vip;web", "n": 2,
    }  # fmt: skip


@pytest.mark.parametrize("answer", [None, [], {"records": 5}, {"rows": []}, "x"])
def test_an_answer_without_records_is_no_answer(crm: Crm, program: Program, answer: Any) -> None:
    program.said = answer
    with pytest.raises(DeliveryError, match="records"):
        crm.read(["a"])


def test_a_receiver_with_another_secret_is_said(server: Server) -> None:
    other = "whsec_" + base64.b64encode(b"y" * 32).decode()
    crm = crm_for("webhook", server, {"secret": other})
    [check] = crm.check()
    assert not check.ok and "401" in check.found and "secret" in check.fix
    assert other not in repr(crm) + repr(vars(crm))


@pytest.mark.parametrize(
    ("said", "takes", "wrong"),
    [({"records": []}, True, []), ({"rows": []}, True, ["show records"]), ({"records": []}, False, ["take scores"])],
)  # fmt: skip
def test_a_program_that_knows_only_some_messages_is_found_before_leads_come(
    crm: Crm, program: Program, said: Any, takes: bool, wrong: list[str]
) -> None:
    program.said, program.takes = said, takes
    checks = crm.check()
    assert len(checks) == 3 and [one.name for one in checks if not one.ok] == wrong
    assert not program.taken


def test_who_is_sent_no_scores_is_not_asked_whether_it_takes_them(
    server: Server, program: Program
) -> None:
    program.takes = False
    crm = crm_for("webhook", server, {"secret": SECRET_TEXT}, write=False)
    assert [(one.name, one.ok) for one in crm.check()] == [
        ("take a signed message", True), ("show records", True),
    ]  # fmt: skip


def test_while_a_secret_is_changed_messages_are_signed_with_both(server: Server) -> None:
    other = "whsec_" + base64.b64encode(b"y" * 32).decode()
    crm = crm_for("webhook", server, {"secret": f"{other} {SECRET_TEXT}"})
    assert crm.check()[0].ok


@pytest.mark.parametrize("secret", ["", "abc", "whsec_x", "whsec_YWJj"])
def test_a_secret_that_is_none_is_refused_at_once(server: Server, secret: str) -> None:
    with pytest.raises(ConfigError) as caught:
        crm_for("webhook", server, {"secret": secret})
    assert secret == "" or secret not in caught.value.what
