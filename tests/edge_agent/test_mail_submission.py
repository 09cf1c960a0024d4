"""Replies that go out without a person: by the mailbox's own token, from a sender that the server takes, and what is told
where it takes none."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedRWPair
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from edge_agent.agent import Agent
from edge_agent.config import AgentConfig
from edge_agent.doctor import Check, examine
from edge_agent.errors import AgentConfigError
from edge_agent.mail.config import SendConfig
from kits.core.addresses import free_port
from tests.edge_agent.line_server import LineServer
from tests.edge_agent.mail_parts import mail_config, rows
from tests.edge_agent.mail_servers import (
    PASSWORD,
    Dovecot,
    Sink,
    a_mail,
    kill_leftovers,
    needs_dovecot,
    needs_submission,
)
from tests.edge_agent.token_desk import Desk

pytestmark = needs_dovecot
GOOD = "token-1"


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KW_TEST_MAIL_PASSWORD", PASSWORD)
    monkeypatch.setenv("KW_TEST_APP_SECRET", "s3cr3t")
    yield
    kill_leftovers()


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    made.good = {GOOD}
    yield made
    made.close()


@pytest.fixture
def sink() -> Iterator[Sink]:
    made = Sink()
    yield made
    made.close()


def by_token(folder: Path, server: Dovecot, desk: Desk, **send: Any) -> AgentConfig:
    """The mailbox of a firm whose mail server takes no password for anything."""
    return mail_config(
        folder, server, user="shop", password_env="KW_TEST_APP_SECRET", oauth_url=desk.url,
        oauth_client="app-1",
        send={"intents": ["order"], "host": "127.0.0.1", "port": server.submission_port,
              "security": "plain", "by_token": True, **send},
    )  # fmt: skip


def by_nobody(folder: Path, server: Dovecot, port: int, **send: Any) -> AgentConfig:
    """A relay in the house, which asks for no login."""
    ways = {"intents": ["order"], "host": "127.0.0.1", "port": port, "security": "plain"}
    return mail_config(folder, server, send={**ways, **send})


def looked(config: AgentConfig) -> Check | None:
    return next((one for one in examine(config) if one.check == "sending"), None)


def told(config: AgentConfig) -> str:
    """What the agent said of replies that did not go out."""
    return next((body.text for body in rows(config, "a") if body.name == "mail-send-fails"), "")


@needs_submission
def test_a_reply_goes_out_by_the_token_of_the_mailbox(
    tmp_path: Path, desk: Desk, sink: Sink
) -> None:
    server = Dovecot(tokens_at=desk.whose_url, relay=sink.port).start()
    server.deliver(a_mail(1))
    config = by_token(tmp_path, server, desk)
    check = looked(config)
    assert check is not None and check.ok
    assert check.found == "lets shop in, takes mail from an empty sender" and sink.mails == []
    Agent(config).run()
    ((sender, receivers, content),) = sink.mails
    assert (sender, receivers) == ("<>", ["<customer1@example.com>"])
    assert b"Auto-Submitted: auto-replied" in content
    assert server.mails("Drafts") == [] and told(config) == ""


@needs_submission
def test_with_a_token_that_has_ended_a_person_has_the_draft(
    tmp_path: Path, desk: Desk, sink: Sink
) -> None:
    """The first that is given is good, for the mailbox."""
    server = Dovecot(tokens_at=desk.whose_url, relay=sink.port).start()
    server.deliver(a_mail(1))
    config = by_token(tmp_path, server, desk)
    answers = chain([GOOD], repeat("token-2"))
    desk.answer = lambda: {"access_token": next(answers)}
    Agent(config).run()
    assert sink.mails == [] and len(server.mails("Drafts")) == 1
    assert "does not let shop in (SMTP 535" in told(config) and "token-2" not in told(config)
    check = looked(config)
    assert check is not None and not check.ok and "token" in check.fix


def test_where_mail_needs_a_sender_it_has_one(tmp_path: Path, sink: Sink) -> None:
    server = Dovecot().start()
    server.deliver(a_mail(1))
    config = by_nobody(tmp_path, server, sink.port, envelope_sender="shop@shop.example")
    check = looked(config)
    assert check is not None and check.ok
    assert check.found == "asks for no login, takes mail from shop@shop.example"
    Agent(config).run()
    assert [sender for sender, _, _ in sink.mails] == ["<shop@shop.example>"]
    assert b"Auto-Submitted: auto-replied" in sink.mails[0][2]


@pytest.mark.parametrize(
    ("command", "says", "send", "words"),
    [
        ("MAIL", "550 5.7.60 no sender", {},
         "the server takes no mail without a sender (SMTP 550 5.7.60); set source.send.envelope_sender"),
        ("MAIL", "550 no", {"envelope_sender": "shop@shop.example"},
         "the server does not take shop@shop.example for a sender (SMTP 550); let the agent send as it,"
         " or change source.send.envelope_sender"),
        ("RCPT", "550 5.1.1 customer1@example.com is unknown", {}, "the server refuses a receiver"),
        ("DATA", "554 5.2.0 customer1@example.com: SendAsDenied", {},
         "the server refuses the mail (SMTP 554 5.2.0); let the agent send as shop@shop.example,"
         " or set source.send.envelope_sender"),
    ],
)  # fmt: skip
def test_why_a_server_takes_no_reply_is_told_and_shows_no_customer(
    tmp_path: Path, sink: Sink, command: str, says: str, send: dict[str, str], words: str
) -> None:
    sink.refuses[command] = says
    server = Dovecot().start()
    server.deliver(a_mail(1))
    config = by_nobody(tmp_path, server, sink.port, **send)
    Agent(config).run()
    assert sink.mails == [] and len(server.mails("Drafts")) == 1
    assert told(config) == f"replies are not sent: {words}"
    check = looked(config)
    assert check is not None
    assert check.ok == (command != "MAIL") and (check.ok or f"{check.found}; {check.fix}" == words)


def test_what_becomes_of_the_farewell_says_nothing_of_the_mail(tmp_path: Path, sink: Sink) -> None:
    """It was sent, and lay in the drafts too, with an alert that it was not."""
    sink.refuses["QUIT"] = "421 4.3.2 going down"
    server = Dovecot().start()
    server.deliver(a_mail(1))
    config = by_nobody(tmp_path, server, sink.port)
    check = looked(config)
    assert check is not None and check.ok
    Agent(config).run()
    assert len(sink.mails) == 1 and server.mails("Drafts") == [] and told(config) == ""


@needs_submission
def test_doctor_says_that_no_reply_can_go_out(tmp_path: Path) -> None:
    server = Dovecot().start()
    port = free_port()
    check = looked(by_nobody(tmp_path, server, port))
    assert check is not None and not check.ok
    assert (
        check.found == f"nobody listens at 127.0.0.1:{port}" and "starttls: mostly 587" in check.fix
    )
    wrong = {"user": "shop", "password_env": "KW_TEST_APP_SECRET"}
    relayed = Dovecot(relay=port).start()
    check = looked(by_nobody(tmp_path, server, relayed.submission_port, **wrong))
    assert check is not None and not check.ok and "does not let shop in (SMTP 535" in check.found
    assert "s3cr3t" not in check.found


def test_doctor_does_not_look_where_nothing_is_sent(tmp_path: Path) -> None:
    assert looked(mail_config(tmp_path, Dovecot().start())) is None


def test_a_server_without_tls_is_told_as_that(tmp_path: Path, sink: Sink) -> None:
    server = Dovecot().start()
    check = looked(by_nobody(tmp_path, server, sink.port, security="starttls"))
    assert check is not None and not check.ok and "STARTTLS" in check.found
    assert "set port and security as the provider says" in check.fix
    check = looked(by_nobody(tmp_path, server, server.port, security="tls"))
    assert check is not None and "speaks no TLS there" in check.found


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("421 4.3.2 customer1@example.com waits", "takes no mail now (SMTP 421 4.3.2)"),
        ("", "ends the connection"),
    ],
)
def test_a_server_that_is_busy_or_hangs_up_is_told(tmp_path: Path, answer: str, words: str) -> None:
    class Busy(LineServer):
        def _talk(self, channel: BufferedRWPair) -> None:
            channel.write(f"{answer}\r\n".encode() if answer else b"")
            channel.flush()

    busy = Busy()
    check = looked(by_nobody(tmp_path, Dovecot().start(), busy.port))
    assert check is not None and not check.ok
    assert check.found == f"127.0.0.1:{busy.port} {words}"
    busy.close()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"by_token": True, "password_env": "X"}, "one of password_env and by_token"),
        ({"user": "shop"}, "user needs password_env or by_token"),
        ({"envelope_sender": "shop"}, "envelope_sender must be an address"),
        ({"envelope_sender": "a@b.example\r\nRCPT TO:<x@y.example>"}, "one line"),
    ],
)
def test_what_does_not_go_together_is_refused(given: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        SendConfig.model_validate({"intents": ["a"], "host": "smtp.example.org", **given})


def test_a_mailbox_that_is_read_by_password_has_no_token_to_send_with(tmp_path: Path) -> None:
    with pytest.raises(
        AgentConfigError, match="by_token needs token_env, token_command or oauth_url"
    ):
        by_nobody(tmp_path, Dovecot(), 25, by_token=True)
