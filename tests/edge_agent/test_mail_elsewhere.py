"""Audit mails that a person files where no intent's mails go: they were decided wrongly, but for folders that say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from edge_agent.errors import MailboxRefusedError
from edge_agent.mail.elsewhere import matters
from edge_agent.mail.imap import ImapMailbox
from edge_agent.mail.mailbox import Folder, FolderState
from tests.edge_agent.mail_parts import labels, mail_config, rows
from tests.edge_agent.mail_servers import PASSWORD, Dovecot, a_mail, kill_leftovers, needs_dovecot
from tests.edge_agent.test_mail_learning import ALL_AUDITS, file_audits


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KW_TEST_MAIL_PASSWORD", PASSWORD)
    yield
    kill_leftovers()


@pytest.fixture
def server() -> Dovecot:
    return Dovecot().start()


def folder(name: str, *flags: str, delimiter: str = "/") -> Folder:
    return Folder(name, delimiter, frozenset(flags))


def test_folders_of_matters_are_told_from_places() -> None:
    there = [
        folder("INBOX"), folder("Orders"), folder("AquaPure"), folder("INBOX/Erledigt"), folder("Archiv/2026"),
        folder("Old", "\\archive"), folder("Everything", "\\all"), folder("Gesendet"), folder("Junk", "\\junk"),
        folder("Karin"), folder("Karin/März"), folder("Karina"), folder("INBOX/Neues"),
    ]  # fmt: skip
    found = matters(there, {"INBOX", "Orders"}, ["Karin"])
    assert found == ["AquaPure", "INBOX/Neues", "Junk", "Karina"]


def test_folders_below_the_inbox_are_named_as_people_name_them() -> None:
    there = [
        folder(f"INBOX{name}", delimiter=".")
        for name in ("", ".AquaPure", ".Karin", ".Archive.2025")
    ]
    assert matters(there, {"INBOX"}, ["Karin"]) == ["INBOX.AquaPure"]


@needs_dovecot
def test_audits_in_a_folder_that_a_person_made_for_something_new_close_the_gate(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(*(a_mail(n) for n in range(3)))
    config = mail_config(tmp_path, server, learning=ALL_AUDITS)
    Agent(config).run()
    file_audits(server, "AquaPure")
    figures = Agent(config).run().figures
    assert (figures["mails_relabelled"], figures["mail_gate_open"]) == (3, 0)
    [told] = [body.text for body in rows(config, "a") if body.name == "mail-gate-closed"]
    assert "2 in 'AquaPure'" in told and "source.learning.aside" in told
    assert labels(config) == [], "what they are about nobody said"
    assert Agent(config).run().figures["mails_relabelled"] == 0, "each is heard once"


@needs_dovecot
@pytest.mark.parametrize(
    "folder", ["Archive/2026", "INBOX/Erledigt", "Trash", "Karin", "Karin/März"]
)
def test_a_folder_that_says_nothing_of_its_mails_is_no_evidence(
    tmp_path: Path, server: Dovecot, folder: str
) -> None:
    server.deliver(*(a_mail(n) for n in range(3)))
    config = mail_config(tmp_path, server, learning={**ALL_AUDITS, "aside": ["Karin"]})
    Agent(config).run()
    file_audits(server, folder)
    figures = Agent(config).run().figures
    assert (figures["mails_relabelled"], figures["mail_gate_open"]) == (0, 1)


@needs_dovecot
def test_what_lay_in_other_folders_before_is_not_heard_of(tmp_path: Path, server: Dovecot) -> None:
    with server.login() as client:
        client.create_folder("Friends")
        client.append("Friends", a_mail(0))
    server.deliver(a_mail(0))
    config = mail_config(tmp_path, server, learning=ALL_AUDITS)
    for _ in range(2):
        figures = Agent(config).run().figures
    assert (figures["mails_relabelled"], figures["mail_gate_open"]) == (0, 1)
    file_audits(server, "Friends")
    assert Agent(config).run().figures["mails_relabelled"] == 1


@needs_dovecot
def test_a_folder_that_may_not_be_opened_hides_none_of_the_others(
    tmp_path: Path, server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = ImapMailbox.open

    def open_others(self: ImapMailbox, folder: str, *, fresh: bool = False) -> FolderState:
        if folder == "A calendar":
            raise MailboxRefusedError("no permission", where=folder)
        return opened(self, folder, fresh=fresh)

    monkeypatch.setattr(ImapMailbox, "open", open_others)
    with server.login() as client:
        client.create_folder("A calendar")
    server.deliver(a_mail(0))
    config = mail_config(tmp_path, server, learning=ALL_AUDITS)
    Agent(config).run()
    file_audits(server, "AquaPure")
    assert Agent(config).run().figures["mails_relabelled"] == 1
