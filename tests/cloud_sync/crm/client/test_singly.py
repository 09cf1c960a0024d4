"""CRMs that take leads one by one: who is to blame for a refusal is told by what becomes of the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cloud_sync.crm.client.parting import TRIES
from cloud_sync.crm.client.singly import write_singly
from cloud_sync.crm.kinds.base import ScoreWrite, WriteOutcome
from cloud_sync.effects.json_http import RefusedError

Answers = dict[str, int]
"""Lead → status of the CRM's answer; those not named are taken."""


def writes(count: int) -> list[ScoreWrite]:
    return [ScoreWrite(str(n), 1, 50, 0.5, 0.5, "hot", ()) for n in range(count)]


def crm(
    answers: Answers, after_each: Callable[[], None] = lambda: None
) -> Callable[[ScoreWrite], None]:
    def write(one: ScoreWrite) -> None:
        status = answers.get(one.object_id, 200)
        after_each()
        if status != 200:
            raise RefusedError("no such field", status=status, retry=status >= 500)

    return write


def told(found: list[WriteOutcome]) -> list[str]:
    return [
        "ok" if o.ok else "gone" if o.gone else "later" if o.retry else "given up" for o in found
    ]


def test_the_one_that_is_refused_beside_others_is_given_up() -> None:
    assert told(write_singly(writes(4), crm({"2": 400}))) == ["ok", "ok", "given up", "ok"]
    assert told(write_singly(writes(4), crm({"0": 400}))) == ["given up", "ok", "ok", "ok"]


def test_leads_that_are_gone_say_nothing_of_those_that_are_refused() -> None:
    """A field is missing, and some leads were deleted."""
    answers = {str(n): 400 for n in range(10)} | {"0": 404, "3": 404}
    asked: list[int] = []
    found = write_singly(writes(10), crm(answers, lambda: asked.append(1)))
    assert told(found) == ["gone", "later", "later", "gone"] + ["later"] * 6
    assert len(asked) == TRIES + 2


def test_a_field_that_is_made_meanwhile_has_nobody_given_up() -> None:
    answers = {str(n): 400 for n in range(6)}
    left = [3]

    def after_each() -> None:
        left[0] -= 1
        if not left[0]:
            answers.clear()

    assert told(write_singly(writes(6), crm(answers, after_each))) == ["ok"] * 6


def test_a_trouble_after_that_leaves_all_others_for_later() -> None:
    answers = {"0": 400, "2": 503}
    found = write_singly(writes(5), crm(answers))
    assert told(found) == ["later", "ok", "later", "later", "later"]


@pytest.mark.parametrize("status", [400, 503])
def test_where_none_is_taken_the_connection_is_to_blame(status: int) -> None:
    asked: list[int] = []
    answers = {str(n): status for n in range(9)}
    with pytest.raises(RefusedError):
        write_singly(writes(9), crm(answers, lambda: asked.append(1)))
    assert len(asked) == (TRIES if status == 400 else 1)
