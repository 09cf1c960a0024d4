"""Mails that a server does not hand over, and commands that it refuses for a while: all others go on, nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from edge_agent.mail.withheld import AGAIN_S, MOST, TRIES, Withheld
from tests.edge_agent.mail_parts import decisions, ledger_of, mail_config, rows
from tests.edge_agent.mail_refusals import Refusals
from tests.edge_agent.mail_servers import (
    PASSWORD,
    Dovecot,
    a_mail,
    kill_leftovers,
    needs_dovecot,
    needs_two_users,
)
from tests.waiting import wait_for

THROTTLED = b"NO Request is throttled. Suggested Backoff Time: 299609 milliseconds"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KW_TEST_MAIL_PASSWORD", PASSWORD)
    monkeypatch.setattr("edge_agent.sources.imap._FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr("edge_agent.mail.acting._BUSY_PAUSE_S", 0.01)
    yield
    kill_leftovers()


@pytest.fixture
def server() -> Dovecot:
    return Dovecot().start()


def damage(server: Dovecot, words: bytes) -> None:
    """Makes the mail with these words one that the server cannot read."""
    mails = [path for path in (server.folder / "mail").rglob("mails/**/*.vm,*") if path.is_file()]
    [damaged] = [path for path in mails if words in path.read_bytes()]
    damaged.chmod(0)


@needs_dovecot
@needs_two_users
def test_a_mail_that_the_server_cannot_read_holds_up_no_other(
    tmp_path: Path, server: Dovecot
) -> None:
    for number in range(1, 6):
        server.deliver(a_mail(number))
    damage(server, b"<q3@")
    config = mail_config(tmp_path, server)
    Agent(config).run()
    assert server.ids("Orders") == [f"<q{n}@example.com>" for n in (1, 2, 4, 5)]
    told = [body.text for body in rows(config, "a") if body.name == "corrupt-sample"]
    assert told and "a mail of INBOX (UID 3)" in told[0]


@needs_dovecot
@needs_two_users
def test_a_sent_mail_that_the_server_cannot_read_keeps_nobody_from_learning(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(a_mail(1))
    agent = Agent(mail_config(tmp_path, server, once=False))
    source = agent.source
    thread = threading.Thread(target=agent.run)
    thread.start()
    try:
        wait_for(lambda: len(server.mails("Drafts")) == 1)
        wait_for(lambda: source._works)  # it has looked once
        [draft] = server.mails("Drafts")
        server.deliver(a_mail(9, subject="Some answer"), folder="Sent")
        damage(server, b"Some answer")
        server.deliver(draft, a_mail(8), folder="Sent")
        wait_for(lambda: source.room.counts["draft accepted"] == 1)
        server.deliver(a_mail(2))
        wait_for(lambda: len(server.ids("Orders")) == 2)
    finally:
        agent.stop()
        thread.join(20)


@needs_dovecot
def test_a_mail_that_comes_after_all_is_decided_after_the_others(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(*[a_mail(number) for number in range(1, 6)])
    no = b"NO The specified message could not be retrieved"
    with Refusals(server.port, rb"FETCH (3|[\d,]*,3|\S*:[345])\b.*BODY", no, 6) as line:
        config = mail_config(tmp_path, server, port=line.port)
        Agent(config).run()
        assert len(line.refused) == 6
    assert server.ids("INBOX") == []
    assert sorted(server.ids("Orders")) == [f"<q{n}@example.com>" for n in range(1, 6)]
    assert len(decisions(config)) == 5


@needs_dovecot
def test_a_mail_that_is_withheld_for_a_while_is_decided_though_later_ones_were(
    tmp_path: Path, server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.mail.withheld.AGAIN_S", 0.5)
    server.deliver(*[a_mail(number) for number in (1, 2, 3)])
    no = b"NO [SERVERBUG] Internal error occurred"
    with Refusals(server.port, rb"FETCH (2|[\d,]*,2|\S*:[23])\b.*BODY", no, 8) as line:
        config = mail_config(tmp_path, server, port=line.port, once=False)
        agent = Agent(config)
        thread = threading.Thread(target=agent.run)
        thread.start()
        try:
            wait_for(lambda: len(server.ids("Orders")) == 3)
        finally:
            agent.stop()
            thread.join(20)
        assert len(line.refused) == 8
    assert agent.source.health.corrupt == 1
    assert len(decisions(config)) == 3
    with closing(ledger_of(config)) as ledger:
        assert ledger.read("SELECT uid FROM positions WHERE name='in/INBOX'") == [(3,)]


def test_a_mail_that_never_comes_is_a_persons_in_the_end() -> None:
    now = 0.0
    withheld = Withheld(lambda: now)
    assert [withheld.failed("INBOX", 7, 3) for _ in range(TRIES)] == [False, False, True]
    assert withheld.split("INBOX", 7, [4]) == ([4], [])
    for _ in range(MOST - TRIES):
        now += AGAIN_S
        assert withheld.split("INBOX", 7, []) == ([], [3])
        assert withheld.split("INBOX", 7, []) == ([], [])
    now += AGAIN_S
    assert withheld.split("INBOX", 7, []) == ([], [])


def test_a_mail_that_is_withheld_is_asked_for_after_the_others_and_alone_seldom() -> None:
    now = 0.0
    withheld = Withheld(lambda: now)
    for _ in range(TRIES):
        assert withheld.split("INBOX", 7, [3, 4]) == ([3, 4], [])
        withheld.failed("INBOX", 7, 3)
    assert withheld.split("INBOX", 7, [3, 4]) == ([4], [3])
    assert withheld.split("INBOX", 7, [3]) == ([], [])
    assert withheld.split("INBOX", 8, [3]) == ([3], [])
    now = AGAIN_S
    assert withheld.split("INBOX", 7, [3]) == ([], [3])


@needs_dovecot
def test_what_a_server_takes_later_because_it_is_overloaded_is_laid_and_filed_once(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(a_mail(1), a_mail(2))
    with Refusals(server.port, rb" (APPEND|UID MOVE) ", THROTTLED, 7) as line:
        config = mail_config(tmp_path, server, port=line.port, once=False)
        agent = Agent(config)
        thread = threading.Thread(target=agent.run)
        thread.start()
        try:
            wait_for(lambda: len(server.ids("Orders")) == 2)
        finally:
            agent.stop()
            thread.join(20)
        assert len(line.refused) == 7
    assert len(server.ids("Drafts")) == 2
    assert {body.actions["file"] for body in decisions(config)} == {"done"}
    assert "mail-not-filed" not in {body.name for body in rows(config, "a")}


@needs_dovecot
def test_a_folder_that_is_busy_for_ever_keeps_no_other_mail_waiting(
    tmp_path: Path, server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.mail.acting._MAX_BUSY_PAUSE_S", 0.02)
    server.deliver(a_mail(1), a_mail(2, "An invoice"), a_mail(3))
    locked = b"NO [INUSE] Mailbox is locked"
    with Refusals(server.port, rb" UID MOVE .*Orders", locked, 1_000_000) as line:
        config = mail_config(tmp_path, server, port=line.port, once=False)
        agent = Agent(config)
        thread = threading.Thread(target=agent.run)
        thread.start()
        try:
            wait_for(lambda: len(server.ids("INBOX")) == 2)
            wait_for(lambda: len(server.mails("Drafts")) == 3)
            wait_for(lambda: "mail-not-filed" in agent.alerts.open())
        finally:
            agent.stop()
            thread.join(20)
    assert server.ids("INBOX") == ["<q1@example.com>", "<q3@example.com>"]


@needs_dovecot
def test_an_overloaded_server_withholds_no_mail(tmp_path: Path, server: Dovecot) -> None:
    server.deliver(a_mail(1))
    with Refusals(server.port, rb" UID FETCH .*BODY", THROTTLED, TRIES + 1) as line:
        config = mail_config(tmp_path, server, port=line.port)
        Agent(config).run()
        assert len(line.refused) == TRIES + 1
    assert server.ids("Orders") == ["<q1@example.com>"]
    assert "corrupt-sample" not in {body.name for body in rows(config, "a")}


@needs_dovecot
def test_that_a_server_ends_a_connection_now_and_then_is_no_alert(
    tmp_path: Path, server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exchange does so each hour, when the token has ended."""
    goodbye = b"* BYE Session invalidated - AccessTokenExpired\r\n"
    with Refusals(server.port, b"^$", b"", 0) as line:
        agent = Agent(mail_config(tmp_path, server, port=line.port, once=False))
        health, source = agent.source.health, agent.source
        thread = threading.Thread(target=agent.run)
        thread.start()
        try:
            for number in (1, 2):
                server.deliver(a_mail(number))
                wait_for(lambda n=number: len(server.ids("Orders")) == n)
                wait_for(lambda: source._works)  # it waits for mail again
                line.end_all(goodbye)
                wait_for(lambda n=number: health.reconnects >= n)
                assert ("mailbox-lost" in agent.alerts.open()) == (number == 2)  # again so soon
        finally:
            agent.stop()
            thread.join(20)
