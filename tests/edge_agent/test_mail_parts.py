"""What a mailbox is made of, without a server: identity, folders' names, letters, comparing, plans."""

from __future__ import annotations

from datetime import datetime, timezone
from email import message_from_bytes
from email.policy import default as modern

import pytest

from edge_agent.mail.comparing import compare, own_text, text_of_html
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.mail.folders import on_server, special
from edge_agent.mail.hook import signature
from edge_agent.mail.identity import header_values, sample_id_of
from edge_agent.mail.learning import said_by_filing
from edge_agent.mail.letters import head_of, write_draft
from edge_agent.mail.mailbox import Folder
from edge_agent.mail.planning import Plan, is_audit, plan_for
from kits.core.mail.threads import reply_headers
from kits.core.prediction import Draft
from tests.edge_agent.mail_servers import a_mail

NOW = datetime(2026, 5, 4, 6, 0, tzinfo=timezone.utc)


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


def test_a_copy_that_wants_the_answer_elsewhere_is_another_mail() -> None:
    """Else whoever got a copy could send it first, and the customer's own would count as decided."""
    copy = a_mail(7, Reply_To="eve@evil.example")
    assert sample_id_of("me", a_mail(7)) != sample_id_of("me", copy)


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


def test_drafts_of_something_else_are_not_those_of_the_mailbox() -> None:
    assert special(folders("INBOX", "Clients/Drafts", "Bozze"), "\\drafts") == "Bozze"


def test_a_folder_that_cannot_be_opened_is_none() -> None:
    known = [Folder("Drafts", "/", frozenset({"\\noselect"}))]
    assert special(known, "\\drafts") == ""
    assert special(folders("INBOX", "Sent"), "\\drafts") == ""


def test_names_follow_the_servers_delimiter_and_prefix() -> None:
    courier = folders("INBOX", "INBOX.Sent", "INBOX.Drafts", delimiter=".")
    assert on_server("Support/Orders", courier) == "INBOX.Support.Orders"
    assert on_server("Support/Orders", folders("INBOX", "Sent")) == "Support/Orders"
    assert on_server("INBOX", courier) == "INBOX"


# -- what filing says --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decided", "meant", "said"),
    [
        ("order", ("order",), ("order", False)),
        ("order", ("invoice",), ("invoice", True)),
        ("order", ("invoice", "order"), ("order", False)),
        ("order", ("invoice", "refund"), ("", True)),
        ("order|refund", ("refund",), ("refund", False)),
        ("order|refund", ("refund", "order"), ("order|refund", False)),
        ("order|refund", ("order|refund",), ("order|refund", False)),
    ],
)
def test_a_folder_says_what_its_intents_have_in_common_with_the_decision(
    decided: str, meant: tuple[str, ...], said: tuple[str, bool]
) -> None:
    assert said_by_filing(decided, meant) == said


# -- letters -------------------------------------------------------------------------------------


def test_a_draft_stands_below_its_question_and_is_no_machines_mail() -> None:
    question = a_mail(
        7, References="<a@x> <b@x>", In_Reply_To="<b@x>", Reply_To="Me <me@example.org>"
    )
    original = head_of(question)
    assert original is not None
    raw = write_draft(
        reply_headers(original), Draft("", "Grüße aus Köln.\n\nViele Zeilen", "de"),
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
        reply_headers(original), Draft("x", "y", "en"), sender="shop@shop.example", sample_id="m1", at=NOW,
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


def test_an_intent_that_is_named_stands_for_no_other_that_is_spelled_alike() -> None:
    config = mailbox(send={"intents": ["order"], "host": "smtp.example.com"})
    for label in ("Order", "ORDER"):
        assert plan_for(config, "act", label, drafted=True, known=(label, "oos")).send
        plan = plan_for(config, "act", label, drafted=True, known=(label, "order"))
        assert not plan.send and plan.to == ""
    assert plan_for(config, "act", "order", drafted=True, known=("Order", "order")).send


def test_what_cannot_wait_is_flagged_where_the_firm_wants_it_filed_or_not() -> None:
    config = mailbox(filing={"folders": {"order": "Orders"}, "flag_from": 3})
    assert plan_for(config, "review", "x", drafted=False, urgency=3.0).words == "flag it"
    assert plan_for(config, "act", "order", drafted=False, urgency=4.0).words == "flag it, move to Orders"  # fmt: skip
    for urgency in (None, 2.0):
        assert not plan_for(config, "review", "x", drafted=False, urgency=urgency).flag
    assert not plan_for(mailbox(), "review", "x", drafted=False, urgency=4.0).flag
    # decided by a version that knew no flags
    assert not Plan.from_json('{"how": "none", "to": "", "draft": true, "send": false}').flag


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
