"""What erasing leaves in the ledger's file: SQLite moves rows about in its pages, and overwrites only where they lay last."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from edge_agent.mail.chain import Chain, Seals
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.mail.ledger import Ledger
from edge_agent.mail.pruning import DAY_S, Pruning
from edge_agent.mail.record import MailRecord

NOW = datetime(2026, 5, 4, 6, 0, tzinfo=timezone.utc)
PEOPLE = 400


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite")


def filled(ledger: Ledger) -> Chain:
    """Mails of many people, whose rows grow and shrink as things are done to them."""
    seals = Seals(ledger)
    chain, chance = Chain(ledger, seals), random.Random(7)
    with ledger.transaction() as db:
        for n in range(PEOPLE):
            who = seals.who(f"p{n}@mail.example")
            number = chance.randrange(10**9)
            ledger.add(
                MailRecord(
                    f"s{number}", f"<m{number}.p{n}-secret@mail.example>", who, "acted", "INBOX", 1, n, "act", "order",
                    "b1", False, (NOW - timedelta(days=100)).timestamp(),
                )
            )  # fmt: skip
            chain.add({"kind": "decision", "sample_id": f"s{number}"}, who, {"text": "x" * 40})
        ids = [str(row[0]) for row in db.execute("SELECT sample_id FROM mails")]
        for _ in range(4 * PEOPLE):
            words = "w" * chance.randint(0, 900)
            db.execute("UPDATE mails SET sealed=? WHERE sample_id=?", (words, chance.choice(ids)))
    return chain


def keys(ledger: Ledger) -> dict[str, bytes]:
    return {str(who): bytes(key) for who, key in ledger.read("SELECT who, key FROM keys")}


def left_in(folder: Path, words: list[bytes]) -> list[bytes]:
    content = b"".join(path.read_bytes() for path in folder.glob("ledger.sqlite*"))
    return [word for word in words if word in content]


def test_neither_keys_nor_names_of_mails_are_left_of_those_who_were_erased(
    ledger: Ledger, tmp_path: Path
) -> None:
    chain = filled(ledger)
    gone = range(0, PEOPLE, 5)
    seals, known = Seals(ledger), keys(ledger)
    secrets = [known[seals.who(f"p{n}@mail.example")] for n in gone]
    secrets += [f".p{n}-secret@".encode() for n in gone]
    for n in gone:
        chain.erase(f"p{n}@mail.example", NOW)
    assert left_in(tmp_path, secrets) == []
    assert len(keys(ledger)) == PEOPLE - len(gone) and chain.verify().fault == ""


def test_keys_of_those_who_wrote_long_ago_leave_nothing_either(
    ledger: Ledger, tmp_path: Path
) -> None:
    chain = filled(ledger)
    secrets = list(keys(ledger).values())
    config = ImapSourceConfig(host="localhost", user="shop", password_env="P", keep_text_days=90)
    for n in range(10):
        Pruning(config, ledger, chain, Counter()).look(NOW.timestamp() + n * DAY_S)
    assert not keys(ledger)
    assert left_in(tmp_path, secrets) == []


@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN"])
def test_a_file_that_another_program_holds_is_written_anew_later(
    ledger: Ledger,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    lock: str,
) -> None:
    chain = filled(ledger)
    ledger.read("PRAGMA busy_timeout=10")
    known = keys(ledger)
    secrets = [known[Seals(ledger).who(f"p{n}@mail.example")] for n in range(40)]
    whole = Ledger.rewrite

    def held(ledger: Ledger) -> None:
        other = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
        other.execute(lock)
        other.execute("SELECT COUNT(*) FROM mails").fetchone()
        try:
            whole(ledger)
        finally:
            other.close()

    monkeypatch.setattr(Ledger, "rewrite", held)
    assert [chain.erase(f"p{n}@mail.example", NOW) for n in range(40)] == [1] * 40
    assert "mail_traces_left" in caplog.text
    monkeypatch.undo()
    chain.clear_traces()
    assert left_in(tmp_path, secrets) == []
    monkeypatch.setattr(Ledger, "rewrite", lambda _: pytest.fail("nobody was erased since"))
    chain.clear_traces()
