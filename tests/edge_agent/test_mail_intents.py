"""Intents that the configuration spells in its own way, in a real mailbox: filed, learned from, and told of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.mail.intents import UNKNOWN, own
from edge_agent.mail.planning import folder_of
from tests.edge_agent.mail_parts import labels, mail_config, rows
from tests.edge_agent.mail_servers import PASSWORD, Dovecot, a_mail, kill_leftovers, needs_dovecot

KNOWN = ("invoice", "late parcel", "oos", "order")


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KW_TEST_MAIL_PASSWORD", PASSWORD)
    yield
    kill_leftovers()


@needs_dovecot
def test_an_intent_in_capitals_is_filed_and_what_persons_file_there_contradicts_nothing(
    tmp_path: Path,
) -> None:
    server = Dovecot().start()
    server.deliver(a_mail(1))
    folders = {"Order": "Orders", "INVOICE": "Bills"}
    config = mail_config(
        tmp_path, server, filing={"folders": folders}, learning={"audit_share": 1, "every_s": 1}
    )
    Agent(config).run()  # an audit: a person files it
    server.deliver(a_mail(2, "My invoice"))
    with server.login() as client:
        client.create_folder("Orders")
        client.select_folder("INBOX")
        client.move(client.search(["HEADER", "Message-ID", "q1"]), "Orders")
    agent = Agent(config)
    agent.run()
    [said] = labels(config)
    assert said.annotation["label"] == "order"
    assert agent.source.room.counts["confirmed"] == 1
    assert UNKNOWN not in {body.name for body in rows(config, "a")}


@needs_dovecot
def test_an_intent_that_is_misspelt_is_told_with_the_one_that_is_meant(tmp_path: Path) -> None:
    server = Dovecot().start()
    server.deliver(a_mail(1))
    config = mail_config(
        tmp_path, server, filing={"folders": {"order": "Orders", "invoce": "Bills"}}
    )
    Agent(config).run()
    assert server.ids("Orders") == ["<q1@example.com>"]
    [told] = [body for body in rows(config, "a") if body.name == UNKNOWN]
    assert "'invoce' (is 'invoice' meant?)" in told.text and told.severity == "warning"


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("Late_Parcel", "late parcel"),
        ("Order|LATE-PARCEL", "late parcel|order"),
        ("order", "order"),
        ("warranty", "warranty"),
    ],
)
def test_an_intent_is_what_the_bundle_calls_it(name: str, spelled: str) -> None:
    assert own(name, KNOWN) == spelled


@pytest.mark.parametrize(
    ("folders", "label", "folder"),
    [
        ({"Order": "A"}, "order", "A"),
        ({"Order": "A", "order": "B"}, "order", "B"),
        ({"Late-parcel": "A"}, "invoice|late parcel", "A"),
        ({"LATE parcel|order": "A", "order": "B"}, "late parcel|order", "A"),
        ({"Order": "A"}, "", ""),
        ({"Order": "A"}, "orders", ""),
    ],
)
def test_a_folder_is_found_in_whatever_spelling(
    folders: dict[str, str], label: str, folder: str
) -> None:
    config = ImapSourceConfig.model_validate(
        {"host": "h", "user": "u", "password_env": "P", "filing": {"folders": folders}}
    )
    assert folder_of(config, label) == folder
