"""Strangers at a mailbox: whom an answer goes to, how often, and headers made to stop the agent."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from edge_agent.config import AgentConfig
from edge_agent.mail.chain import Chain, Seals
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.mail.identity import sample_id_of
from edge_agent.mail.planning import Plan
from edge_agent.mail.record import MailRecord
from kits.core.sample import utc_now
from tests.edge_agent.mail_parts import decisions, ledger_of, mail_config
from tests.edge_agent.mail_servers import PASSWORD, Dovecot, a_mail, kill_leftovers, needs_dovecot
from tests.edge_agent.parts import decision

pytestmark = needs_dovecot


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KW_TEST_MAIL_PASSWORD", PASSWORD)
    yield
    kill_leftovers()


@pytest.fixture
def server() -> Dovecot:
    return Dovecot().start()


def account_of(config: AgentConfig) -> str:
    assert isinstance(config.source, ImapSourceConfig)
    return config.source.account


def raw_mail(*lines: str, text: str = "Where is my order?") -> bytes:
    """A mail with exactly these header lines."""
    return "\r\n".join([*lines, "", text, ""]).encode()


@pytest.mark.parametrize("padding", [70_000, 200_000, 270_000])
def test_a_draft_goes_to_the_address_that_the_kit_has_checked(
    tmp_path: Path, server: Dovecot, padding: int
) -> None:
    """Records are told to the owner's address alone: nobody may have another one written above the draft."""
    junk = [f"X-Junk-{n}: {'y' * 900}" for n in range(padding // 912)]
    server.deliver(
        raw_mail(
            "From: eve@evil.example", "Subject: order", "Message-ID: <1@evil.example>", *junk,
            "Reply-To: anna@mail.example",
        )
    )  # fmt: skip
    Agent(mail_config(tmp_path, server)).run()
    (draft,) = server.mails("Drafts")
    seen_by_the_kit = "anna@mail.example" if padding < 1 << 18 else "eve@evil.example"
    assert message_from_bytes(draft)["To"] == seen_by_the_kit


def test_senders_who_all_want_the_answer_sent_to_one_address_count_as_one(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(
        *(
            a_mail(
                n, sender=f"e{n}@evil{n}.example", Reply_To=f"Anna+{n} <Victim+{n}@Mail.example>"
            )
            for n in range(8)
        )
    )
    Agent(mail_config(tmp_path, server)).run()
    assert len(server.mails("Drafts")) == 5
    server.deliver(a_mail(9, sender="e9@evil9.example", Reply_To="victim@mail.example"))
    Agent(mail_config(tmp_path, server)).run()
    assert len(server.mails("Drafts")) == 5, "a restart forgets nobody"


@pytest.mark.parametrize(
    "message_id",
    ["<grüße@x.example>", '<a"b\\c@x.example>', "<{5}@x.example>", "<*)(%@x.example>", "<" + "a" * 890 + "@x>",
     "<a\x00b@x.example>"],
)  # fmt: skip
def test_a_message_id_of_any_letters_stops_nothing(
    tmp_path: Path, server: Dovecot, message_id: str
) -> None:
    """Also when the mailbox is asked whether a draft is there already, as after a kill."""
    head = ("From: a@x.example", "Subject: order", f"Message-ID: {message_id}")
    server.deliver(raw_mail(*head), a_mail(2))
    config = mail_config(tmp_path, server)
    ledger = ledger_of(config)
    ledger.keep_note("in-doubt", "1")
    ledger.close()
    Agent(config).run()
    assert [body.actions.get("file") for body in decisions(config)] == ["done", "done"]
    assert len(server.mails("Drafts")) == 2


def test_a_mail_from_nobody_is_filed_and_gets_no_draft(tmp_path: Path, server: Dovecot) -> None:
    server.deliver(
        b"Subject: my order\r\nMessage-ID: <a@x>\r\n\r\nhello",
        b"From: <>\r\nSubject: my order\r\nMessage-ID: <b@x>\r\n\r\nhello",
        b"From: undisclosed:;\r\nSubject: my order\r\nMessage-ID: <c@x>\r\n\r\nhello",
    )
    config = mail_config(tmp_path, server)
    assert Agent(config).run().figures["mails_unanswerable"] == 3
    assert len(server.ids("Orders")) == 3
    assert server.mails("Drafts") == []


def test_two_mails_of_one_message_id_are_both_decided(tmp_path: Path, server: Dovecot) -> None:
    server.deliver(a_mail(1), a_mail(1, "The invoice is wrong"))
    config = mail_config(tmp_path, server)
    Agent(config).run()
    assert [body.label for body in decisions(config)] == ["order", "invoice"]
    assert len(server.mails("Orders")) == len(server.mails("Büro/Rechnungen")) == 1


def test_the_firms_own_draft_and_answer_are_no_customers(tmp_path: Path, server: Dovecot) -> None:
    """They come back, as by a rule that copies what is sent into the inbox."""
    server.deliver(a_mail(1))
    config = mail_config(tmp_path, server, own_addresses=["shop@shop.example"])
    Agent(config).run()
    (draft,) = server.mails("Drafts")
    server.deliver(draft, draft.replace(b"shop@shop.example", b"Shop+x@SHOP.example"))
    Agent(config).run()
    assert len(decisions(config)) == 3
    assert len(server.mails("Drafts")) == 1


def test_the_firms_own_mail_gets_no_draft_where_the_sender_bears_a_name(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(a_mail(1, sender="Ada at the shop <shop@shop.example>"), a_mail(2))
    config = mail_config(tmp_path, server, drafts={"sender": "Shop <shop@shop.example>"})
    Agent(config).run()
    [draft] = server.mails("Drafts")
    assert b'From: "Shop" <shop@shop.example>\r\nTo: customer2@example.com' in draft


def test_a_dry_run_leaves_every_byte_flag_and_folder_as_it_was(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(a_mail(1), a_mail(2, "The invoice is wrong"), a_mail(3, "chess"))

    def everything() -> object:
        with server.login() as client:
            found = []
            for flags, _, name in sorted(client.list_folders(), key=str):
                client.select_folder(name, readonly=True)
                uids = client.search()
                parts = ["FLAGS", "INTERNALDATE", "BODY.PEEK[]"]
                found.append((name, flags, client.fetch(uids, parts) if uids else None))
            return found, sorted(client.list_sub_folders(), key=str)

    before = everything()
    assert b"\\Recent" in str(before).encode()
    Agent(mail_config(tmp_path, server, dry_run=True)).run()
    after = everything()
    assert after == before


def test_of_an_erased_person_no_file_of_the_agent_says_anything(
    tmp_path: Path, server: Dovecot
) -> None:
    """Ledger, journal, what waits for a hub and its bytes; of the others all stays.

    Words that are no four letters of what is sealed by chance.
    """
    server.deliver(
        a_mail(
            11, "Where is my order? I live in Unterdorf.", sender="Zoraphina <zora@quux.example>"
        ),
        a_mail(12, "Unterdorf has a chess club", sender="zora@quux.example"),
        a_mail(13, "Oberdorf has one too", sender="other@bar.example"),
    )
    config = mail_config(tmp_path, server)
    Agent(config).run()
    files = config.state_dir.rglob("*")
    assert any(b"Unterdorf" in path.read_bytes() for path in files if path.is_file())
    ledger = ledger_of(config)
    assert Chain(ledger, Seals(ledger)).erase("Zora@Quux.example", utc_now()) == 2
    ledger.close()
    Agent(config).run()
    left = {path.name: path.read_bytes() for path in config.state_dir.rglob("*") if path.is_file()}
    for word in (b"Unterdorf", b"quux.example", b"Zoraphina", b"<q11@", b"<q12@"):
        assert [name for name, content in left.items() if word in content] == []
    assert any(b"Oberdorf" in content for content in left.values())


def test_customers_who_write_by_a_form_are_different_people(
    tmp_path: Path, server: Dovecot
) -> None:
    """Each has a group and a key of their own: erasing one erases that one."""
    server.deliver(
        a_mail(1, sender="shop@shop.example", Reply_To="Anna@mail.example"),
        a_mail(2, sender="shop@shop.example", Reply_To="ben@mail.example"),
        a_mail(3, sender="no-reply@forms.example", Reply_To="anna@mail.example"),
    )
    config = mail_config(tmp_path, server)
    Agent(config).run()
    anna, ben, again = decisions(config)
    assert anna.group == again.group != ben.group
    ledger = ledger_of(config)
    chain = Chain(ledger, Seals(ledger))
    assert chain.erase("anna@mail.example", utc_now()) == 2
    assert [link.text["from"] for link in chain.links() if link.text] == ["ben@mail.example"]
    ledger.close()


@pytest.mark.parametrize("filler", [0, 20_000])
def test_in_a_renumbered_folder_no_strangers_mail_is_moved_for_another(
    tmp_path: Path, server: Dovecot, filler: int
) -> None:
    """What is to be filed is gone; a mail that bears its Message-ID lies there, or both do."""
    mine = a_mail(1, "A chess question" + " x" * filler)
    server.deliver(a_mail(1, "Another chess question"))
    config = mail_config(tmp_path, server, max_bytes=10_000)
    lost = decision(1).model_copy(update={"sample_id": "m" + "0" * 25})
    here = decision(2).model_copy(update={"sample_id": sample_id_of(account_of(config), mine)})
    if filler:
        with server.login() as client:
            client.append("INBOX", mine)
            client.select_folder("INBOX")
            (uid,) = client.search(["LARGER", "10000"])
            found = client.fetch(uid, ["RFC822.SIZE", "BODY.PEEK[HEADER]"])[uid]
        head, size = found[b"BODY[HEADER]"], str(found[b"RFC822.SIZE"])
        here = here.model_copy(update={"sample_id": sample_id_of(account_of(config), head, size)})
    else:
        server.deliver(mine)
    ledger = ledger_of(config)
    plan = Plan("move", "Orders").to_json()
    for body in (lost, here):
        ledger.add(
            MailRecord(
                body.sample_id, "<q1@example.com>", "w", "decided", "INBOX", 1, 1, "act", "order", "b", False,
                0.0, plan=plan, row=body.model_dump_json(),
            )
        )  # fmt: skip
    ledger.close()
    Agent(config).run()
    (moved,) = server.mails("Orders")
    assert b"A chess question" in moved
    (left,) = server.mails("INBOX")
    assert b"Another chess question" in left
