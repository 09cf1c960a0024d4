"""A mailbox agent that is killed again and again: which mails were decided, how often, and what lies where."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from edge_agent.config import AgentConfig
from edge_agent.mail.opening import ledger_path
from tests.edge_agent.mail_parts import decisions, make_mail_bundle, write_mail_kit
from tests.edge_agent.mail_servers import PASSWORD, Dovecot, a_mail
from tests.forked_programs import ForkedProgram

TEXTS = ("Where is my order?", "The invoice is wrong", "Do you like chess?")
FOLDERS = {"order": "Orders", "invoice": "Bills"}
_LIFE_LIMIT_S = 600.0
_LOOK_S = 0.005


@dataclass
class Outcome:
    """What is left when the last life has ended.

    Attributes:
        kills: lives that ended by `kill -9`.
        undecided, decided_twice: mails without a row in the outbox, or with several.
        lost: mails that lie nowhere.
        doubled: mails that lie in two places.
        drafts_missing, drafts_twice: of mails that are answered.
    """

    mails: int
    kills: int
    undecided: int = 0
    decided_twice: int = 0
    lost: int = 0
    doubled: int = 0
    drafts_missing: int = 0
    drafts_twice: int = 0

    @property
    def wrong(self) -> int:
        """Everything that must not be."""
        return (
            self.undecided + self.decided_twice + self.lost + self.doubled
            + self.drafts_missing + self.drafts_twice
        )  # fmt: skip


class Lives:
    """An agent at a full mailbox.

    Args:
        folder: empty, of the caller's own.
        mails: how many lie in the box.
        seed: of the moments at which it is killed.
    """

    def __init__(self, folder: Path, server: Dovecot, mails: int, seed: int) -> None:
        self._folder = folder
        self._server = server
        self._mails = mails
        self._random = random.Random(seed)
        site = folder / "site"
        site.mkdir()
        write_mail_kit(site)
        server.fill([a_mail(n, TEXTS[n % len(TEXTS)]) for n in range(mails)])
        self._environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(site), str(Path(__file__).parents[2])]),
            "KW_TEST_MAIL_PASSWORD": PASSWORD,
            "OMP_NUM_THREADS": "1",
        }
        self.config = folder / "agent.yaml"
        self._log = folder / "agent.log"
        self._write_config()

    def _write_config(self) -> None:
        (self._folder / "m.kwb").write_bytes(make_mail_bundle())
        settings = {
            "state_dir": "state",
            "bundle": "m.kwb",
            "source": {
                "kind": "imap", "host": "127.0.0.1", "port": self._server.port,
                "security": "plain", "user": "shop", "password_env": "KW_TEST_MAIL_PASSWORD",
                "since": "2000-01-01", "once": True, "dry_run": False,
                "filing": {"folders": FOLDERS},
                "drafts": {"sender": "shop@shop.example", "per_sender_per_day": 1000},
                "learning": {"audit_share": 0},
            },
            "status": {"enabled": False},
            "engine": {"providers": ["cpu"], "threads": 1},
            "outbox": {"ballast_bytes": 0},
            "selection": {"audit_rate": 0, "keep_reviews": False, "keep_acts": False, "novelty": 0},
            "update": {"max_crashes": 1_000_000, "crash_window_s": 600},
            "log_level": "error",
        }  # fmt: skip
        self.config.write_text(yaml.safe_dump(settings))

    def run(self, kills: int) -> Outcome:
        """Lives until everything is done: `kills` of them are cut at a random moment."""
        step = self._mails / (kills + 1)
        for number in range(kills):
            self._life(until=int(step * (number + self._random.random())))
        self._life()
        return self.outcome(kills)

    def end_of_a_life(self) -> int:
        """How a life ends that nobody cuts: its exit code."""
        return self._begin().wait(_LIFE_LIMIT_S)

    def _begin(self) -> ForkedProgram:
        command = ("edge-agent", "run", "--json", "-c", str(self.config))
        return ForkedProgram(command, self._environment, self._log, self._log)

    def _life(self, until: int | None = None) -> None:
        process = self._begin()
        end = time.monotonic() + _LIFE_LIMIT_S
        if until is None:
            assert process.wait(_LIFE_LIMIT_S) == 0, self._log.read_text()[-2000:]
            return
        while process.poll() is None and time.monotonic() < end and self._decided() <= until:
            time.sleep(_LOOK_S)
        time.sleep(self._random.uniform(0, 0.03))
        process.kill()
        assert process.wait() == -signal.SIGKILL, "it ended before it was killed"

    def _decided(self) -> int:
        path = ledger_path(self._folder / "state")
        if not path.exists():
            return -1
        try:
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=1) as db:
                found = int(db.execute("SELECT COUNT(*) FROM mails").fetchone()[0])
            db.close()
        except sqlite3.OperationalError:
            return -1  # it is being made
        return found

    # -- looking ---------------------------------------------------------------------------------

    def outcome(self, kills: int) -> Outcome:
        """What lies where now, after so many kills."""
        outcome = Outcome(self._mails, kills)
        rows = Counter(body.sample_id for body in decisions(self._settings()))
        outcome.decided_twice = sum(count > 1 for count in rows.values())
        outcome.undecided = self._mails - len(rows)
        places = Counter[str]()
        for folder in ("INBOX", *FOLDERS.values()):
            places.update(self._server.ids(folder))
        wanted = [f"<q{n}@example.com>" for n in range(self._mails)]
        outcome.lost = sum(places[one] == 0 for one in wanted)
        outcome.doubled = sum(places[one] > 1 for one in wanted)
        drafts = Counter(self._server.ids("Drafts"))
        answered = sum(n % len(TEXTS) < 2 for n in range(self._mails))
        outcome.drafts_twice = sum(count > 1 for count in drafts.values())
        outcome.drafts_missing = answered - len(drafts)
        return outcome

    def _settings(self) -> AgentConfig:
        from edge_agent.config import load_config

        return load_config(self.config)


def run_lives(folder: Path, server: Dovecot, *, mails: int, kills: int, seed: int) -> Outcome:
    """As `Lives.run`."""
    return Lives(folder, server, mails, seed).run(kills)


def words(outcome: Outcome, extra: Sequence[str] = ()) -> str:
    """One line for a person."""
    parts = [
        f"{outcome.mails} mails, {outcome.kills} kills",
        f"{outcome.undecided} undecided", f"{outcome.decided_twice} decided twice",
        f"{outcome.lost} lost", f"{outcome.doubled} doubled",
        f"{outcome.drafts_missing} drafts missing", f"{outcome.drafts_twice} drafts twice",
    ]  # fmt: skip
    return ", ".join([*parts, *extra])
