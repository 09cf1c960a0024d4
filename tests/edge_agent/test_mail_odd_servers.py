"""Mail servers that say odd things, leave things out, or end in the middle: scripted ones, on real sockets."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Iterator, Mapping
from contextlib import closing
from io import BufferedRWPair

import pytest

from edge_agent.errors import (
    MailboxBusyError,
    MailboxError,
    MailboxFullError,
    MailboxLoginError,
    MailboxLostError,
    MailboxRefusedError,
)
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.mail.folders import on_server, special
from edge_agent.mail.imap import ImapMailbox
from edge_agent.mail.looking import look
from tests.edge_agent.line_server import LineServer

GREETING = b"* OK ready\r\n"
SCRIPT: dict[bytes, bytes] = {
    b"CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 AUTH=PLAIN\r\nTAG OK done\r\n",
    b"LOGIN": b"TAG OK in\r\n",
    b"LIST": b'* LIST (\\HasNoChildren) "/" INBOX\r\nTAG OK done\r\n',
    b"SELECT": b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 5] ok\r\nTAG OK [READ-WRITE] ok\r\n",
    b"LOGOUT": b"* BYE\r\nTAG OK done\r\n",
}


class Scripted(LineServer):
    """Answers each command by its first word; an answer of nothing ends the connection."""

    def __init__(self, **changes: bytes) -> None:
        given = {name.encode(): answer for name, answer in changes.items()}
        self._script: Mapping[bytes, bytes] = {**SCRIPT, **given}
        self.heard: list[bytes] = []
        super().__init__()

    def _talk(self, channel: BufferedRWPair) -> None:
        channel.write(GREETING)
        channel.flush()
        while line := channel.readline():
            self.heard.append(line.strip())
            tag, _, rest = line.strip().partition(b" ")
            words = rest.split(b" ")
            word = words[1] if words[0] == b"UID" else words[0]
            if word == b"AUTHENTICATE":
                self._authenticate(channel, tag, rest)
                continue
            answer = self._answer(word.upper(), words)
            if not answer:
                return
            channel.write(answer.replace(b"TAG", tag))
            channel.flush()

    def _answer(self, word: bytes, words: list[bytes]) -> bytes:
        return self._script.get(word, b"TAG BAD unknown\r\n")

    def _authenticate(self, channel: BufferedRWPair, tag: bytes, rest: bytes) -> None:
        channel.write(b"+ \r\n")
        channel.flush()
        said = base64.b64decode(channel.readline().strip())
        self.heard.append(rest + b" " + said)
        good = b"auth=Bearer good-token" in said
        channel.write(tag + (b" OK in\r\n" if good else b" NO [AUTHENTICATIONFAILED] expired\r\n"))
        channel.flush()


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KW_TEST_MAIL_PASSWORD", "geheim")
    monkeypatch.setenv("KW_TEST_TOKEN", "good-token")


def config_of(server: Scripted, **changes: object) -> ImapSourceConfig:
    given: dict[str, object] = {
        "host": "127.0.0.1", "port": server.port, "security": "plain", "user": "shop@example.org",
        "password_env": "KW_TEST_MAIL_PASSWORD", "timeout_s": 3, "dry_run": False,
    }  # fmt: skip
    return ImapSourceConfig.model_validate({**given, **changes})


@pytest.fixture
def box(request: pytest.FixtureRequest) -> Iterator[ImapMailbox]:
    """At a server that answers as the test's parameter says."""
    with (
        closing(Scripted(**request.param)) as server,
        closing(ImapMailbox(config_of(server))) as box,
    ):
        yield box


def says(**changes: bytes) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("box", [changes], indirect=True)


def test_a_token_is_shown_as_the_providers_want_it() -> None:
    with closing(Scripted()) as server:
        config = config_of(server, password_env="", token_env="KW_TEST_TOKEN")
        ImapMailbox(config).close()
        wanted = b"AUTHENTICATE XOAUTH2 user=shop@example.org\1auth=Bearer good-token\1\1"
        assert wanted in server.heard
        assert not any(b"LOGIN" in line for line in server.heard)


