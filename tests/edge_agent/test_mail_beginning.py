"""Which mails are the agent's: none from before its first start, unless `since` says so; also where UIDs change."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from tests.edge_agent.mail_parts import decisions, ledger_of, mail_config
from tests.edge_agent.mail_refusals import Refusals
from tests.edge_agent.mail_servers import PASSWORD, Dovecot, a_mail, kill_leftovers, needs_dovecot

pytestmark = needs_dovecot
BEFORE = datetime(2026, 5, 4, 6, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KW_TEST_MAIL_PASSWORD", PASSWORD)
    yield
    kill_leftovers()


@pytest.fixture
def server() -> Dovecot:
    """With two mails that came long ago."""
    server = Dovecot().start()
    arrived_long_ago(server, 1, 2)
    return server


def arrived_long_ago(server: Dovecot, *numbers: int) -> None:
    with server.login() as client:
        for number in numbers:
            client.append("INBOX", a_mail(number), (), BEFORE)


def test_mails_of_before_the_first_start_stay_a_persons_when_the_server_renumbers_them(
    tmp_path: Path, server: Dovecot
) -> None:
    config = mail_config(tmp_path, server, since=None)
    Agent(config).run()
    server.deliver(a_mail(3))
    Agent(config).run()
    server.renumber()
    server.deliver(a_mail(4))
    Agent(config).run()
    assert server.ids("INBOX") == ["<q1@example.com>", "<q2@example.com>"]
    arrived_long_ago(server, 5)  # dragged here from another mailbox
    Agent(config).run()
    assert server.ids("INBOX") == ["<q1@example.com>", "<q2@example.com>"]
    assert len(server.mails("Drafts")) == len(decisions(config)) == 3


def test_mails_that_come_after_the_server_was_restored_are_decided(
    tmp_path: Path, server: Dovecot
) -> None:
    """As it was last night, with the same UIDVALIDITY: what comes then has the UIDs of what came since."""
    config = mail_config(tmp_path, server, since=None)
    Agent(config).run()
    mails, copy = server.folder / "mail", server.folder / "copy"
    server.stop()
    subprocess.run(["cp", "-a", mails, copy], check=True)
    server.start()
    server.deliver(*[a_mail(number) for number in (3, 4, 5)])
    Agent(config).run()
    server.stop()
    shutil.rmtree(mails)
    copy.rename(mails)
    server.start()
    server.deliver(a_mail(6))
    Agent(config).run()
    assert server.ids("Orders") == ["<q6@example.com>"]
    server.deliver(a_mail(7))
    Agent(config).run()
    assert server.ids("INBOX") == ["<q1@example.com>", "<q2@example.com>"]
    assert len(decisions(config)) == 5


def test_so_they_stay_where_an_earlier_agent_did_not_write_down_when_it_began(
    tmp_path: Path, server: Dovecot
) -> None:
    config = mail_config(tmp_path, server, since=None)
    Agent(config).run()
    server.deliver(a_mail(3))
    Agent(config).run()
    with closing(ledger_of(config)) as ledger, ledger.transaction() as db:
        db.execute("DELETE FROM meta WHERE key LIKE 'begun/%'")
    server.renumber()
    server.deliver(a_mail(4))
    Agent(config).run()
    assert server.ids("INBOX") == ["<q1@example.com>", "<q2@example.com>"]
    assert len(decisions(config)) == 2
    config = mail_config(tmp_path, server, since="2026-05-01")
    assert Agent(config).run().samples == 2


class Lagging(Refusals):
    """The next UID that is told is that of before the last mail."""

    def _told(self, piece: bytes) -> bytes:
        return re.sub(rb"\[UIDNEXT (\d+)", lambda m: b"[UIDNEXT %d" % (int(m[1]) - 1), piece)


def test_a_server_that_lags_behind_with_the_next_uid_was_not_restored(
    tmp_path: Path, server: Dovecot, caplog: pytest.LogCaptureFixture
) -> None:
    """Else all mails of two days would be fetched again at each look."""
    with Lagging(server.port, b"^$", b"", 0) as line:
        config = mail_config(tmp_path, server, port=line.port, since=None, filing={"how": "none"})
        Agent(config).run()
        server.deliver(a_mail(3), a_mail(4))
        Agent(config).run()
        with closing(ledger_of(config)) as ledger:
            before = ledger.read("SELECT uid FROM positions WHERE name='in/INBOX'")
        Agent(config).run()
    assert before == [(4,)]
    assert "mailbox_restored" not in caplog.text
    assert len(server.mails("Drafts")) == 3


def test_earlier_mails_are_taken_once_somebody_wants_them(tmp_path: Path, server: Dovecot) -> None:
    Agent(mail_config(tmp_path, server, since=None)).run()
    server.deliver(a_mail(3))
    Agent(mail_config(tmp_path, server, since=None)).run()
    assert len(server.ids("INBOX")) == 2
    config = mail_config(tmp_path, server, since="2026-06-01")
    Agent(config).run()
    assert len(server.ids("INBOX")) == 2
    config = mail_config(tmp_path, server, since="2026-05-01")
    assert Agent(config).run().samples == 2
    assert server.ids("INBOX") == []
    assert len(server.mails("Drafts")) == 3
