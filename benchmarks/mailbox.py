"""A mailbox of 10,000 mails, its agent killed 100 times: each mail decided once, no draft twice, none lost.

    python -m benchmarks.mailbox [--mails 10000] [--kills 100] [--seed 0]

Against a real dovecot on this machine, with the whole agent (`edge-agent run`) in a process that gets `kill -9` at
random moments; the model is a stand-in that looks for a word, so that the time is that of mailbox, ledger and outbox.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

from tests.edge_agent.mail_servers import Dovecot, kill_leftovers
from tests.failure.mail_lives import run_lives, words


def main() -> None:
    """Runs it and prints the figures."""
    parser = argparse.ArgumentParser(description="A mailbox whose agent is killed again and again.")
    parser.add_argument("--mails", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Dovecot(driver="sdbox").start()
        try:
            began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
            outcome = run_lives(
                Path(folder), server, mails=given.mails, kills=given.kills, seed=given.seed
            )
            took_s = time.monotonic() - began
            after = resource.getrusage(resource.RUSAGE_CHILDREN)  # of lives that ended: not dovecot
        finally:
            kill_leftovers()
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    speed = f"{given.mails / took_s:.0f} mails/s and {cpu_s:.1f} s of CPU with all starts"
    print(words(outcome, [speed]))
    print(
        json.dumps(
            {
                **vars(outcome),
                "seed": given.seed,
                "took_s": round(took_s, 1),
                "cpu_s": round(cpu_s, 1),
            }
        )
    )
    if outcome.wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
