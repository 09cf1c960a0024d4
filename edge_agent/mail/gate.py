"""The gate: whether anything may be decided without a person. It closes itself when the promise is broken.

Audit mails were left to a person, drawn at random: where the person files them says whether the decision would
have been right. The bet against the bundle's promise is kept over restarts; it rests while another bundle decides, and
goes on when this one comes back. A closed gate is opened by another bundle or by a person who says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from edge_agent.log import log, warn
from edge_agent.mail.ledger import Ledger
from edge_agent.sources.base import Alerts
from kits.core.hub_api import GateWord
from kits.core.monitor import MonitorState, PromiseMonitor
from kits.core.operating_point import ErrorBound

ALERT = "mail-gate-closed"
_NOTE = "gate"
_EARLIER = "gate/"
"""Before the id of a bundle that decided before."""
_WORDS = "gate-words"
_NAMED = 3
"""Folders."""


class GateMemory(BaseModel):
    """What is kept of the gate."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    bundle: str = Field("", description="id of the bundle whose promise is watched")
    closed: bool = Field(False, description="whether everything goes to a person")
    because: str = Field("", description="why it is as it is, in words")
    audits: int = Field(0, ge=0, description="audit mails that a person filed")
    wrong: int = Field(0, ge=0, description="of these, decided wrongly")
    elsewhere: dict[str, int] = Field(
        default_factory=dict,
        description="of the wrong ones, folder of no intent → how many lie there",
    )
    word_at: datetime | None = Field(None, description="of the newest word of the hub followed")
    monitor: MonitorState | None = Field(None, description="the bet; none without a promise")


def read_gate(ledger: Ledger) -> GateMemory:
    """The gate as the next decision finds it, after what the hub said; open when nothing is known of it."""
    return _after_words(_read(ledger.note(_NOTE)), ledger)


def _after_words(memory: GateMemory, ledger: Ledger) -> GateMemory:
    """The gate after the newest word about its bundle, each followed once; the same one where there is none."""
    try:
        words = _words().validate_json(ledger.note(_WORDS) or "[]")
    except ValidationError:
        warn("mail_gate_words_unreadable")  # the hub says them again
        words = ()
    mine = [word for word in words if word.bundle == memory.bundle]
    word = max(mine, key=lambda one: one.at, default=None)
    if word is None or (memory.word_at is not None and word.at <= memory.word_at):
        return memory
    because = f"{word.who or 'the hub'}: {word.why}"
    memory = (
        memory.model_copy(update={"closed": True, "because": because})
        if word.closed
        else _opened(memory, because)
    )
    return memory.model_copy(update={"word_at": word.at})


def _read(text: str) -> GateMemory:
    if not text:
        return GateMemory()
    try:
        return GateMemory.model_validate_json(text)
    except ValidationError:
        warn("mail_gate_unreadable")
        # what nobody can read may have been closed: a person opens it again
        return GateMemory(closed=True, because="what was kept of the gate cannot be read")


def open_gate(ledger: Ledger, because: str) -> GateMemory:
    """A person opens it; the bet begins anew."""
    with ledger.transaction():
        memory = _opened(read_gate(ledger), because)
        ledger.keep_note(_NOTE, memory.model_dump_json())
    return memory


def _opened(memory: GateMemory, because: str) -> GateMemory:
    state = memory.monitor
    fresh = PromiseMonitor(state.epsilon, state.delta).state() if state is not None else None
    return memory.model_copy(
        update={
            "closed": False,
            "because": because,
            "audits": 0,
            "wrong": 0,
            "elsewhere": {},
            "monitor": fresh,
        }
    )


