"""A mailbox's ledger that runs for years: what is let go of, what is not, and that no mail is answered twice for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from edge_agent.agent import Agent
from edge_agent.config import AgentConfig
from edge_agent.mail.chain import Chain, Seals
from edge_agent.mail.config import HookConfig, ImapSourceConfig
from edge_agent.mail.hook import Hook
from edge_agent.mail.ledger import Ledger
from edge_agent.mail.pruning import DAY_S, LEAST_DAYS, Pruning, drop_digests, known_since, let_go
from edge_agent.mail.pruning import was_read as folder_was_read
from edge_agent.mail.record import MailRecord
from tests.edge_agent.mail_parts import decisions, ledger_of, mail_config
from tests.edge_agent.mail_servers import PASSWORD, Dovecot, a_mail, kill_leftovers, needs_dovecot
from tests.edge_agent.parts import decision

NOW = datetime(2026, 5, 4, 6, 0, tzinfo=timezone.utc)
NOW_S = NOW.timestamp()


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "mail" / "ledger.sqlite")


def a_record(number: int, days_ago: float, **changes: Any) -> MailRecord:
    """A mail that is done with."""
    record = MailRecord(
        f"sample-{number}", f"<q{number}@example.com>", f"who-{number}", "acted", "INBOX", 1, number,
        "act", "order", "b1", False, NOW_S - days_ago * DAY_S,
    )  # fmt: skip
    return replace(record, **changes)


def rows(ledger: Ledger) -> list[str]:
    return [str(row[0]) for row in ledger.read("SELECT sample_id FROM mails ORDER BY sample_id")]


# -- mails -----------------------------------------------------------------------------------------


def test_a_mail_that_is_let_go_of_is_still_known(ledger: Ledger) -> None:
    ledger.add(a_record(1, days_ago=91))
    ledger.add(a_record(2, days_ago=89))
    assert let_go(ledger, NOW_S - 90 * DAY_S, 1000) == 1
    assert rows(ledger) == ["sample-2"]
    assert [ledger.knows(f"sample-{n}") for n in (1, 2, 3)] == [True, True, False]
    assert let_go(ledger, NOW_S - 90 * DAY_S, 1000) == 0


def test_of_too_many_mails_the_oldest_go_whatever_their_age(ledger: Ledger) -> None:
    for number in range(5):
        ledger.add(a_record(number, days_ago=number / 24))
    assert let_go(ledger, NOW_S - 90 * DAY_S, 3) == 2
    assert rows(ledger) == ["sample-0", "sample-1", "sample-2"]


def test_a_mail_with_work_left_stays_however_old(ledger: Ledger) -> None:
    ledger.add(a_record(1, days_ago=900, state="decided"))
    ledger.add(a_record(2, days_ago=900))
    ledger.put_call("sample-2", "{}", 0, 0.0)
    ledger.add(a_record(3, days_ago=900))
    ledger.say("s", decision(3).model_copy(update={"sample_id": "sample-3"}).model_dump_json())
    assert let_go(ledger, NOW_S, 0) == 0
    ledger.change("sample-1", state="acted")
    ledger.drop_call("sample-2")
    ledger.told("s", 1)
    assert let_go(ledger, NOW_S, 0) == 3
    assert all(ledger.knows(f"sample-{n}") for n in (1, 2, 3))


def test_a_note_of_a_sent_reply_goes_with_its_mail(ledger: Ledger) -> None:
    ledger.add(a_record(1, days_ago=91))
    ledger.keep_note("sending/sample-1", "done")
    let_go(ledger, NOW_S - 90 * DAY_S, 1000)
    assert ledger.note("sending/sample-1") == ""


def test_each_look_does_a_bounded_piece_until_all_is_done(ledger: Ledger) -> None:
    for number in range(1200):
        ledger.add(a_record(number, days_ago=100))
    counts: Counter[str] = Counter()
    config = ImapSourceConfig(host="h", user="u", password_env="P")
    pruning = Pruning(config, ledger, Chain(ledger, Seals(ledger)), counts)
    left = []
    for _ in range(5):
        pruning.look(NOW_S)
        left.append(len(rows(ledger)))
    assert left == [700, 200, 0, 0, 0]
    assert counts["let go"] == 1200
    assert pruning.figures() == {
        "mails_followed": 0, "mails_known": 1200, "mail_record_entries": 0
    }  # fmt: skip


def test_no_further_mail_is_decided_while_the_outbox_takes_no_rows(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.mail.ledger.MAX_UNTOLD", 3)
    for number in range(3):
        assert not ledger.is_behind()
        ledger.say("s", decision(number).model_dump_json())
    assert ledger.is_behind()
    ledger.told("s", 1)
    assert not ledger.is_behind()


# -- digests ---------------------------------------------------------------------------------------


def test_of_too_many_digests_the_oldest_go_and_older_mails_are_none_of_ours(
    ledger: Ledger,
) -> None:
    for number in range(10):
        ledger.add(a_record(number, days_ago=200 - number))
    folder_was_read(ledger, "INBOX", NOW_S)
    let_go(ledger, NOW_S, 0)
    assert known_since(ledger, "INBOX") is None, "all that was ever decided is known"
    assert drop_digests(ledger, 7, NOW_S) == 3
    assert [ledger.knows(f"sample-{n}") for n in (2, 3)] == [False, True]
    newest_unknown = (NOW - timedelta(days=198)).date()
    since = known_since(ledger, "INBOX")
    assert since is not None
    assert since > newest_unknown + timedelta(days=1), "whatever time zone the server tells days in"
    assert known_since(ledger, "Never read") is None, "its mails may still be undecided"


def test_a_folder_that_was_not_read_for_long_keeps_its_undecided_mails(ledger: Ledger) -> None:
    folder_was_read(ledger, "INBOX", NOW_S - 300 * DAY_S)
    for number in range(10):
        ledger.add(a_record(number, days_ago=200 - number))
    let_go(ledger, NOW_S, 0)
    drop_digests(ledger, 7, NOW_S)
    since = known_since(ledger, "INBOX")
    assert since is not None
    assert since < (NOW - timedelta(days=300)).date()


def test_a_flood_makes_no_mail_of_the_last_days_unknown(ledger: Ledger) -> None:
    for number in range(10):
        ledger.add(a_record(number, days_ago=LEAST_DAYS - 1))
    let_go(ledger, NOW_S, 0)
    assert drop_digests(ledger, 1, NOW_S) == 0
    assert all(ledger.knows(f"sample-{n}") for n in range(10))


# -- the record ------------------------------------------------------------------------------------


def filled(ledger: Ledger, *days_ago: float) -> Chain:
    """A record of decisions of so many days ago, each of another person."""
    seals = Seals(ledger)
    chain = Chain(ledger, seals)
    for number, days in enumerate(days_ago, 1):
        at = (NOW - timedelta(days=days)).isoformat()
        told = {"kind": "decision", "at": at, "sample_id": f"sample-{number}"}
        chain.add(told, seals.who(f"c{number}@example.com"), {"subject": f"private {number}"})
    return chain


def test_a_record_that_was_shortened_still_holds_and_goes_on(ledger: Ledger) -> None:
    chain = filled(ledger, 500, 400, 300, 20)
    assert chain.shorten(NOW, NOW - timedelta(days=365), 1000) == 2
    assert [link.number for link in chain.links()] == [3, 4, 5]
    assert chain.verify() == (3, "")
    chain.add({"kind": "gate", "at": NOW.isoformat()})
    assert chain.shorten(NOW, NOW - timedelta(days=100), 1000) == 1
    assert [link.number for link in chain.links()] == [4, 5, 6, 7]
    assert chain.verify() == (4, "")
    assert [link.text for link in chain.links("sample-4")] == [{"subject": "private 4"}]


def test_of_a_record_with_too_many_entries_the_oldest_go(ledger: Ledger) -> None:
    chain = filled(ledger, 5, 4, 3, 2, 1)
    assert chain.shorten(NOW, NOW - timedelta(days=365), 2) == 3
    assert chain.verify() == (3, "")
    chain.shorten(NOW, NOW, 0)
    assert len(list(chain.links())) == 2, "the newest stays, that the next may follow it"
    assert chain.verify() == (2, "")


def test_what_a_person_did_lately_stays_behind_old_decisions(ledger: Ledger) -> None:
    chain = filled(ledger, 500)
    chain.add({"kind": "gate", "at": "1999-01-01T00:00:00+00:00"})
    chain.add({"kind": "gate", "at": NOW.isoformat()})
    assert chain.shorten(NOW, NOW - timedelta(days=365), 1000) == 1


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("DELETE FROM chain WHERE number<=3", "entry 4 does not follow entry 2"),
        (
            "UPDATE meta SET value='3 ' || (SELECT hash FROM chain WHERE number=3) WHERE key='chain-start';"
            "DELETE FROM chain WHERE number<=3",
            "entries 1 to 3 are missing, and none says that they were let go",
        ),
        ("DELETE FROM meta WHERE key='chain-start'", "entry 3 does not follow entry 0"),
        ("UPDATE meta SET value='2 0' WHERE key='chain-start'", "entry 3 does not follow entry 2"),
    ],
)
def test_entries_that_somebody_else_took_away_at_the_beginning_are_missed(
    ledger: Ledger, tampering: str, found: str
) -> None:
    chain = filled(ledger, 500, 400, 300, 20)
    chain.shorten(NOW, NOW - timedelta(days=365), 1000)
    with ledger.transaction() as db:
        for statement in tampering.split(";"):
            db.execute(statement)
    assert chain.verify()[1] == found


def test_a_record_is_verified_as_it_was_while_another_program_shortens_it(
    ledger: Ledger, tmp_path: Path
) -> None:
    chain = filled(ledger, 500, 400, 300, 20)
    other = Ledger(tmp_path / "mail" / "ledger.sqlite")
    with ledger.snapshot():
        assert len(list(chain.links())) == 4
        Chain(other, Seals(other)).shorten(NOW, NOW - timedelta(days=365), 1000)
        assert chain.verify() == (4, "")
    assert chain.verify() == (3, "")
    other.close()


# -- persons ---------------------------------------------------------------------------------------


def test_what_the_record_tells_of_a_person_outlives_the_rows_and_goes_in_time(
    ledger: Ledger,
) -> None:
    chain = filled(ledger, 300)
    who = Seals(ledger).who("c1@example.com")
    ledger.add(a_record(1, days_ago=300, who=who))
    let_go(ledger, NOW_S - 90 * DAY_S, 1000)
    assert chain.forget(NOW_S - 365 * DAY_S) == 0
    assert [link.text for link in chain.links()] == [{"subject": "private 1"}]
    assert chain.forget(NOW_S - 299 * DAY_S) == 1
    assert [link.text for link in chain.links()] == [None]
    assert ledger.read("SELECT * FROM spoken") == []


def test_a_person_is_erased_whose_mails_were_let_go_of(ledger: Ledger, tmp_path: Path) -> None:
    chain = filled(ledger, 300)
    ledger.add(a_record(1, days_ago=300, who=Seals(ledger).who("c1@example.com")))
    let_go(ledger, NOW_S - 90 * DAY_S, 1000)
    assert chain.erase("c1@example.com", NOW) == 1
    assert [link.text for link in chain.links("sample-1")] == [None]
    assert ledger.read("SELECT * FROM spoken") == []
    assert chain.verify() == (2, "")
    assert ledger.knows("sample-1"), "what is known of it is no word of the person's"


def test_wishes_of_erasure_are_forgotten_with_the_record_of_their_time(ledger: Ledger) -> None:
    chain = filled(ledger, 500, 20)
    chain.erase("c1@example.com", NOW - timedelta(days=400), "wish-1")
    chain.erase("c2@example.com", NOW - timedelta(days=2), "wish-2")
    chain.shorten(NOW, NOW - timedelta(days=365), 1000)
    assert not ledger.note("erased/wish-1")
    assert ledger.note("erased/wish-2")


# -- drafts and calls ------------------------------------------------------------------------------


def test_old_drafts_that_nobody_uses_hide_no_newer_one(ledger: Ledger) -> None:
    for number in range(5):
        ledger.add(a_record(number, days_ago=1, draft_id=f"<d{number}@shop>"))  # in one moment
    seen, after = [], (0.0, "")
    while page := ledger.open_drafts(after, 2):
        seen += [record.sample_id for record in page]
        after = (page[-1].at, page[-1].sample_id)
    assert seen == [f"sample-{n}" for n in range(5)]


def test_a_desk_that_is_away_for_long_does_not_fill_the_disk(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.mail.hook.MAX_CALLS", 10)
    counts: Counter[str] = Counter()
    config = HookConfig(url="http://127.0.0.1:9/", secret_env="KW_TEST_DESK")
    hook = Hook(config, ledger, lambda _name, _severity, _text: None, counts, lambda: 0.0)
    for number in range(12):
        ledger.put_call(f"sample-{number}", "{}", number, 100.0 + number)
    hook.look()
    hook.close()
    left = {sample_id for (sample_id,) in ledger.read("SELECT sample_id FROM calls")}
    assert left == {f"sample-{n}" for n in range(10)}, "those tried most often are given up"
    assert counts["calls given up"] == 2


# -- at a real mail server ---------------------------------------------------------------------------


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dovecot]:
    monkeypatch.setenv("KW_TEST_MAIL_PASSWORD", PASSWORD)
    yield Dovecot().start()
    kill_leftovers()


def days_pass(config: AgentConfig, days: float) -> None:
    """All that was decided was decided so much earlier."""
    ledger = ledger_of(config)
    with ledger.transaction() as db:
        db.execute("UPDATE mails SET at=at-?", (days * DAY_S,))
    ledger.close()


@needs_dovecot
def test_a_mail_that_comes_again_after_years_is_not_answered_twice(
    tmp_path: Path, server: Dovecot
) -> None:
    server.deliver(
        a_mail(1), a_mail(2, "The invoice is wrong"), a_mail(3, "Do you like chess?"), a_mail(4)
    )
    config = mail_config(tmp_path, server)
    Agent(config).run()
    days_pass(config, 91)
    figures = Agent(config).run().figures
    assert (figures["mails_let_go"], figures["mails_followed"], figures["mails_known"]) == (4, 0, 4)
    server.take_out("Orders", "<q1@example.com>", to="INBOX")  # a person works on it once more
    server.renumber()
    server.deliver(a_mail(4), a_mail(5))  # one is delivered a second time
    assert Agent(config).run().samples == 1
    assert len(server.mails("Drafts")) == len(set(server.ids("Drafts"))) == 4
    assert "<q1@example.com>" in server.ids("INBOX"), "it lies where the person put it"
    told = [body.sample_id for body in decisions(config)]
    assert len(told) == len(set(told)) == 5


@needs_dovecot
def test_mails_older_than_all_digests_are_left_alone_when_uids_change(
    tmp_path: Path, server: Dovecot
) -> None:
    long_ago = datetime.now(timezone.utc) - timedelta(days=200)
    with server.login() as client:
        for number in range(120):
            client.append("INBOX", a_mail(number, "Do you like chess?"), msg_time=long_ago)
    config = mail_config(tmp_path, server, keeping={"known": 100})
    assert Agent(config).run().samples == 120
    days_pass(config, 199)
    figures = Agent(config).run().figures
    assert (figures["mails_known"], figures["mail_digests_dropped"]) == (100, 20)
    server.renumber()
    server.deliver(a_mail(500))
    assert Agent(config).run().samples == 1
    assert len(decisions(config)) == 121
    assert len(server.ids("Drafts")) == 1
