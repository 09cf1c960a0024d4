"""What persons do at a mailbox before the agent comes to a mail, or while it is connected: they are not disturbed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from edge_agent.config import AgentConfig
from tests.edge_agent.mail_parts import decisions, mail_config, rows
from tests.edge_agent.mail_refusals import Refusals
from tests.edge_agent.mail_servers import (
    PASSWORD,
    Dovecot,
    Sink,
    a_mail,
    kill_leftovers,
    needs_dovecot,
)
from tests.waiting import wait_for

pytestmark = needs_dovecot


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KW_TEST_MAIL_PASSWORD", PASSWORD)
    monkeypatch.setattr("edge_agent.mail.acting._REFUSED_PAUSE_S", 0.1)
    yield
    kill_leftovers()


@pytest.fixture
def server() -> Dovecot:
    return Dovecot().start()


def mark(server: Dovecot, uid: int, flag: bytes) -> None:
    with server.login() as client:
        client.select_folder("INBOX")
        client.add_flags([uid], [flag])


def flags(server: Dovecot, folder: str) -> list[set[bytes]]:
    with server.login() as client:
        client.select_folder(folder, readonly=True)
        uids = client.search()
        return [set(client.get_flags(uids)[uid]) - {b"\\Recent"} for uid in uids]


def test_a_mail_that_a_person_has_answered_is_filed_and_gets_no_draft(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(a_mail(1), a_mail(2))
    mark(server, 1, b"\\Answered")
    config = mail_config(tmp_path, server)
    Agent(config).run()
    assert server.ids("Orders") == ["<q1@example.com>", "<q2@example.com>"]
    [draft] = server.mails("Drafts")
    assert b"<q2@example.com>" in draft
    assert [body.actions for body in decisions(config)] == [
        {"draft": "late", "file": "done"},
        {"draft": "done", "file": "done"},
    ]


def test_a_mail_that_a_person_has_thrown_away_is_none_of_ours(
    tmp_path: Path, server: Dovecot
) -> None:
    """Marked as deleted, and shown by no mail program: the next one expunges it."""
    server.deliver(a_mail(1), a_mail(2))
    mark(server, 1, b"\\Deleted")
    Agent(mail_config(tmp_path, server)).run()
    assert server.ids("INBOX") == ["<q1@example.com>"]
    assert server.ids("Orders") == ["<q2@example.com>"]
    assert len(server.mails("Drafts")) == 1


def sending(tmp_path: Path, server: Dovecot, sink: Sink) -> AgentConfig:
    send = {"intents": ["order"], "host": "127.0.0.1", "port": sink.port, "security": "plain"}
    return mail_config(tmp_path, server, send=send)


def test_nobody_gets_a_second_answer_without_a_person(tmp_path: Path, server: Dovecot) -> None:
    server.deliver(a_mail(1), a_mail(2))
    mark(server, 1, b"\\Answered")
    with closing(Sink()) as sink:
        config = sending(tmp_path, server, sink)
        Agent(config).run()
    [(_sender, receivers, _content)] = sink.mails
    assert receivers == ["<customer2@example.com>"]
    assert server.mails("Drafts") == []
    assert [body.actions["send"] for body in decisions(config)] == ["late", "done"]


def test_a_mail_that_was_answered_without_a_person_looks_answered(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(a_mail(1))
    with closing(Sink()) as sink:
        Agent(sending(tmp_path, server, sink)).run()
    assert flags(server, "Orders") == [{b"\\Answered"}]


@pytest.mark.parametrize("what", ["rename", "delete"])
def test_a_folder_that_a_person_takes_away_is_made_anew(
    tmp_path: Path, server: Dovecot, what: str
) -> None:
    config = mail_config(tmp_path, server, once=False)
    agent = Agent(config)
    thread = threading.Thread(target=agent.run)
    thread.start()
    try:
        server.deliver(a_mail(1))
        wait_for(lambda: server.ids("Orders") == ["<q1@example.com>"])
        with server.login() as client:
            if what == "rename":
                client.rename_folder("Orders", "Orders of 2025")
            else:
                client.delete_folder("Orders")
        server.deliver(a_mail(2))
        wait_for(lambda: server.ids("Orders") == ["<q2@example.com>"])
    finally:
        agent.stop()
        thread.join(20)
    assert "mail-not-filed" not in {body.name for body in rows(config, "a")}


def test_a_mail_that_was_copied_and_could_not_be_taken_away_is_not_copied_again(
    tmp_path: Path,
) -> None:
    """Where a server cannot move; the folder is still there, whatever was refused."""
    server = Dovecot(lacks=("MOVE",)).start()
    server.deliver(a_mail(1))
    with Refusals(server.port, rb" UID STORE .*Deleted", b"NO not now", 2) as line:
        agent = Agent(mail_config(tmp_path, server, port=line.port, once=False))
        thread = threading.Thread(target=agent.run)
        thread.start()
        try:
            wait_for(lambda: server.ids("INBOX") == [])
        finally:
            agent.stop()
            thread.join(20)
        assert len(line.refused) == 2
    assert server.ids("Orders") == ["<q1@example.com>"]
