"""What a mailbox is made of, without a server: identity, folders' names, letters, comparing, the chain, the gate."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime, timedelta, timezone
from email import message_from_bytes
from email.policy import default as modern
from pathlib import Path

import pytest

from edge_agent.mail.chain import Chain, Seals
from edge_agent.mail.comparing import compare, own_text, text_of_html
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.mail.folders import on_server, special
from edge_agent.mail.gate import Gate, open_gate, read_gate
from edge_agent.mail.hook import signature
from edge_agent.mail.identity import header_values, sample_id_of
from edge_agent.mail.ledger import Ledger
from edge_agent.mail.letters import head_of, write_draft
from edge_agent.mail.mailbox import Folder
from edge_agent.mail.planning import is_audit, plan_for
from edge_agent.mail.telling import Teller, mark_of
from edge_agent.sync.entry import Entry
from kits.core.events import DecisionBody, ErasedBody
from kits.core.hub_api import GateWord
from kits.core.operating_point import ErrorBound
from kits.core.prediction import Draft
from kits.core.stats import Estimate
from tests.edge_agent.mail_servers import a_mail
from tests.edge_agent.parts import decision

NOW = datetime(2026, 5, 4, 6, 0, tzinfo=timezone.utc)
BOUND = ErrorBound(
    epsilon=0.02, delta=0.05, n=2000, accepted=1600, errors=16,
    coverage=Estimate(value=0.8, low=0.78, high=0.82, n=2000), upper=0.019,
)  # fmt: skip


def no_alert(_name: str, _severity: str, _text: str) -> None:
    """Alerts are not what is looked at."""


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "mail" / "ledger.sqlite")


def folders(*names: str, delimiter: str = "/", **flags: str) -> list[Folder]:
    given = {name.replace("_", " "): flag for name, flag in flags.items()}
    return [
        Folder(name, delimiter, frozenset({given[name]} if name in given else set()))
        for name in names
    ]


# -- identity ------------------------------------------------------------------------------------


def test_a_second_delivery_of_a_mail_is_the_same_mail() -> None:
    mail = a_mail(1)
    again = b"Received: from b by c; Mon, 4 May 2026\r\nReturn-Path: <x@y>\r\n" + mail
    assert sample_id_of("me", mail) == sample_id_of("me", again)
    assert sample_id_of("me", mail) == sample_id_of("me", mail.replace(b"\n", b"\r\n"))


def test_a_message_id_of_another_mail_hides_nothing() -> None:
    mine = a_mail(1, "My order is missing")
    theirs = a_mail(1, "Something else under the same Message-ID")
    assert sample_id_of("me", mine) != sample_id_of("me", theirs)
    assert sample_id_of("me", mine) != sample_id_of("you", mine)


def test_mails_without_a_message_id_are_told_apart_by_all_they_say() -> None:
    one = b"From: a@example.com\r\nX-Spam: 1\r\nSubject: x\r\n\r\nhello"
    other = b"From: b@example.com\r\nX-Spam: 1\r\nSubject: x\r\n\r\nhello"
    moved = one.replace(b"X-Spam: 1", b"X-Spam: 2")
    assert sample_id_of("me", one) == sample_id_of("me", moved)
    assert sample_id_of("me", one) != sample_id_of("me", other)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\r\n",
        b"\xff\xfe",
        b"no colon",
        b": \r\n\r\n",
        b" folded: into nothing\n\nx",
        b"A:" * 500_000,
    ],
)
def test_whatever_comes_has_an_identity(content: bytes) -> None:
    assert len(sample_id_of("me", content)) == 26


def test_a_header_of_a_megabyte_is_read_in_bounded_time() -> None:
    head = b"Subject: " + b"a\n b" * 300_000 + b"\nFrom: late@example.com"
    assert "from" not in header_values(head)


# -- folders -------------------------------------------------------------------------------------


def test_the_servers_word_for_drafts_comes_before_any_name() -> None:
    known = [
        Folder("Drafts", "/", frozenset()),
        Folder("[Gmail]/Entwürfe", "/", frozenset({"\\drafts"})),
    ]
    assert special(known, "\\drafts") == "[Gmail]/Entwürfe"


@pytest.mark.parametrize(
    "name",
    ["Entwürfe", "Brouillons", "Borradores", "Bozze", "Concepten", "Rascunhos", "Utkast", "Szkice",
     "Koncepty", "Piszkozatok", "Черновики", "Taslaklar", "草稿", "下書き", "임시보관함", "INBOX/Drafts"],
)  # fmt: skip
def test_drafts_are_known_by_their_name_in_many_languages(name: str) -> None:
    assert special(folders("INBOX", "Other", name), "\\drafts") == name


def test_a_folder_that_cannot_be_opened_is_none() -> None:
    known = [Folder("Drafts", "/", frozenset({"\\noselect"}))]
    assert special(known, "\\drafts") == ""
    assert special(folders("INBOX", "Sent"), "\\drafts") == ""


def test_names_follow_the_servers_delimiter_and_prefix() -> None:
    courier = folders("INBOX", "INBOX.Sent", "INBOX.Drafts", delimiter=".")
    assert on_server("Support/Orders", courier) == "INBOX.Support.Orders"
    assert on_server("Support/Orders", folders("INBOX", "Sent")) == "Support/Orders"
    assert on_server("INBOX", courier) == "INBOX"


# -- letters -------------------------------------------------------------------------------------


def test_a_draft_stands_below_its_question_and_is_no_machines_mail() -> None:
    question = a_mail(
        7, References="<a@x> <b@x>", In_Reply_To="<b@x>", Reply_To="Me <me@example.org>"
    )
    original = head_of(question)
    assert original is not None
    raw = write_draft(
        original, Draft("", "Grüße aus Köln.\n\nViele Zeilen", "de"),
        sender="shop@shop.example", sample_id="m" + "1" * 25, at=NOW, signature="Die Firma",
    )  # fmt: skip
    draft = message_from_bytes(raw, policy=modern)
    assert draft["In-Reply-To"] == "<q7@example.com>"
    assert str(draft["References"]).split() == ["<a@x>", "<b@x>", "<q7@example.com>"]
    assert draft["To"] == "me@example.org"
    assert draft["Subject"] == "Re: Question 7"
    assert draft["Auto-Submitted"] is None
    lines = draft.get_content().splitlines()
    assert lines[0] == "Grüße aus Köln."
    assert lines[-2:] == ["-- ", "Die Firma"]
    assert draft.get_content_type() == "text/plain"


def test_what_is_sent_without_a_person_says_so() -> None:
    original = head_of(a_mail(7))
    assert original is not None
    raw = write_draft(
        original, Draft("x", "y", "en"), sender="shop@shop.example", sample_id="m1", at=NOW,
        automatic=True,
    )  # fmt: skip
    assert message_from_bytes(raw)["Auto-Submitted"] == "auto-replied"


# -- comparing -----------------------------------------------------------------------------------

DRAFT = "Hello Ms Smith,\n\nyour order 4711 was sent on Monday. You will have it tomorrow.\n\nKind regards"


def test_a_draft_that_was_sent_with_quotation_and_signature_is_accepted() -> None:
    sent = DRAFT + "\n\n-- \nThe shop\n"
    quoted = DRAFT + "\n\nOn 4 May 2026 at 08:00 Anna wrote:\n> Where is my order?\n"
    assert compare(DRAFT, sent).fate == "accepted"
    assert compare(DRAFT, quoted).fate == "accepted"


def test_a_changed_sentence_is_named() -> None:
    found = compare(DRAFT, DRAFT.replace("tomorrow", "on Friday, we are sorry"))
    assert found.fate == "edited"
    assert found.changed == ("You will have it tomorrow.",)
    assert 0 < found.changed_share < 0.3


def test_another_text_is_no_use_of_the_draft() -> None:
    found = compare(DRAFT, "Dear Ms Smith, please call us about this. Thanks, Joe")
    assert found.fate == "discarded"


def test_a_sentence_more_is_an_edit() -> None:
    assert (
        compare(DRAFT, DRAFT.replace("Kind", "We added a voucher for you. Kind")).fate == "edited"
    )


def test_a_reply_in_html_alone_is_compared_too() -> None:
    lines = "".join(f"<p>{line}</p>" for line in DRAFT.split("\n\n"))
    html = (
        f"<head><style>p {{color: red}}</style></head>{lines}<blockquote>Where is it?</blockquote>"
    )
    assert compare(DRAFT, text_of_html(html)).fate == "accepted"
    assert len(text_of_html("<div>" * 200_000)) < 250_000


def test_only_what_stands_above_a_quotation_is_ones_own() -> None:
    assert own_text("Yes.\n\nAm 4. Mai 2026 schrieb Anna:\n> No?") == "Yes."
    assert own_text("a" * 3_000_000) == "a" * 20_000


# -- planning ------------------------------------------------------------------------------------


def mailbox(**changes: object) -> ImapSourceConfig:
    given: dict[str, object] = {
        "host": "imap.example.com", "user": "shop", "password_env": "X",
        "filing": {"folders": {"order": "Orders"}},
    }  # fmt: skip
    return ImapSourceConfig.model_validate({**given, **changes})


def test_a_dry_run_is_what_happens_unless_it_is_turned_off() -> None:
    assert mailbox().dry_run


def test_only_what_the_bundle_acts_on_is_filed() -> None:
    config = mailbox()
    assert plan_for(config, "act", "order", drafted=True).words == "move to Orders, lay a draft"
    assert plan_for(config, "act", "invoice", drafted=False).words == "leave it"
    assert plan_for(config, "review", "order", drafted=True).words == "leave it"
    assert plan_for(config, "act", "invoice|order", drafted=False).to == "Orders"


def test_nothing_is_sent_unless_the_intent_is_named() -> None:
    send = {"intents": ["order"], "host": "smtp.example.com"}
    config = mailbox(send=send)
    assert plan_for(config, "act", "order", drafted=True).send
    assert not plan_for(config, "act", "order", drafted=True).draft
    assert not plan_for(config, "review", "order", drafted=True).send
    assert not plan_for(mailbox(), "act", "order", drafted=True).send


def test_an_audit_is_drawn_once_for_each_mail_and_at_its_rate() -> None:
    ids = [f"m{n}" for n in range(20_000)]
    drawn = [one for one in ids if is_audit(b"salt", one, 0.05)]
    assert 850 < len(drawn) < 1150
    assert drawn == [one for one in ids if is_audit(b"salt", one, 0.05)]
    assert not any(is_audit(b"salt", one, 0.0) for one in ids)


@pytest.mark.parametrize(
    "wrong",
    [
        {"security": "plain"},
        {"token_env": "Y"},
        {"password_env": ""},
        {"filing": {"folders": {"order": "a\r\nb"}}},
        {"send": {"intents": ["a"], "host": "smtp.example.com", "security": "plain"}},
    ],
)
def test_a_mailbox_is_refused_that_would_show_its_password_or_have_none(
    wrong: dict[str, object],
) -> None:
    with pytest.raises(ValueError):
        mailbox(**wrong)


# -- the chain -----------------------------------------------------------------------------------


def chain_of(ledger: Ledger) -> Chain:
    return Chain(ledger, Seals(ledger))


def filled(ledger: Ledger) -> Chain:
    chain, seals = chain_of(ledger), Seals(ledger)
    for n in range(3):
        who = seals.who(f"c{n}@example.com")
        chain.add({"kind": "decision", "sample_id": f"m{n}"}, who, {"subject": f"private {n}"})
    return chain


def test_the_chain_holds_and_a_change_is_found(ledger: Ledger) -> None:
    chain = filled(ledger)
    assert chain.verify() == (3, "")
    with ledger.transaction() as db:
        db.execute("UPDATE chain SET entry=replace(entry, 'm1', 'm9') WHERE number=2")
    assert chain.verify() == (1, "entry 2 was changed")


def test_an_entry_left_out_is_found(ledger: Ledger) -> None:
    chain = filled(ledger)
    with ledger.transaction() as db:
        db.execute("DELETE FROM chain WHERE number=2")
    assert chain.verify() == (1, "entry 3 does not follow entry 1")


def test_a_person_is_forgotten_and_the_chain_still_holds(ledger: Ledger, tmp_path: Path) -> None:
    chain = filled(ledger)
    assert [link.text for link in chain.links("m1")] == [{"subject": "private 1"}]
    chain.erase("C1@example.com", NOW)
    assert [link.text for link in chain.links("m1")] == [None]
    assert [link.text for link in chain.links("m2")] == [{"subject": "private 2"}]
    assert chain.verify() == (4, "")
    chain.add({"kind": "decision"}, Seals(ledger).who("c1@example.com"), {"subject": "new"})
    assert [link.text for link in chain.links("m1")] == [None], "a new key opens nothing old"
    assert b"private" not in (tmp_path / "mail" / "ledger.sqlite").read_bytes()


def test_the_key_of_a_forgotten_person_is_not_in_the_file_any_more(
    ledger: Ledger, tmp_path: Path
) -> None:
    chain = filled(ledger)
    who = Seals(ledger).who("c1@example.com")
    key = bytes(ledger.read("SELECT key FROM keys WHERE who=?", (who,))[0][0])
    chain.erase("c1@example.com", NOW)
    for file in (tmp_path / "mail").iterdir():
        assert key not in file.read_bytes(), file.name


def test_what_the_hub_wants_erased_is_answered_once(ledger: Ledger) -> None:
    chain = filled(ledger)
    for _ in range(2):
        chain.erase("c1@example.com", NOW, "wish-1")
    (row,) = ledger.untold("l", 0)
    assert ErasedBody.model_validate_json(row.body).request == "wish-1"


# -- telling the outbox --------------------------------------------------------------------------


class Rows:
    """An outbox that commits what it is told to."""

    def __init__(self) -> None:
        self.taken: list[Entry] = []
        self.marks: dict[str, int] = {}
        self.room = 1_000_000

    def put(self, entry: Entry) -> bool:
        if len(self.taken) >= self.room:
            return False
        self.taken.append(entry)
        return True

    def commit(self) -> None:
        for entry in self.taken:
            assert entry.mark is not None
            self.marks[entry.mark[0]] = entry.mark[1]

    def mark(self, name: str) -> int:
        return self.marks.get(name, 0)


def say(ledger: Ledger, *numbers: int) -> None:
    for number in numbers:
        ledger.say("s", decision(number).model_dump_json())


def told(rows: Rows) -> list[str]:
    return [e.body.sample_id for e in rows.taken if isinstance(e.body, DecisionBody)]


def test_a_row_is_told_again_after_a_kill_unless_it_is_committed(ledger: Ledger) -> None:
    rows = Rows()
    say(ledger, 1, 2)
    Teller(ledger, rows.put, rows.mark).tell()
    assert told(rows) == ["sample-1", "sample-2"]
    Teller(ledger, rows.put, rows.mark).tell()  # a kill before the commit
    assert told(rows) == ["sample-1", "sample-2"] * 2
    rows.commit()
    say(ledger, 3)
    Teller(ledger, rows.put, rows.mark).tell()
    assert told(rows)[4:] == ["sample-3"]
    assert [row.number for row in ledger.untold("s", 0)] == [3]


def test_rows_wait_where_there_is_no_room(ledger: Ledger) -> None:
    rows = Rows()
    rows.room = 1
    say(ledger, 1, 2)
    teller = Teller(ledger, rows.put, rows.mark)
    assert not teller.tell()
    rows.room = 9
    assert teller.tell()
    assert told(rows) == ["sample-1", "sample-2"]


def test_a_ledger_that_was_lost_goes_on_behind_what_the_outbox_has(tmp_path: Path) -> None:
    rows = Rows()
    rows.marks[mark_of("s")] = 500
    fresh = Ledger(tmp_path / "new" / "ledger.sqlite")
    say(fresh, 1, 2)
    Teller(fresh, rows.put, rows.mark).tell()
    assert told(rows) == ["sample-1", "sample-2"]
    assert [e.mark for e in rows.taken] == [(mark_of("s"), 501), (mark_of("s"), 502)]


def test_a_transaction_that_fails_leaves_nothing(ledger: Ledger) -> None:
    with pytest.raises(sqlite3.Error), ledger.transaction() as db:
        say(ledger, 1)
        db.execute("no SQL")
    assert ledger.untold("s", 0) == []


# -- the gate ------------------------------------------------------------------------------------


def test_audits_that_break_the_promise_close_the_gate_until_another_bundle_comes(
    ledger: Ledger,
) -> None:
    raised: dict[str, str] = {}
    gate = Gate(ledger, lambda name, severity, _text: raised.update({name: severity}))
    assert gate.is_open("b1", BOUND)
    for _ in range(3):
        gate.hear("b1", wrong=True)
    assert not gate.is_open("b1", BOUND)
    assert raised["mail-gate-closed"] == "error"
    assert not Gate(ledger, no_alert).is_open("b1", BOUND), "over a restart too"
    assert gate.is_open("b2", BOUND)
    assert raised["mail-gate-closed"] == "info"


def test_right_audits_keep_the_gate_open(ledger: Ledger) -> None:
    gate = Gate(ledger, no_alert)
    assert gate.is_open("b1", BOUND)
    for n in range(300):
        gate.hear("b1", wrong=n % 100 == 0)
    assert gate.is_open("b1", BOUND)
    assert read_gate(ledger).audits == 300


def test_audits_of_another_bundle_say_nothing_about_this_one(ledger: Ledger) -> None:
    gate = Gate(ledger, no_alert)
    assert gate.is_open("b2", BOUND)
    for _ in range(20):
        gate.hear("b1", wrong=True)
    assert gate.is_open("b2", BOUND)


def test_a_person_opens_the_gate_and_the_bet_begins_anew(ledger: Ledger) -> None:
    gate = Gate(ledger, no_alert)
    gate.is_open("b1", BOUND)
    for _ in range(5):
        gate.hear("b1", wrong=True)
    open_gate(ledger, "the folder was wrong")
    assert gate.is_open("b1", BOUND)
    assert read_gate(ledger).wrong == 0


def test_a_word_of_the_hub_is_followed_once(ledger: Ledger) -> None:
    gate = Gate(ledger, no_alert)
    assert gate.is_open("b1", BOUND)
    closed = GateWord(bundle="b1", closed=True, why="audits", who="hub", at=NOW)
    gate.follow([closed])
    assert not gate.is_open("b1", BOUND)
    open_gate(ledger, "here we know better")
    gate.follow([closed])
    assert gate.is_open("b1", BOUND), "the same word does not close it twice"
    gate.follow([closed.model_copy(update={"at": NOW + timedelta(hours=1)})])
    assert not gate.is_open("b1", BOUND)
    gate.follow([closed.model_copy(update={"at": NOW + timedelta(hours=2), "closed": False})])
    assert gate.is_open("b1", BOUND)


def test_a_gate_that_cannot_be_read_is_closed(ledger: Ledger) -> None:
    ledger.keep_note("gate", json.dumps({"closed": "perhaps"}))
    assert not Gate(ledger, no_alert).is_open("", None)


# -- the webhook ---------------------------------------------------------------------------------


def test_a_signature_is_as_the_standard_says() -> None:
    assert (
        signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1614265330,
            b'{"test": 2432232314}',
        )
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )
