"""Takes a person's words out of what the ledger has yet to tell: rows for the outbox, letters to act on, calls.

What was decided stays and is told; text, bytes and reasons go. Bytes that wait in the outbox are named here, for the
agent that holds it to throw away; rows it was already given are the hub's to erase when they arrive.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from pydantic import JsonValue

from edge_agent.mail.ledger import Ledger

_STAYS = ("label", "score")
"""Of a prediction."""
_EMPTY: dict[str, JsonValue] = {"reason": "", "kept_for": "", "changed": []}
_STILL_WRITTEN_S = 86_400.0
"""A row that was on its way while somebody was erased is in the outbox long before that, with its bytes."""
_OF_WHO = "SELECT sample_id FROM mails WHERE who=?"


def discard_bytes(ledger: Ledger, discard: Callable[[str], object], now_s: float) -> None:
    """Has the outbox throw away what it holds of those who were erased; again for a day, which costs little.

    Args:
        discard: throws away bytes by their digest; does nothing when they are not there.
        now_s: seconds since 1970.
    """
    for digest, at in ledger.read("SELECT digest, at FROM erased"):
        discard(str(digest))
        if abs(now_s - at) > _STILL_WRITTEN_S:
            with ledger.transaction() as db:
                db.execute("DELETE FROM erased WHERE digest=?", (digest,))


def forget_words(ledger: Ledger, who: str, at_s: float) -> set[str]:
    """Empties them, in the transaction under way if there is one; the mails that were told of, by their ids.

    Args:
        who: the correspondent's keyed digest.
        at_s: now, seconds since 1970.
    """
    with ledger.transaction() as db:
        mails = {str(row[0]) for row in db.execute(_OF_WHO, (who,))}
        for sample_id, row in db.execute(
            "SELECT sample_id, row FROM mails WHERE who=? AND row<>''", (who,)
        ).fetchall():
            db.execute("UPDATE mails SET row=? WHERE sample_id=?", (_without(row), sample_id))
        db.execute("UPDATE mails SET content=NULL WHERE who=?", (who,))
        for (written,) in db.execute(
            "SELECT entry FROM chain WHERE instr(entry, ?)>0", (f'"who":"{who}"',)
        ).fetchall():
            entry = json.loads(written)
            mails.add(str(entry.get("sample_id", "")))  # its row may be let go of
            if digest := entry.get("digest"):
                db.execute("INSERT OR REPLACE INTO erased VALUES (?, ?)", (digest, at_s))
        for number, body in db.execute("SELECT number, body FROM untold").fetchall():
            if json.loads(body).get("sample_id") in mails:
                db.execute(
                    "UPDATE untold SET body=?, content=NULL WHERE number=?",
                    (_without(body), number),
                )
        # a desk would find the letter by its Message-ID
        db.executemany("DELETE FROM calls WHERE sample_id=?", [(one,) for one in mails])
    return mails - {""}


def _without(body: str) -> str:
    told = json.loads(body)
    told |= {key: empty for key, empty in _EMPTY.items() if key in told}
    said = told.get("prediction")
    if isinstance(said, dict):
        told["prediction"] = {key: said[key] for key in _STAYS if key in said}
    return json.dumps(told)
