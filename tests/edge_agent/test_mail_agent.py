"""A whole agent at a real mail server: reads, sorts, lays drafts, and does each thing once."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from email import message_from_bytes
from email.policy import default as modern
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from edge_agent.errors import SourceError
from edge_agent.mail.drafting import Drafting
from edge_agent.mail.opening import ledger_path
from edge_agent.status_text import status_lines
from kits.core.correspondence import Lookup, Record
from tests.edge_agent.mail_parts import decisions, mail_config, rows
from tests.edge_agent.mail_servers import PASSWORD, Dovecot, a_mail, kill_leftovers, needs_dovecot
from tests.failure.proxy import Proxy
from tests.waiting import wait_for

pytestmark = needs_dovecot


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


def test_a_second_life_finds_nothing_to_do(tmp_path: Path, server: Dovecot) -> None:
    server.deliver(a_mail(1), a_mail(3, "Do you like chess?"))
    config = mail_config(tmp_path, server)
    Agent(config).run()
    again = Agent(config).run()
    assert again.samples == 0
    assert len(server.mails("Drafts")) == 1
    assert len(decisions(config)) == 2


def test_a_dry_run_changes_nothing_and_says_what_it_would_do(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(a_mail(1), a_mail(3, "Do you like chess?"))
    config = mail_config(tmp_path, server, dry_run=True)
    Agent(config).run()
    assert len(server.ids("INBOX")) == 2
    assert server.mails("Drafts") == []
    assert server.mails("Orders") == []
    assert [b.meta["would"] for b in decisions(config)] == [
        "move to Orders, lay a draft",
        "leave it",
    ]


def test_no_mail_looks_read_because_a_program_saw_it(tmp_path: Path, server: Dovecot) -> None:
    server.deliver(a_mail(1), a_mail(3, "Do you like chess?"))
    Agent(mail_config(tmp_path, server)).run()
    with server.login() as client:
        for folder in ("INBOX", "Orders"):
            client.select_folder(folder, readonly=True)
            assert client.search(["SEEN"]) == []
        client.select_folder("Drafts", readonly=True)
        (flags,) = client.get_flags(client.search()).values()
        assert {b"\\Draft", b"\\Seen"} <= set(flags)


def test_mails_of_before_the_first_start_are_left_alone_and_it_is_said(
    tmp_path: Path, server: Dovecot, caplog: pytest.LogCaptureFixture
) -> None:
    server.deliver(a_mail(1))
    config = mail_config(tmp_path, server, since=None)
    with caplog.at_level("INFO"):
        assert Agent(config).run().samples == 0
    assert "event=mailbox_begun folder=INBOX" in caplog.text and "source.since" in caplog.text
    server.deliver(a_mail(2))
    assert Agent(config).run().samples == 1
    assert server.ids("INBOX") == ["<q1@example.com>"]


def test_replies_come_from_the_firms_own_address_where_the_login_is_none(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(a_mail(1))
    Agent(mail_config(tmp_path, server, drafts={}, own_addresses=["help@shop.example"])).run()
    [draft] = server.mails("Drafts")
    assert b"From: help@shop.example" in draft


def test_a_machine_gets_no_draft(tmp_path: Path, server: Dovecot) -> None:
    server.deliver(
        a_mail(1, Auto_Submitted="auto-replied"),
        a_mail(2, List_Id="<news.example.com>"),
        a_mail(3, sender="shop@shop.example"),
        a_mail(4, X_Auto_Response_Suppress="All"),
    )
    Agent(mail_config(tmp_path, server)).run()
    (draft,) = (message_from_bytes(raw) for raw in server.mails("Drafts"))
    assert draft["In-Reply-To"] == "<q4@example.com>", "Exchange writes that header for persons too"


def test_one_sender_gets_only_so_many_drafts_in_a_day(tmp_path: Path, server: Dovecot) -> None:
    server.deliver(*(a_mail(n, sender="a@example.com") for n in range(5)))
    drafts = {"sender": "shop@shop.example", "per_sender_per_day": 2}
    summary = Agent(mail_config(tmp_path, server, drafts=drafts)).run()
    assert len(server.mails("Drafts")) == 2
    assert len(server.ids("Orders")) == 5
    assert summary.figures["mails_over_rate"] == 3


def test_a_mail_that_is_too_large_goes_to_a_person_unread(tmp_path: Path, server: Dovecot) -> None:
    server.deliver(a_mail(1, "Where is my order? " + "x" * 50_000))
    config = mail_config(tmp_path, server, max_bytes=20_000)
    Agent(config).run()
    (body,) = decisions(config)
    assert body.verdict == "review"
    assert "larger than 20000 bytes" in body.reason
    assert server.ids("INBOX") == ["<q1@example.com>"]


def test_a_mail_of_several_megabytes_is_read_in_pieces(tmp_path: Path, server: Dovecot) -> None:
    server.deliver(a_mail(1, "Where is my order?\n" + "word " * 500_000))
    config = mail_config(tmp_path, server)
    Agent(config).run()
    assert [(b.verdict, b.label) for b in decisions(config)] == [("act", "order")]


def test_a_kits_fault_leaves_the_mail_to_a_person(tmp_path: Path, server: Dovecot) -> None:
    server.deliver(a_mail(1, "crash"), a_mail(2))
    config = mail_config(tmp_path, server)
    Agent(config).run()
    assert [b.verdict for b in decisions(config)] == ["review", "act"]


def test_the_same_mail_delivered_twice_is_decided_once(tmp_path: Path, server: Dovecot) -> None:
    server.deliver(a_mail(1), b"Received: from a by b; Mon, 4 May 2026\r\n" + a_mail(1))
    config = mail_config(tmp_path, server)
    assert Agent(config).run().samples == 1
    assert len(server.mails("Drafts")) == 1


def test_a_folder_whose_uids_became_worthless_is_read_anew_without_a_second_decision(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(a_mail(1), a_mail(3, "Do you like chess?"))
    config = mail_config(tmp_path, server)
    Agent(config).run()
    server.renumber()
    server.deliver(a_mail(4))
    assert Agent(config).run().samples == 1
    assert len(decisions(config)) == 3
    assert len(server.mails("Drafts")) == 2


@pytest.mark.parametrize("damage", [b"this is no database at all " * 500, None])
def test_a_ledger_that_is_lost_leads_to_no_second_draft(
    tmp_path: Path, server: Dovecot, damage: bytes | None
) -> None:
    server.deliver(a_mail(1), a_mail(3, "Do you like chess? No order."))
    filing = {"how": "none", "folders": {}}
    config = mail_config(tmp_path, server, filing=filing)
    Agent(config).run()
    assert len(server.mails("Drafts")) == 2
    ledger = ledger_path(config.state_dir)
    for suffix in ("-wal", "-shm"):
        ledger.with_name(ledger.name + suffix).unlink(missing_ok=True)
    if damage is None:
        ledger.unlink()
    else:
        ledger.write_bytes(damage)
    assert Agent(config).run().samples == 2
    assert len(server.mails("Drafts")) == 2
    assert len({body.sample_id for body in decisions(config)}) == 2
    raised = {body.name for body in rows(config, "a")}
    assert ("mail-ledger-damaged" in raised) == (damage is not None)


def test_a_ledger_that_cannot_be_written_for_a_while_stops_mails_and_loses_none(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(a_mail(1))
    config = mail_config(tmp_path, server)
    agent = Agent(config)
    agent.source.room.ledger.read("PRAGMA busy_timeout=50")  # type: ignore[attr-defined]  # of a mailbox
    other = sqlite3.connect(ledger_path(config.state_dir), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    thread = threading.Thread(target=agent.run)
    thread.start()
    wait_for(lambda: "mail-ledger-stuck" in agent.alerts.open())
    assert server.ids("INBOX") == ["<q1@example.com>"]
    other.execute("COMMIT")
    other.close()
    thread.join(30)
    assert server.ids("Orders") == ["<q1@example.com>"]
    assert len(decisions(config)) == 1


def test_a_line_that_breaks_again_and_again_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.sources.imap._FIRST_PAUSE_S", 0.1)
    server = Dovecot(driver="sdbox").start()
    server.fill([a_mail(n) for n in range(12)])
    with Proxy(("127.0.0.1", server.port), cut_every=8000) as proxy:
        config = mail_config(tmp_path, server, port=proxy.port, timeout_s=1)
        Agent(config).run()
        assert proxy.cuts >= 3
    wanted = [f"<q{n}@example.com>" for n in range(12)]
    assert sorted(server.ids("Orders")) == sorted(wanted)
    assert server.ids("INBOX") == []
    assert len(server.ids("Drafts")) == len(set(server.ids("Drafts"))) == 12
    assert len({body.sample_id for body in decisions(config)}) == len(decisions(config)) == 12


def test_a_person_who_was_faster_is_not_disturbed(tmp_path: Path, server: Dovecot) -> None:
    server.deliver(a_mail(1))
    config = mail_config(tmp_path, server)
    agent = Agent(config)
    settle = agent.source.room.settle  # type: ignore[attr-defined]  # of a mailbox

    def settle_late(letter: object, settled: object) -> None:
        settle(letter, settled)
        with server.login() as client:
            client.select_folder("INBOX")
            client.move(client.search(), "Trash")

    agent.source.room.settle = settle_late  # type: ignore[attr-defined]
    agent.run()
    assert server.ids("Trash") == ["<q1@example.com>"]
    assert server.ids("Orders") == []
    assert decisions(config)[0].actions["file"] == "late"


@pytest.mark.parametrize("how", ["keyword", "copy", "none"])
def test_a_mail_can_be_marked_or_copied_instead(tmp_path: Path, server: Dovecot, how: str) -> None:
    server.deliver(a_mail(1))
    filing = {"how": how, "folders": {"order": "Bestellungen/Übersee"}}
    Agent(mail_config(tmp_path, server, filing=filing)).run()
    assert server.ids("INBOX") == ["<q1@example.com>"]
    assert bool(server.ids("Bestellungen/Übersee")) == (how == "copy")
    with server.login() as client:
        client.select_folder("INBOX", readonly=True)
        found = client.search(["KEYWORD", "Bestellungen__bersee"])
    assert bool(found) == (how == "keyword")


def test_what_cannot_wait_is_flagged_once_where_it_lies_in_the_end(
    tmp_path: Path, server: Dovecot
) -> None:
    asked = "Do you like chess? Answer at once"
    machine = a_mail(5, asked, Auto_Submitted="auto-generated")
    server.deliver(
        a_mail(1, "Where is my order?"), a_mail(3, asked),
        a_mail(4, "Do you like chess?"), machine,
    )  # fmt: skip
    filing = {"folders": {"order": "Orders"}, "flag_from": 3}
    config = mail_config(tmp_path, server, filing=filing)
    summary = Agent(config).run()
    assert _flagged(server, "Orders") == ["<q1@example.com>"]
    assert _flagged(server, "INBOX") == ["<q3@example.com>"]
    assert summary.figures["mails_flagged"] == 2
    assert {"flag": "done"} in [body.actions for body in decisions(config)]
    with server.login() as client:  # a person has seen to it
        client.select_folder("INBOX")
        client.remove_flags(client.search(["FLAGGED"]), [b"\\Flagged"])
    Agent(config).run()
    assert _flagged(server, "INBOX") == []


def _flagged(server: Dovecot, folder: str) -> list[str]:
    with server.login() as client:
        client.select_folder(folder, readonly=True)
        found = client.fetch(client.search(["FLAGGED"]), ["ENVELOPE"])
    return [one[b"ENVELOPE"].message_id.decode() for one in found.values()]


def test_a_draft_may_be_filled_from_the_firms_own_records(tmp_path: Path, server: Dovecot) -> None:
    class Orders:
        def fetch(self, lookups: Sequence[Lookup]) -> Sequence[Record]:
            return [Record(one, {"state": "packed"}) for one in lookups]

    server.deliver(a_mail(1))
    agent = Agent(mail_config(tmp_path, server))
    agent.source.room.drafting = Drafting(agent.alerts, Orders())  # type: ignore[attr-defined]
    agent.run()
    assert b"State: packed" in server.mails("Drafts")[0]


def test_a_single_run_with_a_wrong_password_ends_with_what_to_do(
    tmp_path: Path, server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KW_TEST_MAIL_PASSWORD", "wrong")
    with pytest.raises(SourceError, match="does not let shop in") as caught:
        Agent(mail_config(tmp_path, server)).run()
    assert "password" in caught.value.fix


def test_figures_tell_what_was_done(tmp_path: Path, server: Dovecot) -> None:
    server.deliver(a_mail(1), a_mail(2, Precedence="bulk"))
    figures = Agent(mail_config(tmp_path, server)).run().figures
    assert (figures["mails_filed"], figures["mails_drafted"]) == (2, 1)
    assert (figures["mails_unanswerable"], figures["mail_gate_open"]) == (1, 1)
    assert figures["mails_waiting"] == 0


def test_status_tells_of_the_mailbox(tmp_path: Path, server: Dovecot) -> None:
    server.deliver(a_mail(1))
    agent = Agent(mail_config(tmp_path, server))
    agent.run()
    lines = [line.strip() for line in status_lines(dict(agent.status()))]
    assert (
        "mail     1 filed, 0 waiting, 1 drafts (0 sent as they were, 0 changed, 0 not used)"
        in lines
    )
    assert "gate     open" in lines


def test_the_page_shows_what_was_decided_last(tmp_path: Path, server: Dovecot) -> None:
    server.deliver(a_mail(1))
    agent = Agent(mail_config(tmp_path, server))
    agent.run()
    [shown] = json.loads(json.dumps(agent.status()))["recent"]
    assert (shown["source"], shown["verdict"], shown["label"]) == ("mailbox", "act", "order")
