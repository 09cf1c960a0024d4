"""Mails that repeat themselves are judged once, and come out as if they were judged each time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kits.core.mail.writing import write_message
from kits.core.runtime import Remembers
from kits.support_triage._models.classifier import Verdicts
from kits.support_triage._models.memory import Memory
from kits.support_triage.config import Config
from kits.support_triage.runtime import TriageRuntime
from tests.support_triage.learned import dataset_of, learn, made_up


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> TriageRuntime:
    data = dataset_of([*made_up(60), *made_up(12, seed=1, split="val")])
    made = learn(data, Config(approach="ngrams"), tmp_path_factory.mktemp("run")).runtime
    assert isinstance(made, TriageRuntime)
    return made


def mail(body: str) -> bytes:
    return write_message(subject="refund", body=body, sender="ann@mail.example")


def test_a_repeated_mail_is_judged_once_and_comes_out_the_same(runtime: TriageRuntime) -> None:
    assert isinstance(runtime, Remembers)
    agent = runtime.remembering()
    again = mail("where is my order, please")
    spread = mail("where  is my\n order,\n\nplease")
    assert agent.predict([again, again]) == runtime.predict([again, again])
    (first,), (second,) = agent.predict([again]), agent.predict([spread])
    assert (second.label, second.score) == (first.label, first.score)
    assert second == runtime.predict([spread])[0]
    assert agent.memory is not None
    assert (agent.memory.hits, agent.memory.misses) == (2, 1)


def test_what_is_measured_remembers_nothing(runtime: TriageRuntime) -> None:
    assert runtime.memory is None


def test_each_bundle_has_a_memory_of_its_own(runtime: TriageRuntime) -> None:
    assert runtime.remembering().memory is not runtime.remembering().memory


class Counting:
    """Judges by length, and counts what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> list[Verdicts]:
        self.asked += texts
        return [Verdicts({"intent": np.array([len(t)], np.float32)}, None, ()) for t in texts]


def test_a_memory_is_bounded_and_keeps_what_is_asked_for(tmp_path: Path) -> None:
    memory, judge = Memory(size=2), Counting()
    for text in ("one", "two", "one", "three", "one", "two"):
        memory.judge([text], judge)
    assert judge.asked == ["one", "two", "three", "two"]
    assert (memory.hits, memory.misses) == (2, 4)


def test_texts_of_one_batch_come_back_in_their_order() -> None:
    memory, judge = Memory(), Counting()
    memory.judge(["bb"], judge)
    found = memory.judge(["a", "bb", "a", "cccc"], judge)
    assert [float(v.probabilities["intent"][0]) for v in found] == [1, 2, 1, 4]
    assert judge.asked == ["bb", "a", "cccc"]
