"""What the agent learns from what persons do in a real mailbox, and how audits close the gate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge_agent.agent import Agent
from edge_agent.cli import app
from edge_agent.config import AgentConfig
from edge_agent.mail.chain import Chain, Seals
from kits.core.annotation import annotation_from_json
from kits.core.hub_api import Desired, ErasureWord
from tests.edge_agent.mail_parts import decisions, fates, labels, ledger_of, mail_config, rows
from tests.edge_agent.mail_servers import PASSWORD, Dovecot, a_mail, kill_leftovers, needs_dovecot

pytestmark = needs_dovecot


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KW_TEST_MAIL_PASSWORD", PASSWORD)
    yield
    kill_leftovers()


@pytest.fixture
def server() -> Dovecot:
    return Dovecot().start()


def send(server: Dovecot, edit: tuple[str, str] = ("", ""), *, keeps_header: bool = True) -> None:
    """Does what a mail program does with the only draft: sends it, lays it into Sent, deletes it."""
    with server.login() as client:
        client.select_folder("Drafts")
        (uid,) = client.search()
        draft = message_from_bytes(client.fetch([uid], ["BODY[]"])[uid][b"BODY[]"], policy=modern)
        sent = EmailMessage()
        for name in ("From", "To", "Subject", "In-Reply-To", "References", "Message-ID"):
            sent[name] = str(draft[name])
        if keeps_header:
            sent["X-Kitwright-Draft"] = str(draft["X-Kitwright-Draft"])
        else:
            sent.replace_header("Message-ID", "<new@shop.example>")
        body = draft.get_content().replace(*edit) if edit[0] else draft.get_content()
        sent.set_content(body + "\nOn 4 May 2026 Customer wrote:\n> Where is my order?\n")
        client.append("Sent", sent.as_bytes(), [b"\\Seen"])
        client.delete_messages([uid])
        client.expunge()


def one_mail(tmp_path: Path, server: Dovecot, **source: object) -> AgentConfig:
    server.deliver(a_mail(1))
    config = mail_config(tmp_path, server, **source)
    Agent(config).run()
    return config


@pytest.mark.parametrize("keeps_header", [True, False])
def test_a_draft_that_was_sent_as_it_was_is_accepted(
    tmp_path: Path, server: Dovecot, keeps_header: bool
) -> None:
    config = one_mail(tmp_path, server)
    send(server, keeps_header=keeps_header)
    Agent(config).run()
    Agent(config).run()
    (fate,) = fates(config)
    assert (fate.fate, fate.intent, fate.changed) == ("accepted", "order", ())
    assert fate.sample_id == decisions(config)[0].sample_id


def test_a_draft_that_was_changed_says_which_sentence(tmp_path: Path, server: Dovecot) -> None:
    config = one_mail(tmp_path, server)
    send(server, ("your order is on its way.", "your parcel comes on Friday."))
    figures = Agent(config).run().figures
    (fate,) = fates(config)
    assert fate.fate == "edited"
    assert fate.changed == ("your order is on its way.",)
    assert figures["drafts_edited"] == 1


def test_a_draft_that_was_thrown_away_is_discarded_after_a_while(
    tmp_path: Path, server: Dovecot
) -> None:
    config = one_mail(
        tmp_path, server, learning={"audit_share": 0, "every_s": 1, "discarded_after_s": 1}
    )
    with server.login() as client:
        client.select_folder("Drafts")
        client.delete_messages(client.search())
        client.expunge()
    agent = Agent(config)
    agent.run()
    assert fates(config) == [], "it may be on its way from one folder to another"
    agent = Agent(config)
    clock = agent.source.room.clock  # type: ignore[attr-defined]  # of a mailbox
    agent.source.room.clock = lambda: clock() + 60  # type: ignore[attr-defined]
    agent.run()
    assert [fate.fate for fate in fates(config)] == ["discarded"]


def test_a_draft_below_thousands_of_newer_ones_is_not_taken_for_thrown_away(tmp_path: Path) -> None:
    server = Dovecot(driver="sdbox").start()
    config = one_mail(
        tmp_path, server, learning={"audit_share": 0, "every_s": 1, "discarded_after_s": 1}
    )
    with server.login() as client:
        for _ in range(5):
            client.multiappend("Drafts", [b"Subject: a note\r\n\r\nx\r\n"] * 401)
    for _ in range(3):
        Agent(config).run()
        time.sleep(1.1)
    assert fates(config) == []


def test_a_draft_that_lies_there_has_no_fate_yet(tmp_path: Path, server: Dovecot) -> None:
    config = one_mail(
        tmp_path, server, learning={"audit_share": 0, "every_s": 1, "discarded_after_s": 1}
    )
    for _ in range(2):
        Agent(config).run()
    assert fates(config) == []


def test_a_mail_that_a_person_files_elsewhere_is_a_label(tmp_path: Path, server: Dovecot) -> None:
    config = one_mail(tmp_path, server)
    with server.login() as client:
        client.create_folder("Büro/Rechnungen")
        client.select_folder("Orders")
        client.move(client.search(), "Büro/Rechnungen")
    Agent(config).run()
    Agent(config).run()
    (label,) = labels(config)
    annotation = annotation_from_json(label.annotation)
    assert (annotation.label, annotation.source) == ("invoice", "device")
    assert label.sample_id == decisions(config)[0].sample_id
    assert server.ids("Büro/Rechnungen") == ["<q1@example.com>"], "it stays where the person put it"


def test_a_mail_left_to_a_person_is_a_label_too(tmp_path: Path, server: Dovecot) -> None:
    server.deliver(a_mail(3, "Do you like chess?"))
    config = mail_config(tmp_path, server)
    Agent(config).run()
    with server.login() as client:
        client.create_folder("Orders")
        client.select_folder("INBOX")
        client.move(client.search(), "Orders")
    Agent(config).run()
    assert [annotation_from_json(one.annotation).label for one in labels(config)] == ["order"]


def test_what_the_agent_filed_itself_is_no_label(tmp_path: Path, server: Dovecot) -> None:
    config = one_mail(tmp_path, server)
    Agent(config).run()
    assert labels(config) == []


def test_a_persons_word_never_counts_for_a_strangers_mail_of_the_same_message_id(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(a_mail(3, "Do you like chess?"), a_mail(3, "Or do you like draughts?"))
    config = mail_config(tmp_path, server)
    assert Agent(config).run().samples == 2
    file_audits(server, "Orders")
    Agent(config).run()
    assert labels(config) == []


def test_an_answer_never_counts_for_a_strangers_mail_of_the_same_message_id(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(a_mail(1, "Another order?", sender="eve@evil.example"))
    config = one_mail(tmp_path, server)
    assert len(decisions(config)) == 2
    with server.login() as client:
        client.select_folder("Drafts")
        client.delete_messages(client.search(["TO", "eve"]))
        client.expunge()
    send(server, keeps_header=False)
    Agent(config).run()
    Agent(config).run()
    assert fates(config) == []


ALL_AUDITS = {"audit_share": 1, "every_s": 1}


def file_audits(server: Dovecot, folder: str) -> None:
    with server.login() as client:
        if not client.folder_exists(folder):
            client.create_folder(folder)
        client.select_folder("INBOX")
        client.move(client.search(), folder)


def test_audit_mails_are_left_to_a_person_without_a_hint(tmp_path: Path, server: Dovecot) -> None:
    config = one_mail(tmp_path, server, learning=ALL_AUDITS)
    (body,) = decisions(config)
    assert (body.verdict, body.label, body.kept_for) == ("review", "order", "audit")
    assert body.meta["audit"] is True
    assert body.blob is not None
    assert server.ids("INBOX") == ["<q1@example.com>"]
    assert server.mails("Drafts") == []


def test_audits_filed_elsewhere_close_the_gate_and_a_person_opens_it(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(*(a_mail(n) for n in range(3)))
    config = mail_config(tmp_path, server, learning=ALL_AUDITS)
    Agent(config).run()
    file_audits(server, "Büro/Rechnungen")
    assert Agent(config).run().figures["mail_gate_open"] == 0
    assert "mail-gate-closed" in {body.name for body in rows(config, "a")}

    server.deliver(a_mail(9))
    assert Agent(config).run().figures["mails_held_back"] == 1
    assert server.ids("INBOX") == ["<q9@example.com>"]

    (tmp_path / "agent.yaml").write_text(
        f"state_dir: {config.state_dir}\nsource: {{kind: folder, path: x}}\n"
    )
    command = [
        "mail",
        "gate",
        "open",
        "-c",
        str(tmp_path / "agent.yaml"),
        "--because",
        "wrong folder",
    ]
    assert CliRunner().invoke(app, command).exit_code == 0
    given = config.source.model_copy(
        update={"learning": config.source.learning.model_copy(update={"audit_share": 0.0})}  # type: ignore[union-attr]
    )
    server.deliver(a_mail(10))
    Agent(config.model_copy(update={"source": given})).run()
    assert "<q10@example.com>" in server.ids("Orders")


def test_audits_filed_where_the_model_would_have_filed_them_keep_the_gate_open(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(*(a_mail(n) for n in range(3)))
    config = mail_config(tmp_path, server, learning=ALL_AUDITS)
    Agent(config).run()
    file_audits(server, "Orders")
    figures = Agent(config).run().figures
    assert (figures["mails_confirmed"], figures["mail_gate_open"]) == (3, 1)


def test_an_audit_in_a_folder_that_several_intents_share_agrees_with_any_of_them(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(*(a_mail(n, "The invoice is wrong") for n in range(3)))
    config = mail_config(
        tmp_path, server, learning=ALL_AUDITS,
        filing={"folders": {"order": "Desk", "invoice": "Desk"}},
    )  # fmt: skip
    Agent(config).run()
    file_audits(server, "Desk")
    figures = Agent(config).run().figures
    assert (figures["mails_confirmed"], figures["mail_gate_open"]) == (3, 1)
    assert {annotation_from_json(one.annotation).label for one in labels(config)} == {"invoice"}


def test_where_a_folder_may_mean_several_intents_none_of_them_is_learned(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(*(a_mail(n) for n in range(3)))
    folders = {"order": "Orders", "invoice": "Desk", "refund": "Desk"}
    config = mail_config(tmp_path, server, learning=ALL_AUDITS, filing={"folders": folders})
    Agent(config).run()
    file_audits(server, "Desk")
    figures = Agent(config).run().figures
    assert (figures["mails_relabelled"], figures["mail_gate_open"]) == (3, 0), "wrong all the same"
    assert labels(config) == []


@pytest.mark.parametrize(("keyword", "wrong"), [("Bills_2026", 3), ("Orders", 0)])
def test_where_mails_are_marked_the_keywords_that_persons_set_are_heard(
    tmp_path: Path, server: Dovecot, keyword: str, wrong: int
) -> None:
    server.deliver(*(a_mail(n) for n in range(3)))
    filing = {"how": "keyword", "folders": {"order": "Orders", "invoice": "Bills 2026"}}
    config = mail_config(tmp_path, server, learning=ALL_AUDITS, filing=filing)
    Agent(config).run()
    with server.login() as client:
        client.select_folder("INBOX")
        client.add_flags(client.search(), [keyword])
    figures = Agent(config).run().figures
    assert (figures["mails_relabelled"], figures["mails_confirmed"]) == (wrong, 3 - wrong)
    assert figures["mail_gate_open"] == (wrong == 0)
    assert Agent(config).run().figures["mails_relabelled"] == 0, "each word is heard once"


def test_a_keyword_that_we_set_is_no_persons_word(tmp_path: Path, server: Dovecot) -> None:
    server.deliver(a_mail(1))
    filing = {"how": "keyword", "folders": {"order": "Orders", "invoice": "Bills"}}
    config = mail_config(tmp_path, server, filing=filing)
    for _ in range(2):
        Agent(config).run()
    assert labels(config) == []
    with server.login() as client:
        client.select_folder("INBOX")
        client.add_flags(client.search(), ["Bills"])
    Agent(config).run()
    assert [annotation_from_json(one.annotation).label for one in labels(config)] == ["invoice"]


def test_the_record_of_decisions_is_shown_verified_and_erased(
    tmp_path: Path, server: Dovecot
) -> None:
    config = one_mail(tmp_path, server)
    file = tmp_path / "agent.yaml"
    file.write_text(f"state_dir: {config.state_dir}\nsource: {{kind: folder, path: x}}\n")

    def said(*words: str) -> str:
        result = CliRunner().invoke(app, ["mail", "audit", *words, "-c", str(file)])
        assert result.exit_code == 0, result.output
        return result.output

    assert "customer1@example.com: Question 1" in said("show")
    assert "1 entries hold" in said("verify")
    assert "1 mails" in said("erase", "customer1@example.com")
    assert "customer1@example.com" not in said("show")
    assert "2 entries hold" in said("verify")
    said("export", str(tmp_path / "record.jsonl"))
    assert "Question 1" not in (tmp_path / "record.jsonl").read_text()


def test_whom_the_hub_wants_erased_is_erased(tmp_path: Path, server: Dovecot) -> None:
    config = one_mail(tmp_path, server)
    agent = Agent(config)
    word = ErasureWord(id="w1", address="Customer1@example.com")
    agent._heed(Desired(erasures=(word,)))
    agent.run()
    erased = [body for body in rows(config, "l") if body.kind == "erased"]
    assert [(one.request, one.mails) for one in erased] == [("w1", 1)]
    assert erased[0].who == decisions(config)[0].meta["who"]


def test_while_nothing_is_filed_all_that_persons_file_says_how_good_it_would_be(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(*(a_mail(n) for n in range(3)))
    config = mail_config(tmp_path, server, dry_run=True)
    Agent(config).run()
    file_audits(server, "Büro/Rechnungen")
    figures = Agent(config).run().figures
    assert (figures["mails_relabelled"], figures["mail_gate_open"]) == (3, 0)
    assert len(labels(config)) == 3


def test_what_is_older_than_it_may_be_kept_can_be_read_no_more(
    tmp_path: Path, server: Dovecot
) -> None:
    config = one_mail(tmp_path, server, keep_text_days=30)
    agent = Agent(config)
    room = agent.source.room  # type: ignore[attr-defined]  # of a mailbox
    assert [link.text is None for link in room.chain.links()] == [False]
    clock = room.clock
    room.clock = lambda: clock() + 31 * 86_400
    agent.run()
    with closing(ledger_of(config)) as ledger:
        chain = Chain(ledger, Seals(ledger))
        assert [link.text is None for link in chain.links()] == [True]
        assert chain.verify() == (1, "")