def test_an_expired_token_is_told_as_a_login_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KW_TEST_TOKEN", "old-token")
    with closing(Scripted()) as server, pytest.raises(MailboxLoginError) as caught:
        ImapMailbox(config_of(server, password_env="", token_env="KW_TEST_TOKEN"))
    assert "old-token" not in str(caught.value)


@pytest.mark.parametrize(
    "said",
    [b"[UNAVAILABLE] Maximum number of connections from user+IP exceeded",
     b"[ALERT] Too many simultaneous connections. (Failure)", b"[LIMIT] Rate limit hit",
     b"Server Unavailable. 15", b"Request is throttled. Suggested Backoff Time: 89117 milliseconds"],
)  # fmt: skip
def test_a_login_that_is_out_of_order_is_no_wrong_password(said: bytes) -> None:
    server = Scripted(LOGIN=b"TAG NO " + said + b"\r\n")
    with closing(server), pytest.raises(MailboxLostError) as caught:
        ImapMailbox(config_of(server))
    assert said.decode() in caught.value.what
    assert "password" not in caught.value.fix


@pytest.mark.parametrize(
    "answer",
    [b"TAG BAD unknown command: LOGIN shop geheim#1", b"TAG NO geheim#1 is wrong",
     b"* BYE LOGIN shop \"geheim#1\"", b"TAG NO " + base64.b64encode(b"\0shop\0geheim#1")],
)  # fmt: skip
def test_a_server_that_repeats_the_password_does_not_bring_it_into_messages(
    monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    monkeypatch.setenv("KW_TEST_MAIL_PASSWORD", "geheim#1")
    with closing(Scripted(LOGIN=answer + b"\r\n")) as server, pytest.raises(MailboxError) as caught:
        ImapMailbox(config_of(server))
    told = "".join(traceback.format_exception(caught.value))
    assert "geheim#1" not in told
    assert base64.b64encode(b"\0shop\0geheim#1").decode() not in told


def test_a_password_of_any_letters_is_sent_and_never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KW_TEST_MAIL_PASSWORD", "geheim-ü\N{SNOWMAN}")
    with closing(Scripted()) as server, pytest.raises(MailboxLoginError) as caught:
        ImapMailbox(config_of(server))
    assert "\0shop@example.org\0geheim-ü\N{SNOWMAN}".encode() in server.heard[-1]
    assert "geheim" not in "".join(traceback.format_exception(caught.value))


@says(
    LIST=b'* LIST () "/" "&bad"\r\n* LIST () "/" "&2D0-"\r\n* LIST () "/" {2}\r\n\xff\xfe\r\n* LIST () NIL 7\r\n'
    b'* LIST (\\Sent) "/" "B&APw-ro"\r\nTAG OK done\r\n'
)
def test_a_folder_with_a_broken_name_hides_none_of_the_others(box: ImapMailbox) -> None:
    names = [folder.name for folder in box.folders()]
    assert names[-2:] == ["7", "Büro"]
    assert not any("bad" in name or "\ud83d" in name for name in names)


@says(
    SELECT=b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\nTAG OK done\r\n",
    SEARCH=b"* SEARCH 3 9 4\r\nTAG OK done\r\n",
)
def test_a_server_that_does_not_say_the_next_uid_is_asked_for_the_last(box: ImapMailbox) -> None:
    assert box.open("INBOX").next_uid == 10


@pytest.mark.parametrize(
    ("how", "dry_run", "trouble"),
    [("keyword", False, "no new keywords in INBOX"), ("keyword", True, ""),
     ("gmail-label", False, "no labels of Gmail"), ("move", False, "")],
)  # fmt: skip
def test_a_server_that_cannot_mark_mails_so_is_told_of(
    how: str, dry_run: bool, trouble: str
) -> None:
    """Exchange keeps none but these."""
    select = SCRIPT[b"SELECT"].replace(
        b"* OK [UIDNEXT", b"* OK [PERMANENTFLAGS (\\Seen \\Flagged $MDNSent)]\r\n* OK [UIDNEXT"
    )
    lists = b'* LIST () "/" INBOX\r\n* LIST () "/" Drafts\r\n* LIST () "/" Sent\r\nTAG OK done\r\n'
    with closing(Scripted(SELECT=select, LIST=lists)) as server:
        filing = {"how": how, "folders": {"order": "Orders"}}
        found = look(config_of(server, filing=filing, dry_run=dry_run))
    assert found.trouble.endswith(trouble)
    assert bool(found.trouble) == bool(trouble)


NAMED = (
    b'* LIST () "." INBOX\r\n* LIST () "." INBOX.Drafts\r\n* LIST (\\Drafts) "." Bob.Drafts\r\n'
    b'* LIST () "." Public\r\n* LIST () "." Public.Info\r\nTAG OK done\r\n'
)
NAMESPACES = b"* CAPABILITY IMAP4rev1 NAMESPACE\r\nTAG OK done\r\n"


@pytest.mark.parametrize(
    ("answer", "own"),
    [
        (b'* NAMESPACE (("INBOX." ".")) (("Bob." ".")) (("Public." "."))', {"INBOX", "INBOX.Drafts"}),
        (b'* NAMESPACE (("INBOX." ".")) NIL (("" "."))', {"INBOX", "INBOX.Drafts"}),
        (b'* NAMESPACE (("" ".")) NIL (("Public." "."))', {"INBOX", "INBOX.Drafts", "Bob.Drafts"}),
        (b"* NAMESPACE what (", {"INBOX", "INBOX.Drafts", "Bob.Drafts", "Public", "Public.Info"}),
    ],
)  # fmt: skip
def test_a_users_own_folders_are_told_from_those_of_others(answer: bytes, own: set[str]) -> None:
    given = {"LIST": NAMED, "CAPABILITY": NAMESPACES, "NAMESPACE": answer + b"\r\nTAG OK done\r\n"}
    with closing(Scripted(**given)) as server, closing(ImapMailbox(config_of(server))) as box:
        folders = box.folders()
    assert {folder.name for folder in folders if folder.is_own} == own
    if "Public" not in own and "Bob.Drafts" not in own:
        assert on_server("Sorted/Refunds", folders) == "INBOX.Sorted.Refunds"
        assert special(folders, "\\sent") == ""


@says(SEARCH=b"* SEARCH 3 9 4\r\nTAG OK done\r\n")
def test_the_last_mail_is_not_new_because_a_server_names_it_again(box: ImapMailbox) -> None:
    box.open("INBOX")
    assert box.uids_after(8) == [9]
    assert box.uids_after(9) == []


class Crowded(Scripted):
    """With a mail for each UID below the next one."""

    NEXT = 300_001

    def _answer(self, word: bytes, words: list[bytes]) -> bytes:
        if word != b"SEARCH":
            return super()._answer(word, words)
        first, _, last = words[words.index(b"UID", 1) + 1].partition(b":")
        end = self.NEXT - 1 if last == b"*" else int(last)
        found = " ".join(str(uid) for uid in range(int(first), end + 1))
        return f"* SEARCH {found}\r\nTAG OK done\r\n".encode()


def test_a_folder_of_hundreds_of_thousands_is_read_to_its_end() -> None:
    """All of them on one line are more than a megabyte."""
    select = b"* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT %d] ok\r\nTAG OK done\r\n" % Crowded.NEXT
    server = Crowded(SELECT=select)
    with closing(server), closing(ImapMailbox(config_of(server))) as box:
        box.open("INBOX")
        assert box.uids_after(5) == list(range(6, Crowded.NEXT))
        assert box.uids_after(Crowded.NEXT - 3) == [Crowded.NEXT - 2, Crowded.NEXT - 1]


def test_a_folder_of_few_mails_is_asked_once_whatever_its_uids_are() -> None:
    """Some servers make them of the time, or count them for the whole mailbox."""
    select = (
        b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 4294967295] ok\r\nTAG OK done\r\n"
    )
    server = Scripted(SELECT=select, SEARCH=b"* SEARCH 9 4294967294\r\nTAG OK done\r\n")
    with closing(server), closing(ImapMailbox(config_of(server))) as box:
        box.open("INBOX")
        assert box.uids_after(0) == [9, 4294967294]
        assert sum(b" SEARCH " in line for line in server.heard) == 1


