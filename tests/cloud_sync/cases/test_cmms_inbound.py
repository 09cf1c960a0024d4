"""Signed messages from a maintenance system: verified, timely, taken once, done in one commit."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from cloud_sync.cmms.inbound import forget_old, take, verify
from cloud_sync.cmms.start import cmms_targets
from cloud_sync.effects.dispatcher import Dispatcher
from cloud_sync.effects.webhook import signed_headers
from cloud_sync.errors import UnauthenticatedError
from cloud_sync.store.models import Case, InboundMessage
from kits.core.sample import utc_now
from tests.cloud_sync.cases.case_builders import CASE, outcomes, step, window_row
from tests.cloud_sync.cases.case_builders import take as send
from tests.cloud_sync.fleet_builders import add_device, make_hub
from tests.cloud_sync.hub_builders import open_hub
from tests.cloud_sync.receivers import SECRET, receiver

CAUSES = {"BRG-OR": "outer_race", "NFF": "normal"}


def test_a_webhook_is_told_and_answers_by_a_signed_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "whsec_" + base64.b64encode(SECRET).decode()
    monkeypatch.setenv("KITWRIGHT_CMMS_SECRET", text)
    with receiver() as state:
        cmms = {"kind": "webhook", "url": state.url, "causes": CAUSES}
        with open_hub(tmp_path, cmms=cmms) as (client, hub):
            send(hub, window_row(11, "w1", 1))
            send(hub, step(1, "opened", 1))
            targets = cmms_targets(hub, {"KITWRIGHT_CMMS_KEY": text})
            dispatcher = Dispatcher(hub, targets, now=lambda: utc_now() + timedelta(minutes=1))
            assert dispatcher.step() == 1
            [told] = state.taken.values()
            assert (told["type"], told["data"]["case"], state.wrong_signatures) == (
                "case.opened", CASE, 0,
            )  # fmt: skip
            body = {
                "case": CASE,
                "state": "done",
                "cause": "NFF",
                "who": "ann",
                "note": "nothing found",
            }
            assert answer(client, "m1", body) == (200, {"changed": True})
            assert answer(client, "m1", body) == (200, {"changed": False})
            assert answer(client, "m2", body) == (200, {"changed": False})
            assert outcomes(hub) == {"w1": "normal"}
            with hub.database.session() as session:
                case = session.get_one(Case, CASE)
                assert (case.cause, case.closed_by) == ("normal", "cmms:ann")
                assert session.scalar(select(func.count()).select_from(InboundMessage)) == 2
            with hub.database.transaction() as session:
                forget_old(session, utc_now() + timedelta(days=3))
            with hub.database.session() as session:
                assert session.scalar(select(func.count()).select_from(InboundMessage)) == 0


def answer(
    client: TestClient,
    message_id: str,
    body: object,
    *,
    age_s: float = 0,
    secret: bytes = SECRET,
    name: str = "cmms",
    **headers: str,
) -> tuple[int, object]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = int(utc_now().timestamp() - age_s)
    signed = {**signed_headers([secret], message_id, stamp, raw), **headers}
    found = client.post(f"/v1/cmms/{name}", content=raw, headers=signed)
    return found.status_code, found.json()


@pytest.mark.parametrize(
    "wrong",
    [
        {"age_s": 360}, {"age_s": -360}, {"secret": b"x" * 32}, {"name": "odoo"},
        {"webhook-signature": ""}, {"webhook-signature": "v1,"}, {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "9" * 400}, {"webhook-id": "another"}, {"webhook-id": "i" * 300},
    ],
)  # fmt: skip
def test_a_message_that_is_not_signed_or_not_timely_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, object]
) -> None:
    monkeypatch.setenv("KITWRIGHT_CMMS_SECRET", "whsec_" + base64.b64encode(SECRET).decode())
    with open_hub(tmp_path, cmms={"kind": "webhook", "url": "http://127.0.0.1:1"}) as (client, hub):
        send(hub, step(1, "opened", 1))
        status, said = answer(client, "m1", {"case": CASE, "state": "done"}, **wrong)
        assert (status, said["error"]) == (401, "UnauthenticatedError")
        with hub.database.session() as session:
            assert session.get_one(Case, CASE).closed_at is None


def test_without_a_secret_no_message_is_taken(tmp_path: Path) -> None:
    with open_hub(tmp_path, cmms={"kind": "webhook", "url": "http://127.0.0.1:1"}) as (client, hub):
        send(hub, step(1, "opened", 1))
        assert answer(client, "m1", {"case": CASE, "state": "done"}, secret=b"")[0] == 401


def test_a_signed_message_that_says_nothing_may_be_sent_again_mended(tmp_path: Path) -> None:
    with make_hub(tmp_path, cmms={"kind": "webhook", "url": "http://127.0.0.1:1"}) as hub:
        add_device(hub)
        for body in (
            b"",
            b"{}",
            b'{"case": "../x", "state": "done"}',
            b'{"case": "none", "state": "done"}',
        ):
            with (
                pytest.raises(Exception, match=r"not an answer|no case"),
                hub.database.transaction() as s,
            ):
                take(s, hub, "cmms", "m1", body)
        send(hub, step(1, "opened", 1))
        with hub.database.transaction() as session:
            said = json.dumps({"case": CASE, "state": "acknowledged"}).encode()
            assert take(session, hub, "cmms", "m1", said)


@pytest.mark.parametrize(
    ("age_s", "taken"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)]
)
def test_a_message_is_timely_within_five_minutes(age_s: int, taken: bool) -> None:
    headers = signed_headers([b"another" * 5, SECRET], "m1", 1_000_000, b"{}")
    if taken:
        assert verify(headers, b"{}", [SECRET], lambda: 1_000_000 + age_s) == "m1"
        return
    with pytest.raises(UnauthenticatedError):
        verify(headers, b"{}", [SECRET], lambda: 1_000_000 + age_s)
