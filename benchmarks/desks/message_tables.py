"""Tables in which each message of a conversation is a row: the customers' count, the agents' do not."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from benchmarks.desks.desk_exports import _front as front_message
from benchmarks.desks.made import Ticket
from benchmarks.desks.writing import Desk, Files, Row, cell, document, filed, table, written, zulu

Both = Callable[[Ticket], Sequence[Row]]


def _rows(name: str, both: Both, *, without: Sequence[str] = ()) -> Desk:
    return written(
        name,
        ".csv",
        lambda tickets: table([row for t in tickets for row in both(t)]),
        without=without,
    )


def _front(t: Ticket) -> Sequence[Row]:
    return [front_message(t, "Inbound", t.text), front_message(t, "Outbound", t.answer)]


def _tweets(t: Ticket) -> Sequence[Row]:
    """As in the set of tweets to and from firms (twcs), with a column of labels."""
    form = "%a %b %d %H:%M:%S +0000 %Y"
    asked = {"tweet_id": 2 * t.n + 1, "author_id": 115_000 + t.n, "inbound": True, "created_at": cell(t.at, form), "text": t.line, "response_tweet_id": 2 * t.n + 2,
             "in_response_to_tweet_id": "", "intent": t.label}  # fmt: skip
    answer = {"tweet_id": 2 * t.n + 2, "author_id": "ShopHelp", "inbound": False, "created_at": cell(t.closed, form), "text": t.answer, "response_tweet_id": "",
              "in_response_to_tweet_id": 2 * t.n + 1, "intent": t.label}  # fmt: skip
    return [asked, answer]


def _messages(who: str, customer: str, agent: str) -> Both:
    """A row a message, with who wrote it in a column `who`."""

    def both(t: Ticket) -> Sequence[Row]:
        shared = {"ticket_id": t.n, "category": t.label, "subject": t.subject}
        return [
            {**shared, who: customer, "sent_at": cell(t.at), "message": t.text, "from": t.mail},
            {
                **shared,
                who: agent,
                "sent_at": cell(t.closed),
                "message": t.answer,
                "from": t.agent_mail,
            },
        ]

    return both


def _transcript(t: Ticket) -> Row:
    """A conversation as pairs of who spoke and what, as in ABCD."""
    return {"convo_id": t.n, "scenario": {"flow": t.label, "personal": {"customer_name": t.name, "email": t.mail}},
            "original": [["agent", "Welcome, how can I help?"], ["customer", t.line], ["agent", t.answer]]}  # fmt: skip


def _turns(t: Ticket) -> Row:
    """A conversation as a list of turns, with its label beside them."""
    return {"dialogue_id": f"d{t.n}", "intent": t.label, "turns": [{"speaker": "SYSTEM", "utterance": "Welcome, how can I help?"}, {"speaker": "USER", "utterance": t.line},
            {"speaker": "SYSTEM", "utterance": t.answer}]}  # fmt: skip


def _chat(t: Ticket) -> Row:
    """Messages as language models are taught with."""
    return {"label": t.label, "messages": [{"role": "system", "content": "You are kind."}, {"role": "user", "content": t.text}, {"role": "assistant", "content": t.answer}]}  # fmt: skip


def _lines(row: Callable[[Ticket], Row]) -> Callable[[Sequence[Ticket]], bytes]:
    return lambda tickets: b"".join(document(row(t)) + b"\n" for t in tickets)


def _zammad_tables(tickets: Sequence[Ticket]) -> Files:
    """Tickets with their groups in one table, what was written in another."""
    heads = [{"id": t.n + 1, "number": f"31{t.n:03}", "title": t.subject, "category": t.label, "state": "closed", "owner": t.agent_mail, "created_at": zulu(t.at), "close_at": zulu(t.closed)} for t in tickets]  # fmt: skip
    articles: list[Row] = []
    for t in tickets:
        shared = {"ticket_id": t.n + 1, "type": "email", "internal": False, "subject": t.subject}
        articles.append({"id": 2 * t.n + 1, **shared, "sender": "Customer", "from": f"{t.name} <{t.mail}>", "body": t.text, "created_at": zulu(t.at)})  # fmt: skip
        articles.append({"id": 2 * t.n + 2, **shared, "sender": "Agent", "from": f"{t.agent} <{t.agent_mail}>", "body": t.answer, "created_at": zulu(t.closed)})  # fmt: skip
    return {"tickets.csv": table(heads), "ticket_articles.csv": table(articles)}


def _zendesk_files(tickets: Sequence[Ticket]) -> Files:
    """Tickets in one answer, their texts in another."""
    heads = [{"id": t.n + 1, "subject": t.subject, "tags": [t.label.lower()], "status": "closed", "created_at": zulu(t.at), "requester_id": t.n + 900} for t in tickets]  # fmt: skip
    comments = [
        {"id": 5_000 + t.n, "ticket_id": t.n + 1, "body": t.text, "created_at": zulu(t.at)}
        for t in tickets
    ]
    return {
        "tickets.json": json.dumps({"tickets": heads}).encode(),
        "comments.json": json.dumps({"comments": comments}).encode(),
    }


PROGRAMS: tuple[Desk, ...] = (
    _rows("Front messages, agents' too", _front),
    _rows("Tweets to and from a firm", _tweets, without=["subject", "sender"]),
    _rows("Messages with a sender type", _messages("sender_type", "customer", "agent")),
    _rows("Messages with a direction", _messages("direction", "incoming", "outgoing")),
    _rows("Messages from an agent or not", _messages("from_agent", "false", "true")),
    _rows("Messages with a role", _messages("role", "user", "assistant")),
    _rows("Messages of customers and agents in German", _messages("Absendertyp", "Kunde", "Mitarbeiter")),
    written("Dialogues as pairs", ".jsonl", _lines(_transcript), without=["subject", "date"]),
    written("Dialogues as turns", ".jsonl", _lines(_turns), without=["subject", "date", "sender"]),
    written("Chats for language models", ".jsonl", _lines(_chat), without=["subject", "date", "sender"]),
    filed("Tickets and articles as two tables", _zammad_tables),
    filed("Tickets and comments as two answers", _zendesk_files, without=["sender"]),
)  # fmt: skip
