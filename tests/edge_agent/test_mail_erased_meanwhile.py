"""A correspondent who is erased while a mailbox or the help desk is waited for: not a word comes back."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import JsonValue

from edge_agent.agent import Agent
from edge_agent.config import AgentConfig
from edge_agent.mail import acting, learning
from edge_agent.mail.chain import Chain, Seals
from edge_agent.mail.config import HookConfig
from edge_agent.mail.hook import Hook
from edge_agent.mail.ledger import Ledger
from kits.core.sample import utc_now
from tests.edge_agent.mail_parts import decisions, fates, ledger_of, mail_config
from tests.edge_agent.mail_servers import Dovecot, a_mail, needs_dovecot
from tests.edge_agent.test_mail_doors import Desk, secrets, server
from tests.edge_agent.test_mail_learning import one_mail, send

__all__ = ["secrets", "server"]
pytestmark = needs_dovecot


def erased_when(
    monkeypatch: pytest.MonkeyPatch, config: AgentConfig, owner: object, name: str
) -> None:
    """The correspondent is erased by a command when the agent is done with `name`."""
    plain = getattr(owner, name)

    def slow(*args: object, **named: object) -> object:
        done = plain(*args, **named)
        with closing(ledger_of(config)) as ledger:
            Chain(ledger, Seals(ledger)).erase("customer1@example.com", utc_now())
        return done

    monkeypatch.setattr(owner, name, slow)


def test_who_is_erased_while_a_mail_is_filed_is_told_of_without_a_word(
    tmp_path: Path, server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.deliver(a_mail(1))
    config = mail_config(tmp_path, server)
    erased_when(monkeypatch, config, acting.Actor, "_file")
    Agent(config).run()
    (told,) = decisions(config)
    assert (told.reason, set(told.prediction) - {"label", "score"}) == ("", set())
    assert told.actions["file"] == "done"


def test_who_is_erased_while_a_sent_mail_is_read_is_not_quoted(
    tmp_path: Path, server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = one_mail(tmp_path, server)
    send(server, ("your order is on its way.", "your parcel comes on Friday."))
    erased_when(monkeypatch, config, learning, "compare")
    Agent(config).run()
    (fate,) = fates(config)
    assert (fate.fate, fate.changed) == ("edited", ())


@pytest.mark.parametrize("status", [200, 503])
def test_a_desk_is_told_no_more_of_whom_is_erased_while_it_answers(
    tmp_path: Path, status: int
) -> None:
    desk = Desk(status)
    path = tmp_path / "mail" / "ledger.sqlite"
    with closing(Ledger(path)) as ledger:
        seals = Seals(ledger)
        for name in ("first", "second"):
            entry: dict[str, JsonValue] = {"kind": "decision", "sample_id": name}
            Chain(ledger, seals).add(entry, seals.who("ann@example.com"), {"subject": "mine"})
            ledger.put_call(name, '{"message_id": "<private@example.com>"}', 0, 0.0)

        def erase() -> None:
            with closing(Ledger(path)) as other:
                Chain(other, Seals(other)).erase("ann@example.com", utc_now())

        desk.meanwhile = erase
        config = HookConfig(url=desk.url, secret_env="KW_TEST_HOOK_KEY")
        hook = Hook(config, ledger, lambda *_: None, Counter())
        hook.look()
        hook.close()
        assert len(desk.calls) == 1
        assert ledger.next_call(float("inf")) is None
    desk.close()
