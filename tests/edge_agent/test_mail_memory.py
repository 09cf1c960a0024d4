"""What a mailbox remembers: the chained record, what the outbox is told, the gate."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from edge_agent.mail import gate as gates
from edge_agent.mail.chain import Chain, Seals
from edge_agent.mail.gate import Gate, open_gate, read_gate
from edge_agent.mail.ledger import Ledger
from edge_agent.mail.record import MailRecord
from edge_agent.mail.telling import Teller, mark_of
from edge_agent.sync.entry import Entry
from kits.core.events import DecisionBody, ErasedBody
from kits.core.hub_api import GateWord
from kits.core.operating_point import ErrorBound
from kits.core.stats import Estimate
from tests.edge_agent.parts import decision

NOW = datetime(2026, 5, 4, 6, 0, tzinfo=timezone.utc)
BOUND = ErrorBound(
    epsilon=0.02, delta=0.05, n=2000, accepted=1600, errors=16,
    coverage=Estimate(value=0.8, low=0.78, high=0.82, n=2000), upper=0.019,
)  # fmt: skip


def no_alert(_name: str, _severity: str, _text: str) -> None:
    """Alerts are not what is looked at."""


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "mail" / "ledger.sqlite")


# -- the chain -----------------------------------------------------------------------------------


def chain_of(ledger: Ledger) -> Chain:
    return Chain(ledger, Seals(ledger))


def filled(ledger: Ledger) -> Chain:
    chain, seals = chain_of(ledger), Seals(ledger)
    for n in range(3):
        who = seals.who(f"c{n}@example.com")
        chain.add({"kind": "decision", "sample_id": f"m{n}"}, who, {"subject": f"private {n}"})
    return chain


def test_the_chain_holds_and_a_change_is_found(ledger: Ledger) -> None:
    chain = filled(ledger)
    assert chain.verify() == (3, "")
    with ledger.transaction() as db:
        db.execute("UPDATE chain SET entry=replace(entry, 'm1', 'm9') WHERE number=2")
    assert chain.verify() == (1, "entry 2 was changed")


def test_an_entry_left_out_is_found(ledger: Ledger) -> None:
    chain = filled(ledger)
    with ledger.transaction() as db:
        db.execute("DELETE FROM chain WHERE number=2")
    assert chain.verify() == (1, "entry 3 does not follow entry 1")


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("DELETE FROM chain WHERE number=3", "entries 3 to 3 are missing at the end"),
        ("DELETE FROM chain", "entries 1 to 3 are missing at the end"),
        ("UPDATE chain SET number=number+10", "entry 11 does not follow entry 0"),
        ("UPDATE chain SET hash='0'", "entry 1 was changed"),
    ],
)
def test_entries_cut_off_or_moved_are_found(ledger: Ledger, tampering: str, found: str) -> None:
    chain = filled(ledger)
    with ledger.transaction() as db:
        db.execute(tampering)
    assert chain.verify()[1] == found


def test_an_end_that_was_written_anew_is_found(ledger: Ledger, tmp_path: Path) -> None:
    chain = filled(ledger)
    other = Ledger(tmp_path / "other" / "ledger.sqlite")
    forged = filled(other)
    with ledger.transaction() as db:
        db.execute("DELETE FROM chain")
        db.executemany(
            "INSERT INTO chain VALUES (?, ?, ?)",
            other.read("SELECT number, hash, entry FROM chain ORDER BY number"),
        )
    assert forged.verify() == (3, "")
    assert chain.verify() == (2, "entry 3 is not the one that was written")


def test_what_was_not_told_yet_forgets_the_person_too(ledger: Ledger, tmp_path: Path) -> None:
    """Of mails that wait for the outbox, for being acted on, and for the help desk."""
    chain, who = filled(ledger), Seals(ledger).who("c1@example.com")
    body = decision(1).model_copy(
        update={
            "label": "order", "reason": "private reason",
            "prediction": {"label": "order", "score": 0.9, "draft": {"body": "private draft"}},
        }
    )  # fmt: skip
    row, content = body.model_dump_json(), b"From: c1@example.com private"
    with ledger.transaction():
        ledger.add(
            MailRecord(
                body.sample_id, "<private@example.com>", who, "decided", "INBOX", 1, 1, "act", "order",
                "b1", False, 0.0, row=row, content=content,
            )
        )  # fmt: skip
        ledger.say("s", row, content=content)
        ledger.say("s", decision(2).model_dump_json(), content=b"another's mail")
        ledger.put_call(body.sample_id, '{"message_id": "<private@example.com>"}', 0, 0.0)
        ledger.change(body.sample_id, message_id="")
    assert chain.erase("c1@example.com", NOW) == 2, "also one that only the record tells of"
    mine, others = ledger.untold("s", 0)
    told = DecisionBody.model_validate_json(mine.body)
    assert (told.label, told.reason, mine.content) == ("order", "", None)
    assert told.prediction == {"label": "order", "score": 0.9}
    assert others.content == b"another's mail"
    assert ledger.next_call(1e12) is None
    for file in (tmp_path / "mail").iterdir():
        assert b"private" not in file.read_bytes(), file.name


def test_a_person_is_forgotten_and_the_chain_still_holds(ledger: Ledger, tmp_path: Path) -> None:
    chain = filled(ledger)
    assert [link.text for link in chain.links("m1")] == [{"subject": "private 1"}]
    chain.erase("C1@example.com", NOW)
    assert [link.text for link in chain.links("m1")] == [None]
    assert [link.text for link in chain.links("m2")] == [{"subject": "private 2"}]
    assert chain.verify() == (4, "")
    chain.add({"kind": "decision"}, Seals(ledger).who("c1@example.com"), {"subject": "new"})
    assert [link.text for link in chain.links("m1")] == [None], "a new key opens nothing old"
    assert b"private" not in (tmp_path / "mail" / "ledger.sqlite").read_bytes()


def test_the_key_of_a_forgotten_person_is_not_in_the_file_any_more(
    ledger: Ledger, tmp_path: Path
) -> None:
    chain = filled(ledger)
    who = Seals(ledger).who("c1@example.com")
    key = bytes(ledger.read("SELECT key FROM keys WHERE who=?", (who,))[0][0])
    chain.erase("c1@example.com", NOW)
    for file in (tmp_path / "mail").iterdir():
        assert key not in file.read_bytes(), file.name


def test_what_the_hub_wants_erased_is_answered_once(ledger: Ledger) -> None:
    chain = filled(ledger)
    for _ in range(2):
        chain.erase("c1@example.com", NOW, "wish-1")
    (row,) = ledger.untold("l", 0)
    assert ErasedBody.model_validate_json(row.body).request == "wish-1"


# -- telling the outbox --------------------------------------------------------------------------


class Rows:
    """An outbox that commits what it is told to."""

    def __init__(self) -> None:
        self.taken: list[Entry] = []
        self.marks: dict[str, int] = {}
        self.room = 1_000_000

    def put(self, entry: Entry) -> bool:
        if len(self.taken) >= self.room:
            return False
        self.taken.append(entry)
        return True

    def commit(self) -> None:
        for entry in self.taken:
            assert entry.mark is not None
            self.marks[entry.mark[0]] = entry.mark[1]

    def mark(self, name: str) -> int:
        return self.marks.get(name, 0)


def say(ledger: Ledger, *numbers: int) -> None:
    for number in numbers:
        ledger.say("s", decision(number).model_dump_json())


def told(rows: Rows) -> list[str]:
    return [e.body.sample_id for e in rows.taken if isinstance(e.body, DecisionBody)]


def test_a_row_is_told_again_after_a_kill_unless_it_is_committed(ledger: Ledger) -> None:
    rows = Rows()
    say(ledger, 1, 2)
    Teller(ledger, rows.put, rows.mark).tell()
    assert told(rows) == ["sample-1", "sample-2"]
    Teller(ledger, rows.put, rows.mark).tell()  # a kill before the commit
    assert told(rows) == ["sample-1", "sample-2"] * 2
    rows.commit()
    say(ledger, 3)
    Teller(ledger, rows.put, rows.mark).tell()
    assert told(rows)[4:] == ["sample-3"]
    assert [row.number for row in ledger.untold("s", 0)] == [3]


def test_rows_wait_where_there_is_no_room(ledger: Ledger) -> None:
    rows = Rows()
    rows.room = 1
    say(ledger, 1, 2)
    teller = Teller(ledger, rows.put, rows.mark)
    assert not teller.tell()
    rows.room = 9
    assert teller.tell()
    assert told(rows) == ["sample-1", "sample-2"]


def test_a_ledger_that_was_lost_goes_on_behind_what_the_outbox_has(tmp_path: Path) -> None:
    rows = Rows()
    rows.marks[mark_of("s")] = 500
    fresh = Ledger(tmp_path / "new" / "ledger.sqlite")
    say(fresh, 1, 2)
    Teller(fresh, rows.put, rows.mark).tell()
    assert told(rows) == ["sample-1", "sample-2"]
    assert [e.mark for e in rows.taken] == [(mark_of("s"), 501), (mark_of("s"), 502)]


def test_a_transaction_that_fails_leaves_nothing(ledger: Ledger) -> None:
    with pytest.raises(sqlite3.Error), ledger.transaction() as db:
        say(ledger, 1)
        db.execute("no SQL")
    assert ledger.untold("s", 0) == []


# -- the gate ------------------------------------------------------------------------------------


def test_audits_that_break_the_promise_close_the_gate_until_another_bundle_comes(
    ledger: Ledger,
) -> None:
    raised: dict[str, str] = {}
    gate = Gate(ledger, lambda name, severity, _text: raised.update({name: severity}))
    assert gate.is_open("b1", BOUND)
    for _ in range(3):
        gate.hear("b1", wrong=True)
    assert not gate.is_open("b1", BOUND)
    assert raised["mail-gate-closed"] == "error"
    assert not Gate(ledger, no_alert).is_open("b1", BOUND), "over a restart too"
    assert gate.is_open("b2", BOUND)
    assert raised["mail-gate-closed"] == "info"


def test_a_bundle_that_broke_its_promise_does_not_decide_again_after_another_one(
    ledger: Ledger,
) -> None:
    """As after a rollback: what was learned of the older bundle still holds."""
    gate = Gate(ledger, no_alert)
    gate.is_open("b1", BOUND)
    for _ in range(3):
        gate.hear("b1", wrong=True)
    assert gate.is_open("b2", BOUND)
    gate.hear("b2", wrong=True)
    assert not gate.is_open("b1", BOUND)
    open_gate(ledger, "the folder was wrong")
    assert gate.is_open("b1", BOUND)
    assert gate.is_open("b2", BOUND)
    assert (read_gate(ledger).audits, read_gate(ledger).wrong) == (1, 1), "its bet goes on"
    assert gate.is_open("b1", BOUND), "what a person opened stays so"


def test_right_audits_keep_the_gate_open(ledger: Ledger) -> None:
    gate = Gate(ledger, no_alert)
    assert gate.is_open("b1", BOUND)
    for n in range(300):
        gate.hear("b1", wrong=n % 100 == 0)
    assert gate.is_open("b1", BOUND)
    assert read_gate(ledger).audits == 300


def test_audits_of_another_bundle_say_nothing_about_this_one(ledger: Ledger) -> None:
    gate = Gate(ledger, no_alert)
    assert gate.is_open("b2", BOUND)
    for _ in range(20):
        gate.hear("b1", wrong=True)
    assert gate.is_open("b2", BOUND)


def test_a_person_opens_the_gate_and_the_bet_begins_anew(ledger: Ledger) -> None:
    gate = Gate(ledger, no_alert)
    gate.is_open("b1", BOUND)
    for _ in range(5):
        gate.hear("b1", wrong=True)
    open_gate(ledger, "the folder was wrong")
    assert gate.is_open("b1", BOUND)
    assert read_gate(ledger).wrong == 0


def test_a_word_of_the_hub_is_followed_once(ledger: Ledger) -> None:
    gate = Gate(ledger, no_alert)
    assert gate.is_open("b1", BOUND)
    closed = GateWord(bundle="b1", closed=True, why="audits", who="hub", at=NOW)
    gate.follow([closed])
    assert not gate.is_open("b1", BOUND)
    open_gate(ledger, "here we know better")
    gate.follow([closed])
    assert gate.is_open("b1", BOUND), "the same word does not close it twice"
    gate.follow([closed.model_copy(update={"at": NOW + timedelta(hours=1)})])
    assert not gate.is_open("b1", BOUND)
    gate.follow([closed.model_copy(update={"at": NOW + timedelta(hours=2), "closed": False})])
    assert gate.is_open("b1", BOUND)


def test_a_word_of_the_hub_is_seen_before_the_next_mail_and_a_person_here_has_the_last_one(
    ledger: Ledger,
) -> None:
    gate = Gate(ledger, no_alert)
    assert gate.is_open("b1", BOUND)
    gate.follow([GateWord(bundle="b1", closed=True, why="a new line", who="ada", at=NOW)])
    shown = read_gate(ledger)
    assert (shown.closed, shown.because) == (True, "ada: a new line")
    open_gate(ledger, "here we know better")
    assert not read_gate(ledger).closed
    assert gate.is_open("b1", BOUND), "what was said before does not close it again"


def test_a_person_who_opens_the_gate_while_a_word_of_the_hub_is_heeded_is_not_overruled(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(ledger, no_alert)
    assert gate.is_open("b1", BOUND)
    gate.follow([GateWord(bundle="b1", closed=True, why="a new line", who="ada", at=NOW)])
    plain, acts = gates._read, [lambda other: open_gate(other, "here we know better")]

    def slow(text: str) -> gates.GateMemory:
        found = plain(text)
        if acts:  # a command, in a process of its own
            act = acts.pop()
            with closing(Ledger(tmp_path / "mail" / "ledger.sqlite")) as other:
                act(other)
        return found

    monkeypatch.setattr(gates, "_read", slow)
    assert gate.is_open("b1", BOUND)
    assert read_gate(ledger).because == "here we know better"


def test_a_gate_that_cannot_be_read_is_closed(ledger: Ledger) -> None:
    ledger.keep_note("gate", json.dumps({"closed": "perhaps"}))
    gate = Gate(ledger, no_alert)
    assert not gate.is_open("", None)
    assert not gate.is_open("b1", BOUND), "no bundle opens what may have been closed"
    assert not Gate(ledger, no_alert).is_open("b1", BOUND)
    word = GateWord(bundle="b1", closed=False, who="ada", why="we looked", at=NOW)
    gate.follow([word])
    assert gate.is_open("b1", BOUND), "a person opens it, here or at the hub"
    assert read_gate(ledger).monitor is not None


def test_words_of_the_hub_that_cannot_be_read_stop_no_mail(ledger: Ledger) -> None:
    ledger.keep_note("gate-words", "{")
    assert Gate(ledger, no_alert).is_open("b1", BOUND)