@says(SEARCH=b"* SEARCH three\r\nTAG OK done\r\n")
def test_an_answer_that_makes_no_sense_ends_the_connection(box: ImapMailbox) -> None:
    box.open("INBOX")
    with pytest.raises(MailboxLostError):
        box.uids_after(0)


@says(FETCH=b"* 1 FETCH (UID 1 RFC822.SIZE 5) garbage ((\r\nTAG OK done\r\n")
def test_garbage_in_an_answer_ends_the_connection(box: ImapMailbox) -> None:
    box.open("INBOX")
    with pytest.raises(MailboxLostError):
        box.sizes([1])


@says(FETCH=b"")
def test_a_connection_that_ends_in_the_middle_is_lost(box: ImapMailbox) -> None:
    box.open("INBOX")
    with pytest.raises(MailboxLostError):
        box.sizes([1])


@pytest.mark.parametrize(
    ("said", "full"),
    [
        (b"[OVERQUOTA] sorry", True),
        (b"Over quota", True),
        (b"Quota exceeded", True),
        (b"COPY failed: mailbox is full.", True),
        (b"[TRYCREATE] no such folder", False),
        (b"[NOPERM] not yours", False),
    ],
)
def test_a_mailbox_that_is_full_is_told_from_other_refusals(said: bytes, full: bool) -> None:
    with (
        closing(Scripted(COPY=b"TAG NO " + said + b"\r\n")) as server,
        closing(ImapMailbox(config_of(server))) as box,
    ):
        box.open("INBOX")
        with pytest.raises(MailboxRefusedError) as caught:
            box.copy(1, "Orders")
    assert isinstance(caught.value, MailboxFullError) == full


