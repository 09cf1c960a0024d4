"""Remarks of mails: what is written into `meta` is what is read out of it, by the names that are on the wire."""

from __future__ import annotations

import pytest
from pydantic import JsonValue, ValidationError

from kits.core.events import DecisionBody
from kits.core.mail_remarks import ErasedRemark, MailRemarks, read_remarks, write_remarks
from kits.core.sample import utc_now

ALL = MailRemarks(
    who="d1-ann", gate="closed", audit=True, would="move to Orders", suggested="returns",
    suggested_by="small", erased=ErasedRemark(at="2026-03-16T09:00:00+00:00", digest="ab"),
)  # fmt: skip
ON_THE_WIRE: dict[str, JsonValue] = {
    "who": "d1-ann", "gate": "closed", "audit": True, "would": "move to Orders",
    "suggested": "returns", "suggested_by": "small",
    "erased": {"at": "2026-03-16T09:00:00+00:00", "digest": "ab"},
}  # fmt: skip


def test_what_is_written_is_what_is_read_also_over_the_wire() -> None:
    body = DecisionBody(
        sample_id="m1", captured_at=utc_now(), media_type="message/rfc822", bundle="b",
        verdict="review", score=0.5, meta=write_remarks({"subject": "Hello"}, ALL),
    )  # fmt: skip
    again = DecisionBody.model_validate_json(body.model_dump_json())
    assert read_remarks(again.meta) == ALL
    assert again.meta["subject"] == "Hello"


def test_names_and_values_on_the_wire_are_those_that_older_hubs_and_agents_know() -> None:
    assert write_remarks({}, ALL) == ON_THE_WIRE
    assert set(ON_THE_WIRE) == set(MailRemarks.model_fields)


def test_a_remark_that_is_not_made_is_not_written_and_leaves_what_stands() -> None:
    meta: dict[str, JsonValue] = {"who": "d1-ann", "width": 4}
    assert write_remarks(meta, MailRemarks(audit=True)) == {**meta, "audit": True}
    assert meta == {"who": "d1-ann", "width": 4}
    assert write_remarks(meta, MailRemarks(who="")) == {"who": "", "width": 4}


ODD: tuple[tuple[str, JsonValue], ...] = (
    ("who", 7), ("who", None), ("would", ["x"]), ("suggested", {"label": "returns"}),
    ("suggested_by", 1.5), ("gate", "ajar"), ("gate", True), ("audit", "true"), ("audit", 1),
    ("erased", "yes"), ("erased", {"at": 1}),
)  # fmt: skip


@pytest.mark.parametrize(("name", "odd"), ODD)
def test_an_odd_remark_says_nothing_and_the_others_hold(name: str, odd: JsonValue) -> None:
    found = read_remarks({**ON_THE_WIRE, name: odd})
    assert getattr(found, name) == getattr(MailRemarks(), name)
    others = set(ON_THE_WIRE) - {name}
    assert found.model_dump(include=others) == ALL.model_dump(include=others)


def test_what_is_no_remark_is_not_read_and_none_can_be_made_up() -> None:
    assert read_remarks({"subject": "Hello", "width": 640}) == MailRemarks()
    with pytest.raises(ValidationError, match="whom"):
        MailRemarks.model_validate({"whom": "d1-ann"})
