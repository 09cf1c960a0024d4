"""What is looked up of a CRM is kept for a while, and looked up anew then; of records, one that is refused costs only itself."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from cloud_sync.crm.client.beside import MOST, PARTS, Beside
from cloud_sync.crm.client.budget import ThrottledError
from cloud_sync.crm.client.http import CrmRefusedError
from cloud_sync.crm.client.looked import FRESH_S, KEPT_S, Looked
from cloud_sync.crm.client.parting import TRIES


def test_a_look_is_kept_and_repeated_when_it_is_old() -> None:
    at, looks = [0.0], itertools.count(1)
    looked = Looked(lambda: next(looks), lambda: at[0])
    assert looked.last is None
    assert (looked(), looked(), looked.last) == (1, 1, 1)
    at[0] = KEPT_S - 1
    assert looked() == 1
    at[0] = KEPT_S
    assert looked() == 2


def test_one_that_must_be_fresh_is_shared_by_those_who_ask_at_once() -> None:
    at, looks = [0.0], itertools.count(1)
    looked = Looked(lambda: next(looks), lambda: at[0])
    assert (looked(anew=True), looked(anew=True)) == (1, 1)
    at[0] = FRESH_S
    assert looked(anew=True) == 2
    looked.forget()
    assert looked() == 3


@dataclass
class Firms:
    """Those of a CRM that refuses a request with one of the bad ones in it. `asked`: each request."""

    bad: Collection[int] = ()
    status: int = 400
    asked: list[list[str]] = field(default_factory=list)
    at: float = 0.0
    throttled_after: int = 0
    failing: Collection[int] = ()

    def ask(self, ids: list[str]) -> dict[str, str]:
        if self.throttled_after and len(self.asked) % (self.throttled_after + 1) == self.throttled_after:  # fmt: skip
            self.asked.append([])
            raise ThrottledError("later", where="sales", after_s=1)
        self.asked.append(ids)
        if any(int(name) in self.bad for name in ids):
            raise CrmRefusedError("no", status=self.status, where="sales", retry=False)
        if any(int(name) in self.failing for name in ids):
            raise CrmRefusedError("a traceback", status=500, where="sales", retry=True)
        return {name: f"firm {name}" for name in ids}

    def beside(self) -> Beside[str]:
        return Beside(self.ask, "", lambda: self.at)


def ids(n: int) -> list[str]:
    return [str(number) for number in range(1, n + 1)]


@pytest.mark.parametrize("status", [400, 404, 422])
@pytest.mark.parametrize("bad", [{1}, {57}, {100}, {1, 2, 3, 4}, {26, 51, 76}])
def test_a_record_that_is_refused_costs_what_is_known_of_it_and_of_no_other(
    status: int, bad: set[int], caplog: pytest.LogCaptureFixture
) -> None:
    firms = Firms(bad, status)
    beside = firms.beside()
    found = beside.of(ids(MOST))
    assert {name for name, said in found.items() if not said} == {str(one) for one in bad}
    assert len(firms.asked) <= PARTS + 1
    assert "connection=sales n=100 closed=False" in caplog.text
    asked = len(firms.asked)
    beside.of(ids(MOST))
    assert len(firms.asked) == asked, "known for a while, those that are refused as well"
    assert beside.of(["101"])["101"] == "firm 101"
    firms.bad, firms.at = (), KEPT_S
    assert all(beside.of(ids(MOST)).values())


@pytest.mark.parametrize(("status", "cost"), [(400, 1 + TRIES), (404, 1 + TRIES), (403, 1), (401, 1)])  # fmt: skip
def test_a_kind_that_is_refused_as_a_whole_is_left_alone_for_a_while(
    status: int, cost: int
) -> None:
    firms = Firms(range(1000), status)
    beside = firms.beside()
    for _ in range(3):
        assert not any(beside.of(ids(3 * MOST)).values())
    assert len(firms.asked) == cost
    firms.bad, firms.at, firms.asked = (), KEPT_S, []
    assert all(beside.of(ids(3 * MOST)).values())
    assert len(firms.asked) == 3, "none of them is doubted"


def test_leads_that_come_one_by_one_close_a_kind_when_none_of_their_firms_is_taken() -> None:
    firms = Firms(range(1000))
    beside = firms.beside()
    for name in ids(9):
        beside.of([name])
    assert len(firms.asked) == TRIES
    firms = Firms({1, 2, 3, 5, 6, 7})
    beside = firms.beside()
    for name in ids(9):
        beside.of([name])
    assert beside.of([])["9"] == "firm 9", "it takes others in between"


def test_so_many_bad_ones_that_their_parts_are_too_many_cost_no_endless_questions() -> None:
    firms = Firms(range(2, 1000, 2))
    found = firms.beside().of(ids(MOST))
    assert len(firms.asked) == PARTS + 1
    assert any(found.values()) and found.keys() == {*ids(MOST)}


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_a_crm_that_lets_ask_little_at_once_is_asked_on_from_where_it_was(at_once: int) -> None:
    """Else a batch with a bad record would begin anew each time, and its leads wait for ever."""
    firms = Firms({57}, throttled_after=at_once)
    beside, found = firms.beside(), {}
    for _ in range(25):
        with suppress(ThrottledError):
            found = {**beside.of(ids(MOST))}
    assert {name for name in ids(MOST) if not found.get(name)} == {"57"}


def test_an_answer_that_names_others_than_were_asked_for_is_believed_of_none_of_them() -> None:
    beside = Beside(lambda _: {"1": "Alpha", "2": "another's", "": "nobody's"}, "", lambda: 0.0)
    assert beside.of(["1"]) == {"1": "Alpha"}
    asked = Beside(lambda names: {one: f"firm {one}" for one in [*names, "9"]}, "", lambda: 0.0)
    asked.of(["8"])
    assert "9" not in asked.of(["8"])


def test_parts_that_wait_keep_nobody_waiting_who_asks_for_others() -> None:
    """One is refused as a wrong request, and over another one in its batch the CRM fails, for as long as it has it."""
    firms = Firms({57}, failing={60})
    beside = firms.beside()
    with pytest.raises(CrmRefusedError):
        beside.of(ids(MOST))
    assert beside.of(["101"])["101"] == "firm 101"
    assert beside.of(["59", "61"]).items() >= {"59": "firm 59", "61": "firm 61"}.items()
    with pytest.raises(CrmRefusedError):
        beside.of(["60"])
    firms.failing = ()
    found = beside.of(ids(MOST))
    assert {name for name in ids(MOST) if not found[name]} == {"57"}


def test_one_that_was_refused_is_asked_for_alone_from_then_on() -> None:
    firms = Firms({57})
    beside = firms.beside()
    beside.of(ids(MOST))
    firms.at, firms.asked = KEPT_S, []
    beside.of(ids(MOST))
    assert sorted(map(len, firms.asked)) == [1, MOST - 1], (
        "its parts cost of the day's requests once"
    )
    firms.at, firms.asked, firms.bad = 2 * KEPT_S, [], ()
    assert beside.of(ids(MOST))["57"] == "firm 57"
    firms.at, firms.asked = 3 * KEPT_S, []
    beside.of(ids(MOST))
    assert len(firms.asked) == 1, "taken, it is one of many again"


def test_those_that_are_asked_for_alone_close_no_kind() -> None:
    bad = {*range(1, TRIES + 2)}
    firms = Firms(bad)
    beside = firms.beside()
    beside.of(ids(MOST))
    firms.at, firms.asked = KEPT_S, []
    beside.of(ids(MOST))
    assert len(firms.asked) == 1 + len(bad)
    assert beside.of(["101"])["101"] == "firm 101"