class Gate:
    """Asked before each decision.

    Args:
        ledger: keeps it; a command may open it there at any time.
    """

    def __init__(self, ledger: Ledger, alerts: Alerts) -> None:
        self._ledger = ledger
        self._alerts = alerts

    def is_open(self, bundle: str, bound: ErrorBound | None) -> bool:
        """Whether this bundle may decide without a person."""
        memory = _read(self._ledger.note(_NOTE))
        if (bundle and memory.bundle != bundle) or _after_words(memory, self._ledger) != memory:
            memory = self._changed(bundle, bound)
        if memory.closed:
            self._alerts(ALERT, "error", f"every mail goes to a person: {memory.because}")
        else:
            self._alerts(ALERT, "info", "mails are decided without a person again")
        return not memory.closed

    def follow(self, words: Sequence[GateWord]) -> None:
        """What the hub says of gates; heeded at the next decision. From any thread."""
        told = _words().dump_json(tuple(words)).decode()
        if told != self._ledger.note(_WORDS):
            self._ledger.keep_note(_WORDS, told)

    def _changed(self, bundle: str, bound: ErrorBound | None) -> GateMemory:
        """The gate after what the hub said and for the bundle that decides now: nobody else opens it meanwhile."""
        with self._ledger.transaction():
            memory = self._heeded(_read(self._ledger.note(_NOTE)))
            if bundle and memory.bundle != bundle:
                memory = self._heeded(self._begin(bundle, bound, memory))
        return memory

    def _heeded(self, memory: GateMemory) -> GateMemory:
        """The gate after what the hub said of it, kept."""
        found = _after_words(memory, self._ledger)
        if found is not memory:
            self._ledger.keep_note(_NOTE, found.model_dump_json())
        return found

    def hear(self, bundle: str, *, wrong: bool, elsewhere: str = "") -> None:
        """A person filed an audit mail of this bundle.

        Args:
            elsewhere: the folder, where it is that of no intent.
        """
        with self._ledger.transaction():
            memory = read_gate(self._ledger)
            if memory.bundle != bundle:
                return
            update: dict[str, object] = {
                "audits": memory.audits + 1, "wrong": memory.wrong + wrong
            }  # fmt: skip
            if elsewhere:
                lie = {**memory.elsewhere, elsewhere: memory.elsewhere.get(elsewhere, 0) + 1}
                update["elsewhere"] = lie
                memory = memory.model_copy(update={"elsewhere": lie})
            if memory.monitor is not None:
                monitor = PromiseMonitor.of(memory.monitor).after(wrong)
                update["monitor"] = monitor.state()
                if monitor.broken and not memory.closed:
                    update |= {"closed": True, "because": monitor.text() + _elsewhere(memory)}
            memory = memory.model_copy(update=update)
            self._ledger.keep_note(_NOTE, memory.model_dump_json())
        if memory.closed:
            self._alerts(ALERT, "error", f"every mail goes to a person: {memory.because}")

    def _begin(self, bundle: str, bound: ErrorBound | None, before: GateMemory) -> GateMemory:
        memory = _read(self._ledger.note(_EARLIER + bundle))
        if not memory.bundle and not memory.closed:
            monitor = PromiseMonitor(bound.epsilon, bound.delta).state() if bound else None
            memory = GateMemory(bundle=bundle, monitor=monitor, because="a new bundle decides")
        if before.closed and not before.bundle:  # unreadable: it may be this bundle's
            memory = memory.model_copy(update={"closed": True, "because": before.because})
        memory = memory.model_copy(update={"bundle": bundle})
        if before.bundle:
            self._ledger.keep_note(_EARLIER + before.bundle, before.model_dump_json())
        self._ledger.keep_note(_NOTE, memory.model_dump_json())
        log("mail_gate_new", bundle=bundle[:12])
        return memory


def _elsewhere(memory: GateMemory) -> str:
    """Where the mails lie that are of no intent; so many that a sentence can name them."""
    most = sorted(memory.elsewhere.items(), key=lambda one: (-one[1], one[0]))[:_NAMED]
    if not most:
        return ""
    places = ", ".join(f"{n} in {folder!r}" for folder, n in most)
    return (
        f"; filed where no intent's mails go: {places}. A matter of its own is to be learned; a folder that says nothing of"
        " what its mails are about belongs to source.learning.aside"
    )


@cache
def _words() -> TypeAdapter[tuple[GateWord, ...]]:
    return TypeAdapter(tuple[GateWord, ...])
