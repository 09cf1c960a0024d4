"""A short life of an outbox with every kind of step, that can be killed before any of its effects.

Effects are SQL statements, `fsync`, renames and deletions of files, and the return of each step; they are
counted, and the process kills itself before the n-th, or copies its folder before many of them: a kill
leaves on the disk just what lay there at that moment. After each step that returned the state is written
to a file outside the program under test.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from edge_agent.sync.entry import Entry
from edge_agent.sync.eviction import Budgets
from edge_agent.sync.outbox import Outbox
from kits.core.events import EVENT_CLASSES, AlertBody, HealthBody, LabelBody
from kits.core.sample import utc_now
from tests import forked
from tests.edge_agent.journal import end_of
from tests.edge_agent.parts import decision, rows_of

BUDGETS = Budgets.of(30_000)
State = dict[str, Any]


def chosen(number: int, name: str, every: int) -> bool:
    """Every commit, rename and deletion, and each `every`-th effect."""
    return number % every == 0 or name.split(maxsplit=1)[0] in ("COMMIT", "rename", "unlink")


class Killer:
    """Counts effects; ends the process before the chosen one, as a power cut would.

    Args:
        at: the number of that effect.
        copy_every: instead, the folder is copied to `copies` before the chosen effects; 0: it is not.
    """

    def __init__(self, folder: Path, at: int, copy_every: int = 0) -> None:
        self._at = at
        self._copy_every = copy_every
        self._folder = folder
        self._wal = folder / "state" / "outbox.sqlite-wal"
        self._synced = os.open(folder / "synced", os.O_WRONLY | os.O_CREAT)
        self._full = True
        self.names: list[str] = []

    def __call__(self, name: str) -> None:
        if self.names and self.names[-1] == "COMMIT" and self._full:
            # SQLite has synced its journal; later writes may be dropped by a power cut
            os.pwrite(self._synced, f"{end_of(self._wal):12d}".encode(), 0)
        if name.startswith("PRAGMA synchronous"):
            self._full = name.endswith("FULL")
        self.names.append(name)
        number = len(self.names)
        if number == self._at:
            os.kill(os.getpid(), signal.SIGKILL)
        if self._copy_every and chosen(number, name, self._copy_every):
            self._copy(number)

    def _copy(self, number: int) -> None:
        shutil.copytree(self._folder, self._folder.with_name(f"kill-{number}"))

    def join(self) -> None:
        """Watches the effects of this process from here on."""
        connect, fsync, replace, unlink = sqlite3.connect, os.fsync, os.replace, os.unlink

        def connected(*args: Any, **keys: Any) -> sqlite3.Connection:
            db = connect(*args, **keys)
            db.set_trace_callback(lambda text: self(" ".join(text.split()[:3])))
            return db

        def watched(name: str, effect: Callable[..., Any]) -> Callable[..., Any]:
            def run(*args: Any, **keys: Any) -> Any:
                self(name)
                return effect(*args, **keys)

            return run

        sqlite3.connect = connected  # type: ignore[assignment]
        os.fsync, os.replace = watched("fsync", fsync), watched("rename", replace)
        os.unlink = watched("unlink", unlink)


def state_of(outbox: Outbox) -> State:
    """Everything a person outside could see of an outbox."""
    counts = outbox.counts()
    rows = {klass: [[e.seq, e.body.model_dump_json()] for e in rows_of(outbox, klass)]
            for klass in EVENT_CLASSES}  # fmt: skip
    blobs = sorted(str(row[0]) for row in outbox._store.read("SELECT digest FROM blobs"))
    return {
        "epoch": outbox.epoch,
        "rows": rows,
        "ready": sorted(digest for digest, _ in outbox.ready_blobs(1000)),
        "blobs": blobs,
        "spool": sorted(outbox.spool._store.digests()),
        "counts": {
            name: [c.rows, c.bytes, c.committed, c.acked, c.lost] for name, c in counts.items()
        },
    }


def steps(outbox: Outbox) -> Iterator[bool]:
    """One step after another; yields whether it must survive a power cut too."""
    now = utc_now()
    outbox.append([Entry(AlertBody(name="a", text="first"), "a")])
    yield True
    outbox.append([Entry(decision(n, captured_at=now), "s", n / 9) for n in range(9)])
    yield True
    for n in range(3):
        pixels = bytes([n]) * (900 + n)
        outbox.append([Entry(decision(n, captured_at=now), "s", 0.5, pixels, "image/png")])
        yield True
    outbox.append([Entry(decision(7), "s", 0.5, bytes([1]) * 901, "image/png")])  # known bytes
    yield True
    rows = outbox.claim("s", 0, 6).rows
    outbox.acknowledge(outbox.epoch, [(rows[0].seq, rows[2].seq), (rows[4].seq, rows[4].seq)])
    yield False
    last = outbox.claim("s", rows[-1].seq, 100).rows
    outbox.acknowledge(outbox.epoch, [(last[0].seq, last[-1].seq)])
    yield False
    ready = [digest for digest, _ in outbox.ready_blobs(10)]
    outbox.blobs_done([ready[0]])
    yield True
    outbox.give_up_blob(ready[1], "refused by the hub: too large")
    yield True
    outbox.claim("l", 0, 10)  # the gap row is on its way: the next loss gets one of its own
    yield True
    for n in range(5):
        outbox.append([Entry(HealthBody(figures={"n": float(k)}), "t") for k in range(25)])
        yield True
        outbox.append([Entry(LabelBody(sample_id=f"{n}", annotation={"x": "y" * 400}), "l")])
        yield True
    outbox.make_room(3000)
    yield True


def live(folder: Path, kill_at: int, copy_every: int) -> None:
    """Lives until it is killed or done; `folder` then holds `oracle`, `synced` and, when done, `names`."""
    killer = Killer(folder, kill_at, copy_every)
    oracle = os.open(folder / "oracle", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    killer.join()
    outbox = Outbox(folder / "state", BUDGETS)
    durable = True
    stepping = steps(outbox)
    while True:
        line = {"state": state_of(outbox), "durable": durable}
        os.write(oracle, (json.dumps(line) + "\n").encode())
        try:
            durable = next(stepping)
        except StopIteration:
            break
        killer("returned")
    (folder / "names").write_text(json.dumps(killer.names))
    outbox.close()


def run(folder: Path, kill_at: int, copy_every: int = 0) -> int | None:
    """One life in a process of its own; its exit code."""
    folder.mkdir(parents=True)
    process = forked.start(live, folder, kill_at, copy_every, daemon=True)
    process.join(60)
    return process.exitcode
