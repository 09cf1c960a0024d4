"""Into the mail server and out of the house: TLS and logins, sending, the help desk's webhook, `doctor`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from edge_agent.config import AgentConfig
from edge_agent.doctor import examine
from edge_agent.errors import MailboxLoginError, MailboxLostError
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.mail.imap import ImapMailbox
from edge_agent.mail.login import token
from tests.edge_agent.mail_parts import decisions, ledger_of, mail_config, rows
from tests.edge_agent.mail_servers import (
    PASSWORD,
    Dovecot,
    Sink,
    a_mail,
    kill_leftovers,
    needs_dovecot,
)

pytestmark = needs_dovecot
KEY = base64.b64encode(b"a key of some length").decode()


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KW_TEST_MAIL_PASSWORD", PASSWORD)
    monkeypatch.setenv("KW_TEST_HOOK_KEY", f"whsec_{KEY}")
    yield
    kill_leftovers()


@pytest.fixture
def server() -> Dovecot:
    return Dovecot().start()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", str(key), "-out", str(chain)],
        check=True, capture_output=True,
    )  # fmt: skip
    return chain, key


def mailbox(server: Dovecot, **changes: object) -> ImapSourceConfig:
    given: dict[str, object] = {
        "host": "127.0.0.1", "port": server.port, "security": "plain", "user": "shop",
        "password_env": "KW_TEST_MAIL_PASSWORD", "timeout_s": 5,
    }  # fmt: skip
    return ImapSourceConfig.model_validate({**given, **changes})


# -- in ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_server_with_the_firms_own_authority_is_believed_and_no_other(
    certificate: tuple[Path, Path], security: str
) -> None:
    server = Dovecot(certificate=certificate).start()
    port = server.tls_port if security == "tls" else server.port
    known = {"host": "localhost", "port": port, "security": security}
    with closing(ImapMailbox(mailbox(server, **known, ca_file=certificate[0]))) as box:
        assert box.open("INBOX").validity > 0
    with pytest.raises(MailboxLostError, match="is not trusted: self-signed") as caught:
        ImapMailbox(mailbox(server, **known))
    assert "ca_file" in caught.value.fix


def test_a_wrong_password_says_so_without_the_password(
    server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KW_TEST_MAIL_PASSWORD", "wrong-secret")
    with pytest.raises(MailboxLoginError) as caught:
        ImapMailbox(mailbox(server))
    assert "shop" in str(caught.value)
    assert "wrong-secret" not in str(caught.value)


def test_a_password_that_is_not_set_is_told_with_its_name(
    server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KW_TEST_MAIL_PASSWORD")
    with pytest.raises(MailboxLoginError, match="KW_TEST_MAIL_PASSWORD"):
        ImapMailbox(mailbox(server))


def test_a_server_that_says_nothing_is_given_up_in_time(server: Dovecot) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = mailbox(server, port=silent.getsockname()[1], timeout_s=0.5)
        with pytest.raises(MailboxLostError, match="no answer from"):
            ImapMailbox(config)


def test_whoever_cannot_be_reached_is_told_by_what_to_change(server: Dovecot) -> None:
    with pytest.raises(MailboxLostError, match="speaks no TLS there") as caught:
        ImapMailbox(mailbox(server, security="tls"))
    assert "security" in caught.value.fix
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))  # and never listens
        with pytest.raises(MailboxLostError, match="nobody listens at") as caught:
            ImapMailbox(mailbox(server, port=free.getsockname()[1]))
    assert "port" in caught.value.fix
    with pytest.raises(
        MailboxLostError, match=r"the name in imap\.invalid:993 is not known"
    ) as caught:
        ImapMailbox(mailbox(server, host="imap.invalid", port=993, security="tls"))
    assert "DNS" in caught.value.fix


def test_a_token_comes_from_a_command_each_time(server: Dovecot) -> None:
    config = mailbox(server, password_env="", token_command=["printf", "abc"])
    assert token(config) == "abc"
    failing = mailbox(server, password_env="", token_command=["false", "--secret", "s3cret"])
    with pytest.raises(MailboxLoginError) as caught:
        token(failing)
    assert "s3cret" not in str(caught.value)


def test_doctor_tells_what_the_mailbox_has(tmp_path: Path, server: Dovecot) -> None:
    found = next(c for c in examine(mail_config(tmp_path, server)) if c.check == "source")
    assert found.ok
    assert "drafts in Drafts, sent in Sent, IDLE MOVE UIDPLUS" in found.found


def test_doctor_says_that_replies_have_no_address(tmp_path: Path, server: Dovecot) -> None:
    config = mail_config(tmp_path, server, drafts={}, own_addresses=[])
    found = next(c for c in examine(config) if c.check == "source")
    assert not found.ok and "source.drafts.sender" in found.fix


def test_doctor_says_what_is_missing(tmp_path: Path) -> None:
    server = Dovecot(special={"Ablage": ""}).start()
    found = next(c for c in examine(mail_config(tmp_path, server)) if c.check == "source")
    assert (found.ok, found.fix) == (False, "set source.drafts.folder")
    server.stop()
    found = next(c for c in examine(mail_config(tmp_path, server)) if c.check == "source")
    assert not found.ok


# -- sending -------------------------------------------------------------------------------------


def sending(tmp_path: Path, server: Dovecot, sink: Sink, *intents: str) -> AgentConfig:
    send = {"intents": list(intents), "host": "127.0.0.1", "port": sink.port, "security": "plain"}
    return mail_config(tmp_path, server, send=send)


def test_only_what_a_person_named_is_sent_and_no_machine_answers_it(
    tmp_path: Path, server: Dovecot
) -> None:
    sink = Sink()
    server.deliver(a_mail(1), a_mail(2, "The invoice is wrong"))
    config = sending(tmp_path, server, sink, "order")
    Agent(config).run()
    ((sender, receivers, content),) = sink.mails
    assert (sender, receivers) == ("<>", ["<customer1@example.com>"])
    assert b"Auto-Submitted: auto-replied" in content
    assert b"In-Reply-To: <q1@example.com>" in content
    assert len(server.mails("Drafts")) == 1
    sink.close()


def test_a_reply_from_which_something_was_cut_is_not_sent_but_laid_before_a_person(
    tmp_path: Path, server: Dovecot
) -> None:
    sink = Sink()
    server.deliver(a_mail(1), a_mail(2, "Where is my order, of an unknown number?"))
    Agent(sending(tmp_path, server, sink, "order")).run()
    assert [one for _, (one,), _ in sink.mails] == ["<customer1@example.com>"]
    (draft,) = server.mails("Drafts")
    assert b"In-Reply-To: <q2@example.com>" in draft
    sink.close()


def test_what_may_have_been_sent_is_never_sent_again_but_laid_before_a_person(
    tmp_path: Path, server: Dovecot
) -> None:
    sink = Sink(dies=True)
    server.deliver(a_mail(1))
    config = sending(tmp_path, server, sink, "order")
    for _ in range(2):
        Agent(config).run()
    assert len(sink.mails) == 1
    assert len(server.mails("Drafts")) == 1
    names = {body.name for body in rows(config, "a")}
    assert "mail-send-fails" in names
    sink.close()


def test_two_programs_that_answer_each_other_come_to_an_end(
    tmp_path: Path, server: Dovecot
) -> None:
    sink = Sink()
    server.deliver(
        *(a_mail(n, sender=f"bot{n}@bots.example", subject=f"Ticket {n}: order") for n in range(8))
    )
    Agent(sending(tmp_path, server, sink, "order")).run()
    assert len(sink.mails) == 3, "the same subject from the same domain"
    assert len(server.mails("Drafts")) == 5
    sink.close()


def test_nobody_has_a_reply_sent_to_a_third_person(tmp_path: Path, server: Dovecot) -> None:
    """It lies in the drafts; the firm's own form may name the customer in Reply-To."""
    sink = Sink()
    server.deliver(
        a_mail(1, sender="eve@evil.example", Reply_To="victim@mail.example"),
        a_mail(2, sender="shop@shop.example", Reply_To="customer2@example.com"),
        a_mail(3, sender="Me+x@example.com", Reply_To="me@Example.com"),
    )
    Agent(sending(tmp_path, server, sink, "order")).run()
    assert [one for _, (one,), _ in sink.mails] == ["<customer2@example.com>", "<me@Example.com>"]
    (draft,) = server.mails("Drafts")
    assert b"victim@mail.example" in draft
    sink.close()


