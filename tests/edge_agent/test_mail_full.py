"""No room: the mailbox is over its quota, or the disk under the ledger takes nothing. Nothing is lost or done twice."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from contextlib import closing
from email import message_from_bytes
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from edge_agent.config import AgentConfig
from edge_agent.mail.chain import Chain, Seals
from edge_agent.mail.ledger import Ledger
from edge_agent.mail.room import STUCK
from edge_agent.sources.imap import ImapSource
from tests.edge_agent.mail_parts import decisions, ledger_of, mail_config
from tests.edge_agent.mail_servers import (
    PASSWORD,
    Dovecot,
    Sink,
    a_mail,
    kill_leftovers,
    needs_dovecot,
)
from tests.small_disks import MakeDisk, fill
from tests.waiting import wait_for

pytestmark = needs_dovecot
FULL = "mailbox-full"


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KW_TEST_MAIL_PASSWORD", PASSWORD)
    yield
    kill_leftovers()


# -- the mailbox -----------------------------------------------------------------------------------


def full_server() -> Dovecot:
    """A mailbox in which there is no room for a draft."""
    server = Dovecot(quota_kib=100).start()
    server.deliver(a_mail(1), a_mail(2, "The invoice is wrong"), a_mail(3, "Do you like chess?"))
    fill_up(server)
    return server


def fill_up(server: Dovecot) -> None:
    """Old mails in the trash take all the room there is."""
    with server.login() as client:
        for lines in (1000, 300, 100, 30, 10, 3, 1):
            with contextlib.suppress(client.Error):
                while True:
                    client.append("Trash", a_mail(99, ("x" * 70 + "\n") * lines))


def make_room(server: Dovecot) -> None:
    """A person empties the trash."""
    with server.login() as client:
        client.select_folder("Trash")
        client.delete_messages(client.search())
        client.expunge()


@pytest.mark.parametrize("how", ["move", "copy"])
def test_a_full_mailbox_gets_its_drafts_once_there_is_room_and_once_only(
    tmp_path: Path, how: str
) -> None:
    server = full_server()
    filing = {"how": how, "folders": {"order": "Orders", "invoice": "Bills"}}
    config = mail_config(tmp_path, server, filing=filing)
    for _ in range(6):  # more often than a refused mail is tried
        agent = Agent(config)
        assert agent.run().figures["mails_waiting"] == 2
        assert FULL in agent.alerts.open()
    assert server.mails("Drafts") == []
    assert server.ids("INBOX") == [f"<q{n}@example.com>" for n in (1, 2, 3)]
    assert [body.label for body in decisions(config)] == ["oos"], "what is not done is not told"
    make_room(server)
    for _ in range(2):
        agent = Agent(config)
        agent.run()
        assert FULL not in agent.alerts.open()
    assert len(server.mails("Drafts")) == 2
    assert server.ids("Orders") == ["<q1@example.com>"]
    assert server.ids("Bills") == ["<q2@example.com>"]
    assert len({body.sample_id for body in decisions(config)}) == len(decisions(config)) == 3


def test_a_running_agent_tries_a_full_mailbox_with_one_mail_and_goes_on_by_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = full_server()
    monkeypatch.setattr(logging.getLogger("edge_agent"), "propagate", True)
    monkeypatch.setattr("edge_agent.mail.acting._FULL_PAUSE_S", 1.0)
    config = mail_config(tmp_path, server, once=False)
    agent = Agent(config)
    thread = threading.Thread(target=agent.run)
    thread.start()
    wait_for(lambda: FULL in agent.alerts.open())
    wait_for(lambda: agent.figures()["mails_waiting"] == 2)
    make_room(server)
    wait_for(lambda: FULL not in agent.alerts.open(), 60)
    wait_for(lambda: agent.figures()["mails_waiting"] == 0)
    agent.stop()
    thread.join(30)
    assert caplog.text.count("mailbox_full") < 4, "a second, then twice as long each time"
    assert len(server.mails("Drafts")) == 2
    assert server.ids("Orders") == ["<q1@example.com>"]


def test_a_draft_for_which_there_was_room_is_laid_once_though_its_mail_cannot_be_copied(
    tmp_path: Path,
) -> None:
    server = Dovecot(quota_kib=60).start()
    server.deliver(a_mail(1, "Where is my order? " + ("x" * 70 + "\n") * 500))
    config = mail_config(tmp_path, server, filing={"how": "copy", "folders": {"order": "Orders"}})
    for _ in range(3):
        agent = Agent(config)
        agent.run()
        assert FULL in agent.alerts.open()
    assert (len(server.mails("Drafts")), server.ids("Orders")) == (1, [])
    server.raise_quota(1000)
    Agent(config).run()
    assert (len(server.mails("Drafts")), server.ids("Orders")) == (1, ["<q1@example.com>"])


def test_a_reply_that_was_sent_is_not_laid_into_the_drafts_when_its_mail_cannot_be_filed(
    tmp_path: Path,
) -> None:
    server, sink = full_server(), Sink()
    send = {"intents": ["order"], "host": "127.0.0.1", "port": sink.port, "security": "plain"}
    filing = {"how": "copy", "folders": {"order": "Orders"}}
    config = mail_config(tmp_path, server, send=send, filing=filing)
    Agent(config).run()
    assert (len(sink.mails), server.ids("Orders")) == (1, [])
    make_room(server)
    Agent(config).run()
    sink.close()
    assert (len(sink.mails), server.ids("Orders")) == (1, ["<q1@example.com>"])
    drafts = [message_from_bytes(raw)["In-Reply-To"] for raw in server.mails("Drafts")]
    assert "<q1@example.com>" not in drafts


def test_no_further_mail_is_decided_while_too_many_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.mail.ledger.MAX_WAITING", 2)
    server = full_server()
    config = mail_config(tmp_path, server)
    assert Agent(config).run().samples == 3
    make_room(server)
    server.deliver(a_mail(4, "Do you like chess?"))
    fill_up(server)
    assert Agent(config).run().samples == 0
    make_room(server)
    assert Agent(config).run().samples == 1
    assert len({body.sample_id for body in decisions(config)}) == len(decisions(config)) == 4


# -- the disk --------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(make_disk: MakeDisk) -> Path:
    """A file system of 24 MiB for all that the agent keeps."""
    return make_disk(24)


def lives(config: AgentConfig) -> tuple[Agent, threading.Thread]:
    agent = Agent(config)
    thread = threading.Thread(target=agent.run)
    thread.start()
    return agent, thread


def ledger_in(agent: Agent) -> Ledger:
    assert isinstance(agent.source, ImapSource)
    return agent.source.room.ledger


def assert_each_once(config: AgentConfig, server: Dovecot, mails: int) -> None:
    wanted = sorted(f"<q{n}@example.com>" for n in range(mails))
    assert sorted(server.ids("Orders")) == wanted
    assert server.ids("INBOX") == []
    drafts = [message_from_bytes(raw)["In-Reply-To"] for raw in server.mails("Drafts")]
    assert sorted(drafts) == wanted
    told = [body.sample_id for body in decisions(config)]
    assert len(told) == len(set(told)) == mails
    with closing(ledger_of(config)) as ledger:
        entries = [link.told["sample_id"] for link in Chain(ledger, Seals(ledger)).links()]
        assert Chain(ledger, Seals(ledger)).verify() == (mails, "")
        assert len(set(entries)) == mails


def test_a_disk_without_a_free_byte_stops_mails_and_loses_none(
    tmp_path: Path, small_disk: Path
) -> None:
    server = Dovecot().start()
    server.deliver(*(a_mail(n) for n in range(3)))
    config = mail_config(small_disk, server, once=False)
    agent, thread = lives(config)
    wait_for(lambda: len(server.ids("Orders")) == 3)
    filler = fill(small_disk)
    server.fill([a_mail(n) for n in range(3, 60)])
    wait_for(lambda: STUCK in agent.alerts.open(), 60)
    fill(small_disk, "more")  # also what the ballast gave back
    (small_disk / "more").unlink()
    filler.unlink()
    wait_for(lambda: len(server.ids("Orders")) == 60, 120)
    wait_for(lambda: STUCK not in agent.alerts.open())
    wait_for(lambda: not ledger_in(agent).untold("s", 0), 60)
    agent.stop()
    thread.join(30)
    assert_each_once(config, server, 60)


@pytest.mark.parametrize("pages", [0, 1, 2, 4, 7])
def test_a_ledger_that_finds_no_room_at_any_step_does_nothing_twice(
    tmp_path: Path, pages: int
) -> None:
    server = Dovecot().start()
    server.deliver(*(a_mail(n) for n in range(25)))
    config = mail_config(tmp_path, server)
    agent = Agent(config)
    ledger = ledger_in(agent)
    size = ledger.read("PRAGMA page_count")[0][0]
    ledger.read(f"PRAGMA max_page_count={size + pages}")
    thread = threading.Thread(target=agent.run)
    thread.start()
    wait_for(lambda: STUCK in agent.alerts.open())
    ledger.read("PRAGMA max_page_count=1000000")
    thread.join(60)
    assert not thread.is_alive()
    assert STUCK not in agent.alerts.open()
    assert_each_once(config, server, 25)


def test_an_agent_that_starts_on_a_full_disk_goes_on_once_there_is_room(small_disk: Path) -> None:
    server = Dovecot().start()
    config = mail_config(small_disk, server, once=False)
    agent, thread = lives(config)
    wait_for(lambda: agent.figures()["source_up"] == 1)
    agent.stop()
    thread.join(30)
    server.deliver(*(a_mail(n) for n in range(3)))
    filler = fill(small_disk)
    agent, thread = lives(config)
    wait_for(lambda: STUCK in agent.alerts.open(), 60)
    filler.unlink()
    wait_for(lambda: len(server.ids("Orders")) == 3, 60)
    wait_for(lambda: not ledger_in(agent).untold("s", 0), 60)
    agent.stop()
    thread.join(30)
    assert_each_once(config, server, 3)
