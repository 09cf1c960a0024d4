"""Into a mailbox without a password (Microsoft 365): the agent fetches a token as an app, and says why it gets none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from pydantic import ValidationError

from edge_agent.errors import MailboxLoginError, MailboxLostError
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.mail.imap import ImapMailbox
from edge_agent.mail.login import token
from kits.core.addresses import free_port
from tests.edge_agent.mail_servers import Dovecot, a_mail, needs_dovecot
from tests.edge_agent.token_desk import Desk

SECRET = "s3cr3t"


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("KW_TEST_APP_SECRET", SECRET)
    made = Desk()
    yield made
    made.close()


def config_for(url: str, **changes: object) -> ImapSourceConfig:
    raw = {
        "host": "outlook.office365.com", "user": "help@example.org", "password_env": "KW_TEST_APP_SECRET",
        "oauth_url": url, "oauth_client": "app-1", "timeout_s": 5,
    }  # fmt: skip
    return ImapSourceConfig.model_validate({**raw, **changes})


def test_a_token_is_fetched_for_each_connection(desk: Desk) -> None:
    config = config_for(desk.url)
    assert token(config) == "token-1"
    desk.answer = {"access_token": "token-2"}
    assert token(config) == "token-2"
    kind, form = desk.asked[0]
    assert kind == "application/x-www-form-urlencoded" and form == {
        "grant_type": ["client_credentials"], "client_id": ["app-1"], "client_secret": [SECRET],
        "scope": ["https://outlook.office365.com/.default"],
    }  # fmt: skip


@needs_dovecot
def test_a_real_mail_server_lets_the_agent_in_by_its_token_and_by_no_other(desk: Desk) -> None:
    desk.good = {"token-1"}
    with Dovecot(tokens_at=desk.whose_url).start() as server:
        server.deliver(a_mail(1))
        config = config_for(
            desk.url, host="127.0.0.1", port=server.port, security="plain", user="shop"
        )
        with closing(ImapMailbox(config)) as mailbox:
            mailbox.open("INBOX")
            assert len(mailbox.uids_after(0)) == 1
        desk.good = {"token-2"}  # the first has ended
        with pytest.raises(MailboxLoginError, match="does not let shop in") as told:
            ImapMailbox(config)
        assert "token-1" not in str(told.value)
        desk.answer = {"access_token": "token-2"}
        with closing(ImapMailbox(config)) as mailbox:
            mailbox.open("INBOX")
            assert len(mailbox.uids_after(0)) == 1


def test_a_refusal_is_told_in_the_servers_words_and_shows_no_secret(desk: Desk) -> None:
    desk.status = 401
    desk.answer = {"error": "invalid_client", "error_description": "AADSTS7000222: expired.\r\nX"}
    with pytest.raises(MailboxLoginError, match=r"no token: AADSTS7000222: expired\.  X") as told:
        token(config_for(desk.url))
    assert "KW_TEST_APP_SECRET" in told.value.fix and SECRET not in str(told.value)


@pytest.mark.parametrize(
    ("status", "answer"),
    [(400, b"<html>"), (403, {}), (404, b""), (400, {"error_description": f"{SECRET} is wrong"})],
)
def test_a_refusal_without_words_is_told_by_its_number(
    desk: Desk, status: int, answer: object
) -> None:
    desk.status, desk.answer = status, answer
    with pytest.raises(MailboxLoginError, match=f"no token: HTTP {status}"):
        token(config_for(desk.url))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_is_busy_is_asked_again_later(desk: Desk, status: int) -> None:
    desk.status, desk.answer = status, b"<html>"
    with pytest.raises(MailboxLostError, match=f"no token: HTTP {status}"):
        token(config_for(desk.url))


def test_so_is_one_that_is_not_there(desk: Desk) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/token"
    with pytest.raises(MailboxLostError, match="no token"):
        token(config_for(nobody))


@pytest.mark.parametrize("answer", [{"token_type": "Bearer"}, {"access_token": "a\nb"}, []])
def test_a_yes_without_a_token_is_none(desk: Desk, answer: object) -> None:
    desk.answer = answer
    with pytest.raises(MailboxLoginError, match="an answer without one"):
        token(config_for(desk.url))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"oauth_url": "http://login.example/t"}, "https"),
        ({"oauth_client": ""}, "oauth_client"),
        ({"password_env": "", "token_env": "T"}, "password_env"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, str], word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        config_for("https://login.example/t", **changes)
