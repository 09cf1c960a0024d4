"""A mailbox agent that is killed at any line decides each mail once, lays each draft once, and loses none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.edge_agent.mail_servers import Dovecot, has_dovecot, kill_leftovers
from tests.failure.mail_lives import run_lives, words

pytestmark = pytest.mark.skipif(not has_dovecot(), reason="no dovecot on this machine")


@pytest.fixture(autouse=True)
def no_server_outlives_its_test() -> Iterator[None]:
    yield
    kill_leftovers()


@pytest.mark.parametrize(
    ("lacks", "mails", "kills"), [((), 300, 10), (("MOVE", "UIDPLUS"), 100, 3)]
)
def test_each_mail_is_decided_once_and_no_draft_is_laid_twice(
    tmp_path: Path, lacks: Sequence[str], mails: int, kills: int
) -> None:
    server = Dovecot(lacks=lacks, driver="sdbox").start()
    outcome = run_lives(tmp_path, server, mails=mails, kills=kills, seed=0)
    assert outcome.wrong == 0, words(outcome)
