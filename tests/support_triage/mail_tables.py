"""Tables of mails for tests of their reader."""

from __future__ import annotations

import csv
import io

TEXTS = [
    ("Where is my parcel? It should have come on Monday.", "delivery"),
    ("I want my money back for the broken kettle.", "refund"),
    ("Please send the invoice again, I lost it.", "invoice"),
    ("The parcel was left in the rain; it's all wet.", "delivery"),
]


def rows(header: list[str], *lines: list[str], delimiter: str = ",") -> str:
    """A table as CSV."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows([header, *lines])
    return out.getvalue()


def many(header: list[str], line: list[str], n: int = 30) -> str:
    """Rows like `line`; `{n}` is the row's number."""
    return rows(header, *([cell.format(n=i, even=i % 2) for cell in line] for i in range(n)))
