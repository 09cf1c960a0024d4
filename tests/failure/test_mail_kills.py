"""A mailbox agent that is killed at any line decides each mail once, lays each draft once, and loses none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from edge_agent.config import load_config
from tests.edge_agent.mail_parts import decisions
from tests.edge_agent.mail_servers import Dovecot, a_mail, kill_leftovers, needs_dovecot
from tests.failure.mail_lives import Lives, run_lives, words

pytestmark = needs_dovecot


@pytest.fixture(autouse=True)
def no_server_outlives_its_test() -> Iterator[None]:
    yield
    kill_leftovers()


@pytest.mark.parametrize(
    ("lacks", "mails", "kills"),
    [
        ((), 80, 3),
        (("MOVE", "UIDPLUS"), 60, 2),
        pytest.param((), 1000, 30, marks=pytest.mark.slow),
    ],
)
def test_each_mail_is_decided_once_and_no_draft_is_laid_twice(
    tmp_path: Path, lacks: Sequence[str], mails: int, kills: int
) -> None:
    server = Dovecot(lacks=lacks, driver="sdbox").start()
    outcome = run_lives(tmp_path, server, mails=mails, kills=kills, seed=0)
    assert outcome.wrong == 0, words(outcome)


def test_drafts_that_a_full_mailbox_refused_arrive_once_although_the_agent_was_killed(
    tmp_path: Path,
) -> None:
    server = Dovecot(driver="sdbox", quota_kib=60).start()
    lives = Lives(tmp_path, server, 150, seed=0)
    full = lives.run(kills=2)
    assert 0 < full.drafts_missing < 100, words(full)
    assert full.lost == full.doubled == full.drafts_twice == full.decided_twice == 0, words(full)
    server.raise_quota(1000)
    assert lives.end_of_a_life() == 0
    assert lives.outcome(2).wrong == 0, words(lives.outcome(2))


def test_a_mail_that_ends_the_agent_goes_to_a_person_and_the_next_ones_are_dealt_with(
    tmp_path: Path,
) -> None:
    server = Dovecot().start()
    lives = Lives(tmp_path, server, 0, seed=0)
    server.deliver(a_mail(1), a_mail(2, "poison"), a_mail(4))
    ends = [lives.end_of_a_life() for _ in range(3)]
    assert ends == [11, 11, 0]
    said = {body.verdict: body.reason for body in decisions(load_config(lives.config))}
    assert said["review"].endswith("the agent has ended 2 times over it")
    assert server.ids("INBOX") == ["<q2@example.com>"]
    assert len(server.ids("Orders")) == 2
