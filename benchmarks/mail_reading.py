"""How mails are read: which language is told, and what reading one costs.

    python -m benchmarks.mail_reading --data FOLDER

FOLDER holds `tickets_multilang_200/train.csv` (columns language, subject, text). Languages have exact 95 %
intervals; CPU time is per mail on one thread, of the tests' quoting mails and of a page like Outlook's.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from kits.core.mail.writing import write_message
from kits.core.stats import proportion
from kits.support_triage._mail.reading import read_mail
from tests.support_triage.hostile_mails import hostile_mails
from tests.support_triage.quote_cases import CASES

_SEEN: dict[str, Callable[[dict[str, str]], tuple[str, str]]] = {
    "whole mail": lambda row: (row["subject"], row["text"]),
    "first 60 characters": lambda row: ("", row["text"][:60]),
    "subject alone": lambda row: ("", row["subject"]),
}
_LINE = '<p class="MsoNormal" style="margin:0;font-size:11pt;color:#1f1f1f">Line {} of a mail about 4711.</p>'


def languages(rows: Sequence[dict[str, str]]) -> None:
    """Prints how often the language stated in the data is told, told otherwise, and left open."""
    for name, seen in _SEEN.items():
        same = open_ = 0
        for row in rows:
            subject, body = seen(row)
            found = read_mail(write_message(subject=subject, body=body)).language
            same += found == row["language"]
            open_ += not found
        share = proportion(same, len(rows))
        print(
            json.dumps(
                {
                    "language of": name,
                    "n": len(rows),
                    "as stated": same,
                    "left open": open_,
                    "otherwise": len(rows) - same - open_,
                    "share": [round(value, 3) for value in (share.value, share.low, share.high)],
                }
            )
        )


def costs() -> None:
    """Prints CPU milliseconds per mail, and of the worst mail made to harm."""
    quoting = [write_message(subject=case.subject, body=case.text) for case in CASES]
    page = "".join(_LINE.format(number) for number in range(120))
    outlook = f"Subject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{page}".encode()
    read_mail(quoting[0])
    for name, mails in (("quoting, plain", quoting), ("page of 12 kB", [outlook] * 50)):
        start = time.process_time()
        for content in mails:
            read_mail(content)
        spent = (time.process_time() - start) * 1000 / len(mails)
        print(json.dumps({"reading": name, "n": len(mails), "cpu_ms": round(spent, 2)}))
    worst = ("", 0.0)
    hostile = hostile_mails()
    for one in hostile:
        start = time.process_time()
        read_mail(one.content)
        worst = max(worst, (one.name, time.process_time() - start), key=lambda found: found[1])
    print(
        json.dumps({"hostile": len(hostile), "worst": worst[0], "cpu_ms": round(worst[1] * 1000)})
    )


def main() -> None:
    """Prints one line of JSON per figure."""
    argument = argparse.ArgumentParser(description=__doc__)
    argument.add_argument("--data", type=Path, required=True)
    folder = argument.parse_args().data
    with (folder / "tickets_multilang_200" / "train.csv").open(encoding="utf-8") as file:
        languages(list(csv.DictReader(file)))
    costs()


if __name__ == "__main__":
    main()
