"""Servers of all kinds behind an agent: what they call drafts, what they cannot do, when they go away."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from edge_agent.doctor import examine
from tests.edge_agent.mail_parts import decisions, labels, mail_config, rows
from tests.edge_agent.mail_servers import (
    PASSWORD,
    Dovecot,
    a_mail,
    kill_leftovers,
    needs_dovecot,
    needs_two_users,
)
from tests.waiting import wait_for

pytestmark = needs_dovecot


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KW_TEST_MAIL_PASSWORD", PASSWORD)
    yield
    kill_leftovers()


@pytest.fixture
def server() -> Dovecot:
    return Dovecot().start()


@pytest.mark.parametrize(
    ("special", "separator", "prefix", "drafts"),
    [
        ({"Entwürfe": "", "Gesendet": ""}, "/", "", "Entwürfe"),
        ({"Brouillons": "\\Drafts", "Drafts": ""}, "/", "", "Brouillons"),
        ({"Drafts": "", "Sent": ""}, ".", "INBOX.", "INBOX.Drafts"),
        ({"[Gmail]/Concepten": "\\Drafts", "[Gmail]/Verzonden": ""}, "/", "", "[Gmail]/Concepten"),
    ],
)
def test_drafts_are_found_in_whatever_the_server_calls_them(
    tmp_path: Path, special: dict[str, str], separator: str, prefix: str, drafts: str
) -> None:
    server = Dovecot(special=special, separator=separator, prefix=prefix).start()
    server.deliver(a_mail(1))
    Agent(mail_config(tmp_path, server)).run()
    assert len(server.mails(drafts)) == 1
    assert server.ids(f"{prefix}Orders") == ["<q1@example.com>"]


class WithPublicFolders(Dovecot):
    """What is a user's own lies below INBOX, beside it what is everybody's, and may only be read."""

    def _write(self) -> None:
        super()._write()
        config, mails = self.folder / "dovecot.conf", self.folder / "public" / ".Info"
        for name in ("cur", "new", "tmp"):
            (mails / name).mkdir(parents=True, exist_ok=True)
        (mails / "cur" / "1.x:2,").write_bytes(a_mail(7, "Where is my order?"))
        for folder in (mails, *mails.iterdir()):
            folder.chmod(0o555)
        public = (
            "namespace public {\n  type = public\n  separator = .\n  prefix = Public.\n"
            f"  mail_driver = maildir\n  mail_path = {self.folder}/public\n"
            f"  mail_control_path = {self.folder}/mail/control\n"
            f"  mail_index_path = {self.folder}/mail/index\n}}\n"
        )
        config.write_text(config.read_text() + public)


def test_folders_are_made_where_the_user_may_also_beside_public_ones(tmp_path: Path) -> None:
    server = WithPublicFolders(separator=".", prefix="INBOX.").start()
    server.deliver(a_mail(1), a_mail(2, "The invoice is wrong"))
    Agent(mail_config(tmp_path, server)).run()
    assert server.ids("INBOX.Orders") == ["<q1@example.com>"]
    assert server.ids("INBOX.Büro.Rechnungen") == ["<q2@example.com>"]


@needs_two_users
def test_a_folder_that_may_only_be_read_is_read_and_hides_none_of_the_others(
    tmp_path: Path,
) -> None:
    server = WithPublicFolders(separator=".", prefix="INBOX.").start()
    config = mail_config(tmp_path, server, folders=["Public.Info", "INBOX"])
    server.deliver(a_mail(1))
    assert "Public.Info may only be read" in next(
        check.found for check in examine(config) if check.check == "source"
    )
    assert Agent(config).run().samples == 2
    assert server.ids("INBOX.Orders") == ["<q1@example.com>"]
    assert len(server.mails("INBOX.Drafts")) == 2
    assert "mailbox-lost" not in {body.name for body in rows(config, "a")}


def test_without_a_folder_of_drafts_it_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    server = Dovecot(special={"Ablage": ""}).start()
    server.deliver(a_mail(1))
    config = mail_config(tmp_path, server)
    Agent(config).run()
    assert "mail-no-drafts-folder" in {body.name for body in rows(config, "a")}
    assert server.ids("Orders") == ["<q1@example.com>"]


@pytest.mark.parametrize("lacks", [("MOVE",), ("MOVE", "UIDPLUS"), ("IDLE", "LITERAL+")])
def test_a_server_that_can_little_is_enough(tmp_path: Path, lacks: tuple[str, ...]) -> None:
    server = Dovecot(lacks=lacks).start()
    server.deliver(a_mail(1), a_mail(2, "The invoice is wrong"))
    Agent(mail_config(tmp_path, server)).run()
    assert server.ids("INBOX") == []
    assert server.ids("Orders") == ["<q1@example.com>"]


def test_without_uidplus_no_mail_of_a_persons_is_expunged(tmp_path: Path) -> None:
    server = Dovecot(lacks=("MOVE", "UIDPLUS")).start()
    server.deliver(a_mail(1), a_mail(3, "Do you like chess?"))
    with server.login() as client:
        client.select_folder("INBOX")
        client.add_flags([2], [b"\\Deleted"])  # a person may still change their mind
    Agent(mail_config(tmp_path, server)).run()
    assert "<q3@example.com>" in server.ids("INBOX")
    assert server.ids("Orders") == ["<q1@example.com>"]


def test_new_mail_is_dealt_with_soon_after_it_arrives(tmp_path: Path, server: Dovecot) -> None:
    config = mail_config(tmp_path, server, once=False, poll_s=600)
    agent = Agent(config)
    thread = threading.Thread(target=agent.run)
    thread.start()
    try:
        wait_for(lambda: agent.source.health.up and agent.line.has_bundle())
        time.sleep(1)
        server.deliver(a_mail(1))
        wait_for(lambda: server.ids("Orders") == ["<q1@example.com>"])
    finally:
        agent.stop()
        thread.join(20)
    assert not thread.is_alive()


def test_a_server_that_goes_away_is_found_again(tmp_path: Path, server: Dovecot) -> None:
    agent = Agent(mail_config(tmp_path, server, once=False))
    thread = threading.Thread(target=agent.run)
    thread.start()
    try:
        server.deliver(a_mail(1))
        wait_for(lambda: len(server.ids("Orders")) == 1)
        server.stop()
        wait_for(lambda: "mailbox-lost" in agent.alerts.open())
        server.start()
        server.deliver(a_mail(2, "my second order"))
        # met as it starts it is silent: a time-out and a pause of the agent pass
        wait_for(lambda: len(server.ids("Orders")) == 2)
        wait_for(lambda: "mailbox-lost" not in agent.alerts.open())
    finally:
        agent.stop()
        thread.join(20)


def test_a_folder_that_the_server_refuses_leaves_the_mail_to_a_person(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(a_mail(1), a_mail(2, "The invoice is wrong"))
    filing = {"folders": {"order": "a/../b", "invoice": "Bills"}}
    config = mail_config(tmp_path, server, filing=filing)
    Agent(config).run()
    assert server.ids("INBOX") == ["<q1@example.com>"]
    assert server.ids("Bills") == ["<q2@example.com>"]
    by_label = {body.label: body.actions for body in decisions(config)}
    assert by_label["order"]["file"] == "error"
    assert len(server.mails("Drafts")) == 2
    assert "mail-not-filed" in {body.name for body in rows(config, "a")}


def test_an_intents_folder_may_lie_within_that_of_another(tmp_path: Path) -> None:
    """Where names alone make the outer one, there is none yet to look into."""
    server = Dovecot(separator=".").start()
    server.deliver(a_mail(1, "The invoice is wrong"))
    filing = {"folders": {"order": "Sorted", "invoice": "Sorted/Bills"}}
    config = mail_config(tmp_path, server, filing=filing)
    Agent(config).run()
    server.deliver(a_mail(2, "Do you like chess?"))
    Agent(config).run()
    server.take_out("INBOX", "<q2@example.com>", to="Sorted.Bills")
    Agent(config).run()
    assert [body.annotation["label"] for body in labels(config)] == ["invoice"]
    server.deliver(a_mail(3, "my order"))
    Agent(config).run()
    assert server.ids("Sorted") == ["<q3@example.com>"]