@pytest.mark.parametrize(
    "said",
    [b"[UNAVAILABLE] later", b"Request is throttled.",
     b"[OVERQUOTA] Account exceeded command or bandwidth limits."],
)  # fmt: skip
def test_a_server_that_is_overloaded_is_told_from_one_that_is_full(said: bytes) -> None:
    with (
        closing(Scripted(APPEND=b"TAG NO " + said + b"\r\n")) as server,
        closing(ImapMailbox(config_of(server))) as box,
        pytest.raises(MailboxBusyError),
    ):
        box.append("INBOX", b"Subject: x\r\n\r\nx", ())


@says(APPEND=b"TAG NO [OVERQUOTA] full\r\n")
def test_a_full_mailbox_refuses_one_thing_and_goes_on(box: ImapMailbox) -> None:
    with pytest.raises(MailboxRefusedError, match="OVERQUOTA"):
        box.append("INBOX", b"Subject: x\r\n\r\nx", ())
    assert box.open("INBOX").validity == 7


@says(FETCH=b"* 7 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (UID 1 RFC822.SIZE 5)\r\nTAG OK done\r\n")
def test_a_flag_that_a_person_sets_meanwhile_is_no_size(box: ImapMailbox) -> None:
    """Told by the number of the mail, as some servers do; 7 is also a UID that was asked for and is gone."""
    box.open("INBOX")
    assert box.sizes([1, 7]) == {1: 5}


@says(
    FETCH=b"* 4 FETCH (UID 44 RFC822.SIZE 3)\r\n* 1 FETCH (UID 1 RFC822.SIZE 5)\r\nTAG OK done\r\n"
)
def test_what_a_server_tells_unasked_is_not_taken_for_an_answer(box: ImapMailbox) -> None:
    box.open("INBOX")
    assert box.sizes([1]) == {1: 5}
