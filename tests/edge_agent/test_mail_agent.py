"""A whole agent at a real mail server: reads, sorts, lays drafts, and does each thing once."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default as modern
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from tests.edge_agent.mail_parts import decisions, mail_config
from tests.edge_agent.mail_servers import PASSWORD, Dovecot, a_mail, has_dovecot, kill_leftovers

pytestmark = pytest.mark.skipif(not has_dovecot(), reason="no dovecot on this machine")


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KW_TEST_MAIL_PASSWORD", PASSWORD)
    yield
    kill_leftovers()


@pytest.fixture
def server() -> Dovecot:
    return Dovecot().start()


def test_mails_are_filed_and_answered_and_what_is_not_known_stays(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(
        a_mail(1, "Where is my order?"),
        a_mail(2, "The invoice is wrong"),
        a_mail(3, "Do you like chess?"),
    )
    config = mail_config(tmp_path, server)
    summary = Agent(config).run()
    assert summary.samples == 3
    assert server.ids("Orders") == ["<q1@example.com>"]
    assert server.ids("Büro/Rechnungen") == ["<q2@example.com>"]
    assert server.ids("INBOX") == ["<q3@example.com>"]
    drafts = [message_from_bytes(raw, policy=modern) for raw in server.mails("Drafts")]
    assert [str(d["In-Reply-To"]) for d in drafts] == ["<q1@example.com>", "<q2@example.com>"]
    assert [str(d["To"]) for d in drafts] == ["customer1@example.com", "customer2@example.com"]
    assert [(b.label, b.verdict, b.actions) for b in decisions(config)] == [
        ("order", "act", {"draft": "done", "file": "done"}),
        ("invoice", "act", {"draft": "done", "file": "done"}),
        ("oos", "review", {}),
    ]
