"""Rules about when mails came: labels that begin or end, and newest mails that older ones do not teach.

Parts are drawn from all months, so figures and promise are about the months of the import. These rules say where the
next months may be others. They look at mails that models learn from and thresholds are chosen on, never at the test part.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from kits.core.kit import Finding
from kits.core.stats import Estimate, bootstrap
from kits.support_triage._checking import noise
from kits.support_triage._checking.mails import Mail
from kits.support_triage._mail.span import without_strays

_LEAST = 200
"""Mails with a label and a date."""
_SPAN_DAYS = 60
_NEWEST = 0.2
_WORSE = 0.03
"""So much less of the newest mails told is worth a word."""
_LEAST_OF_LABEL = 10
_BY_CHANCE = 1e-4
"""That a label begins so late, or ends so early, though it comes evenly."""
_SHOWN = 20


def come_and_go(mails: list[Mail]) -> Iterator[Finding]:
    """Labels that no mail of the first months, or of the last, has: a new product, a season, a folder that was renamed."""
    dated = _dated(mails)
    if dated is None:
        return
    begun, ended = [], []
    by_label: dict[str, list[int]] = {}
    for place, (_, mail) in enumerate(dated):
        by_label.setdefault(mail.label, []).append(place)
    for label, places in by_label.items():
        n, threads = len(places), len({_group(dated[place][1]) for place in places})
        if threads < _LEAST_OF_LABEL:
            continue
        before, after = places[0] / len(dated), 1 - (places[-1] + 1) / len(dated)
        if (1 - before) ** threads < _BY_CHANCE:
            begun.append(f"{label}: none before {dated[places[0]][0]:%Y-%m-%d}, {n} since")
        if (1 - after) ** threads < _BY_CHANCE:
            ended.append(f"{label}: none after {dated[places[-1]][0]:%Y-%m-%d}, {n} until then")
    if begun or ended:
        yield Finding(
            "labels-come-and-go",
            "warn",
            f"of {len(by_label)} labels {len(begun)} began and {len(ended)} ended within the time of these mails: figures are"
            " about all months, the next ones may have others",
            tuple([*begun, *ended][:_SHOWN]),
            "a folder that was renamed, or merged into another, is one intent: say so under labels in mails.yaml; of a"
            " matter that ended take its mails out; train again when a new one has a few dozen mails",
        )


def newest(mails: list[Mail]) -> Iterator[Finding]:
    """Whether older mails teach the newest as well as mails of all months do, which is how figures are made."""
    dated = _dated(mails)
    if dated is None:
        return
    step = max(1, -(-len(dated) // noise.MOST))
    dated = dated[::step]
    chosen = [mail for _, mail in dated]
    texts, labels = [m.reading.text for m in chosen], [m.label for m in chosen]
    groups = [_group(mail) for mail in chosen]
    last = np.array(_lasts(groups))
    since = round((1 - _NEWEST) * len(chosen))
    late, early = np.flatnonzero(last >= since), np.flatnonzero(last < since)
    by_lot = noise.cross_validated(texts, labels, groups)
    in_time = noise.predicted(texts, labels, [(early, late)]) if early.size else None
    if by_lot is None or in_time is None or not late.size:
        return
    lot, time = (
        one.probabilities.argmax(axis=1)[late] == one.given[late] for one in (by_lot, in_time)
    )
    gain = time.astype(float) - lot.astype(float)
    less: Estimate = bootstrap(
        lambda rows: float(gain[rows].mean()), [groups[row] for row in late], seed=0, rounds=500
    )
    told = (
        f"of the newest {late.size} mails, since {dated[since][0]:%Y-%m-%d}, older mails teach counted words to tell"
        f" {time.mean():.0%}, mails of all months {lot.mean():.0%}"
    )
    if less.high >= 0 or less.value > -_WORSE:
        yield Finding("newest-mails", "pass", told)
        return
    yield Finding(
        "newest-mails",
        "warn",
        f"{told}: mails change, and what comes next is told less often than figures and promise say",
        (f"{100 * less.value:+.1f} points [{100 * less.low:+.1f}, {100 * less.high:+.1f}]",),
        "keep the newest months out of the import and replay them (kit replay) before anything is filed; train again often",
    )


def _dated(mails: list[Mail]) -> list[tuple[datetime, Mail]] | None:
    """Labelled mails in the order in which they came; None where too few say it, or they came within weeks."""
    said = [mail for mail in mails if mail.label and mail.words and mail.item.split != "test"]
    found = [(at, mail) for mail in said if (at := mail.reading.message.date) is not None]
    found.sort(key=lambda pair: (pair[0], pair[1].item.sample.id))
    if len(found) < max(_LEAST, noise.ALMOST_ALL * len(said)):
        return None
    moments = without_strays([at for at, _ in found])
    return found if (moments[-1] - moments[0]).days >= _SPAN_DAYS else None


def _group(mail: Mail) -> str:
    return mail.item.sample.group or mail.item.sample.id


def _lasts(groups: list[str]) -> list[int]:
    """Of each mail the place of the last of its thread: a thread is of the time in which it ended."""
    last = {group: place for place, group in enumerate(groups)}
    return [last[group] for group in groups]
