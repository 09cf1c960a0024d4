"""What the mailbox's demo shows beside the circle: replies with their sources, and a real mailbox."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydantic import JsonValue

from kits.support_triage._simulated.mailbox_server import (
    MailboxServer,
    find_dovecot,
    why_no_mailbox,
)
from kits.support_triage._simulated.shown_mailbox import FOLDERS, show_mailbox
from kits.support_triage._simulated.shown_replies import draft_lines, show_replies
from kits.toolchain.demo.programs import Programs
from kits.toolchain.demo.stage import Stage

from .conftest import SHOP_SEED

UNREAD = 80


@pytest.fixture
def stage(made_shop: tuple[Path, Path]) -> Stage:
    root, bundle = made_shop
    return Stage(root, SHOP_SEED, bundle, Programs(root / "logs"))


@pytest.mark.slow
def test_a_customer_a_stranger_a_machine_and_a_matter_of_nobody_are_shown(stage: Stage) -> None:
    told = show_replies(stage)
    head, *_ = told.splitlines()
    filed, wrong, left = (
        int(n) for n in re.findall(r"(\d+) (?:would be filed|of them wrongly|are left)", head)
    )
    assert filed + left == UNREAD
    assert wrong <= filed / 4
    parts = re.split(r"^(?=a customer|a stranger|a machine|none of)", told, flags=re.MULTILINE)[1:]
    customer, stranger, machine, nobody = parts
    assert "← your order system, order" in customer
    assert "left out: order" in stranger
    assert "belongs to another address" in stranger
    assert "your order system" not in stranger
    assert "no draft" in machine
    assert "←" not in machine
    assert "left to a person" in nobody


def test_each_sentence_of_a_draft_stands_beside_its_source() -> None:
    draft: dict[str, JsonValue] = {
        "body": "Hello,\n\nIt is on its way. It comes tomorrow.\n\nKind regards",
        "language": "en",
        "citations": [
            "template:en/greeting",
            "en/shipping.md#1",
            "record:order 48012",
            "template:en/closing",
        ],
        "cut": ["order 48013: no such record was found"],
    }
    assert list(draft_lines(draft)) == [
        "| Hello,  ← a set phrase, en/greeting",
        "| It is on its way.  ← your help page en/shipping.md#1",
        "| It comes tomorrow.  ← your order system, order 48012",
        "| Kind regards  ← a set phrase, en/closing",
        "left out: order 48013: no such record was found",
    ]


def test_sentences_that_do_not_fit_their_sources_are_not_given_wrong_ones() -> None:
    draft: dict[str, JsonValue] = {
        "body": "Hello, all.",
        "language": "en",
        "citations": ["a.md#1", "b.md#2", "a.md#1"],
    }
    assert list(draft_lines(draft)) == [
        "| Hello, all.",
        "sentences from your help page a.md#1, your help page b.md#2",
    ]


def test_a_machine_without_a_mail_server_is_told_what_to_install() -> None:
    assert "apt install dovecot-imapd" in why_no_mailbox(None)


def test_a_mail_server_of_another_age_is_named_and_not_started(tmp_path: Path) -> None:
    old = tmp_path / "dovecot"
    old.write_text("#!/bin/sh\necho '2.3.21 (47349e2482)'\n")
    old.chmod(0o755)
    assert why_no_mailbox(old) == "dovecot 2.3.21 is here, and 2.4 is needed"


@pytest.mark.skipif(find_dovecot() is None, reason="no dovecot on this machine")
def test_a_person_may_file_where_nobody_filed_before() -> None:
    with MailboxServer() as server:
        server.start()
        server.deliver(b"Message-ID: <a@b>\r\n\r\none", b"Message-ID: <c@d>\r\n\r\ntwo")
        server.take_out("INBOX", "<a@b>", to="Sorted/Refund")
        assert server.counts() == {"INBOX": 1, "Sorted/Refund": 1}
        assert server.ids("Sorted/Refund") == ["<a@b>"]
        server.take_out("INBOX", "<c@d>")
        assert server.counts() == {"Sorted/Refund": 1}
    assert not server.folder.exists()


@pytest.mark.slow
@pytest.mark.skipif(find_dovecot() is None, reason="no dovecot on this machine")
def test_a_mailbox_is_looked_at_then_sorted_then_learned_from(stage: Stage) -> None:
    told = show_mailbox(stage)
    assert f"before: INBOX {UNREAD}\n" in told
    would = re.search(r"(\d+) of 80 mails would be filed; the mailbox is as it was: (.+)", told)
    assert would is not None
    assert would[2] == f"INBOX {UNREAD}"
    after = re.search(r"^dry_run: false: (.+)$", told, re.MULTILINE)
    assert after is not None
    parts = (part.rpartition(" ") for part in after[1].split(", "))
    counts = {name: int(number) for name, _, number in parts}
    drafts = counts.pop("Drafts")
    assert sum(counts.values()) == UNREAD
    # some of what would be filed is left to a person, by lot
    assert UNREAD - int(would[1]) <= counts["INBOX"] < UNREAD
    assert 0 < drafts <= sum(counts.values()) - counts["INBOX"]
    assert set(counts) - {"INBOX"} <= {name.removeprefix("Sorted/") for name in FOLDERS.values()}
    assert "| Kind regards" in told
    assert "1 sent as it was, 1 changed, 3 labels to learn from" in told
    config = json.dumps((stage.root / "mailbox" / "agent.yaml").read_text())
    assert "geheim" not in config
