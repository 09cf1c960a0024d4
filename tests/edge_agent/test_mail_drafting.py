"""A reply is asked of the kit that decided; what fails or hangs there costs the draft, never the mail."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import pytest

from edge_agent.decide import Outcome
from edge_agent.mail.drafting import Drafting
from edge_agent.pulse import Pulse
from edge_agent.sources.base import Settled
from edge_agent.sync.entry import Entry
from kits.core.correspondence import Brief, Lookup, Question, Record
from kits.core.prediction import Draft, Prediction
from kits.core.ready import ReadyBundle
from tests.edge_agent.parts import decision

ORDER = Lookup("order", "4711")


class Kit:
    """A kit that answers, and notes how its pulse stood meanwhile."""

    def __init__(self, pulse: Pulse, *, fails: bool = False, body: str = "") -> None:
        self.silent: list[float] = []
        self._pulse = pulse
        self._fails = fails
        self._body = body

    def lookups(self, _payload: object, _prediction: object) -> tuple[Lookup, ...]:
        self.silent.append(self._pulse.silent_s)
        return (ORDER,) * 50

    def brief(self, _payload: object, _prediction: object) -> Brief:
        return Brief("thread", "en", "order", ())

    def question(self, _payload: object, _prediction: object) -> Question | None:
        self.silent.append(self._pulse.silent_s)
        if self._fails:
            raise KeyError("a kit's fault")
        return Question("thread", {"order": "", "oos": ""})

    def draft(
        self, _payload: object, _prediction: object, records: Sequence[Record], written: str
    ) -> Draft:
        self.silent.append(self._pulse.silent_s)
        if self._fails:
            raise KeyError("a kit's fault")
        return Draft("Re", self._body or f"Hello. {len(records)} {written}", "en")


class Firm:
    """The firm's system and a writer: both are waited for."""

    def __init__(self, pulse: Pulse) -> None:
        self.silent: list[float] = []
        self._pulse = pulse

    def fetch(self, lookups: Sequence[Lookup]) -> Sequence[Record]:
        self.silent.append(self._pulse.silent_s)
        return [Record(one) for one in lookups]

    def write(self, _brief: Brief) -> str:
        self.silent.append(self._pulse.silent_s)
        return "proposed"


class Clock:
    """Goes on by a second each time it is read."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def settled(kit: object) -> Settled:
    ready = cast(ReadyBundle, SimpleNamespace(runtime=kit))
    body = decision(1)
    outcome = Outcome("act", 0.9, "order", "", decided=True)
    return Settled(outcome, body, Entry(body, "s"), Prediction(0.9, "order"), b"mail", ready)


@pytest.fixture
def raised() -> list[str]:
    return []


def test_records_and_a_proposal_reach_the_kit_in_bounds(raised: list[str]) -> None:
    pulse = Pulse(Clock())
    kit, firm = Kit(pulse), Firm(pulse)
    drafting = Drafting(lambda name, _s, _t: raised.append(name), firm, firm, pulse)
    draft = drafting.draft(settled(kit))
    assert draft is not None
    assert draft.body == "Hello. 20 proposed"
    assert raised == []


def test_a_kit_that_hangs_is_seen_to_stand_still_and_a_slow_network_is_not() -> None:
    pulse = Pulse(Clock())
    kit, firm = Kit(pulse), Firm(pulse)
    Drafting(lambda *_: None, firm, firm, pulse).draft(settled(kit))
    assert all(silent > 0 for silent in kit.silent)
    assert firm.silent == [0, 0]
    assert pulse.silent_s == 0, "nothing is expected of it afterwards"


def test_a_kits_fault_costs_the_draft_and_is_told(raised: list[str]) -> None:
    pulse = Pulse()
    drafting = Drafting(lambda name, _s, _t: raised.append(name), pulse=pulse)
    assert drafting.draft(settled(Kit(pulse, fails=True))) is None
    assert raised == ["draft-failed"]
    assert drafting.counts["failed"] == 1
    assert pulse.silent_s == 0


@pytest.mark.parametrize("body", [" " * 20, "x" * 200_000])
def test_a_draft_of_nothing_or_without_end_is_none(body: str) -> None:
    kit = Kit(Pulse(), body=body)
    assert Drafting(lambda *_: None).draft(settled(kit)) is None


def test_a_kit_that_does_not_write_letters_drafts_none() -> None:
    assert Drafting(lambda *_: None).draft(settled(object())) is None