def test_a_password_that_smtp_cannot_carry_costs_no_reply_and_no_agent(
    tmp_path: Path, server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KW_TEST_SMTP_PASSWORD", "geheim-\N{SNOWMAN}")
    sink = Sink()
    server.deliver(a_mail(1))
    send = {"intents": ["order"], "host": "127.0.0.1", "port": sink.port, "security": "plain",
            "user": "shop", "password_env": "KW_TEST_SMTP_PASSWORD"}  # fmt: skip
    config = mail_config(tmp_path, server, send=send)
    Agent(config).run()
    assert (sink.mails, len(server.mails("Drafts"))) == ([], 1)
    assert "mail-send-fails" in {body.name for body in rows(config, "a")}
    sink.close()


def test_only_so_many_replies_are_sent_in_an_hour(tmp_path: Path, server: Dovecot) -> None:
    sink = Sink()
    server.deliver(*(a_mail(n, sender=f"c@shop{n}.example") for n in range(3)))
    send = {"intents": ["order"], "host": "127.0.0.1", "port": sink.port, "security": "plain"}
    config = mail_config(tmp_path, server, send={**send, "per_hour": 2})
    Agent(config).run()
    server.deliver(a_mail(9))
    Agent(config).run()
    assert len(sink.mails) == 2, "a restart forgets none"
    assert len(server.mails("Drafts")) == 2
    sink.close()


# -- the help desk -------------------------------------------------------------------------------


class Desk:
    """A help desk that remembers what it was told."""

    def __init__(self, status: int = 200) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.status = status
        self.meanwhile: Callable[[], object] = lambda: None
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                desk.calls.append(({k.lower(): v for k, v in self.headers.items()}, body))
                desk.meanwhile()
                self.send_response(desk.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()


def test_a_desk_is_told_with_a_signature_and_without_a_word_of_the_mail(
    tmp_path: Path, server: Dovecot
) -> None:
    desk = Desk()
    server.deliver(a_mail(1), a_mail(3, "Do you like chess?"))
    hook = {"url": desk.url, "secret_env": "KW_TEST_HOOK_KEY"}
    config = mail_config(tmp_path, server, hook=hook)
    Agent(config).run()
    ((headers, body),) = desk.calls
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(base64.b64decode(KEY), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    told = json.loads(body)["data"]
    assert (told["intent"], told["message_id"]) == ("order", "<q1@example.com>")
    assert told["sample_id"] == headers["webhook-id"] == decisions(config)[0].sample_id
    assert (told["urgency"], told["values"]) == (3.0, [])
    assert b"Where is" not in body and b"customer1" not in body
    desk.close()


def test_a_desk_is_told_what_it_asks_for_of_what_a_mail_names(
    tmp_path: Path, server: Dovecot
) -> None:
    desk = Desk()
    server.deliver(a_mail(1, "Order 48214 and again 48214, and order 50000: where are they?"))
    hook = {"url": desk.url, "secret_env": "KW_TEST_HOOK_KEY", "values": ["order", "date"]}
    Agent(mail_config(tmp_path, server, hook=hook)).run()
    ((_, body),) = desk.calls
    assert json.loads(body)["data"]["values"] == [
        {"kind": "order", "value": "No. 48214"},
        {"kind": "order", "value": "No. 50000"},
    ]
    assert b"again" not in body and b"phone" not in body
    desk.close()


def test_a_desk_that_is_away_is_told_later_and_only_once(tmp_path: Path, server: Dovecot) -> None:
    desk = Desk(status=503)
    server.deliver(a_mail(1))
    hook = {"url": desk.url, "secret_env": "KW_TEST_HOOK_KEY"}
    config = mail_config(tmp_path, server, hook=hook)
    Agent(config).run()
    assert len(desk.calls) == 1
    assert "mail-hook-fails" in {body.name for body in rows(config, "a")}
    desk.status = 200
    with closing(ledger_of(config)) as ledger:
        waiting = ledger.next_call(float("inf"))
        assert waiting is not None
        ledger.put_call(waiting[0], waiting[1], waiting[2], 0.0)
    for _ in range(2):
        Agent(config).run()
    assert len(desk.calls) == 2
    desk.close()
