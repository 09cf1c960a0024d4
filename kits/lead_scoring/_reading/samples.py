"""Leads that are understood → samples, with what has to be said of them: open ones, ages.

No column is interpreted here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from pydantic import JsonValue

from kits.core.annotation import Annotation
from kits.core.dataset import Split
from kits.core.kit import Finding, RawSample
from kits.core.moments import end_of_month, start_of_month
from kits.core.record_keys import is_dated
from kits.lead_scoring._lead import LOST, MAX_BYTES, MEDIA_TYPE, WON, Lead, Value, encode_lead
from kits.lead_scoring._links import without_visit
from kits.lead_scoring._reading.columns.known import Known
from kits.lead_scoring._reading.columns.stated_splits import stated_splits
from kits.lead_scoring._reading.leads.before import CAME_BY, Before
from kits.lead_scoring._reading.leads.further_leads import asked_again
from kits.lead_scoring._reading.leads.identities import identities, keys
from kits.lead_scoring._reading.leads.together import groups_of
from kits.lead_scoring._reading.outcome.dashes import dash_line
from kits.lead_scoring._reading.outcome.unsettled import unended
from kits.lead_scoring._roles import ROLES
from kits.lead_scoring._trial import TRIAL
from kits.lead_scoring._units import UNITS, noted
from kits.lead_scoring._written import WRITTEN
from kits.lead_scoring.config import Config, SourceConfig

OUTCOME_AT = "outcome_at"
"""In a sample's `meta`: when its outcome was known, seconds since 1970."""
SETTLED_AT = "settled_at"
"""In a sample's `meta`: since when its outcome counts, where leads are kept open for a time though it is known."""
HELD_OPEN = "held_open"
"""In a sample's `meta`: its lead has ended, and counts as open because it is young."""
RANK = "rank"
"""In a sample's `meta`: its place in time is no date."""
_DAY = 86_400
_LEAST_DAYS = 90
"""Three months are what vendors of scores wait for an outcome."""
_BY_AGE, _SOME = 0.1, 20
"""From this share of lost leads on that are lost by age alone, and so many, young ones tell too much of those that were won."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Judged:
    """Outcomes after those that are too old to be open were counted as lost.

    Attributes:
        days: after how many a lead counts as lost.
        open_days: for how many a lead is open, whatever is known of it.
    """

    won: Sequence[bool | None]
    said: Finding | None = None
    days: int = 0
    open_days: int = 0

    def outcome_at(self, known: Known, row: int) -> float | None:
        """When the outcome of a decided lead was known."""
        at = known.at[row]
        if not self.days or known.won[row] is not None or at is None:
            return known.outcome_at[row]
        return (
            end_of_month(at) if known.by_month(known.roles.decided_at) else at
        ) + self.days * _DAY


def samples_of(
    known: Known,
    config: Config,
    trials: Mapping[int, str] | None = None,
    heard: Collection[str] = (),
    before: Before | None = None,
    *,
    scored: bool = False,
) -> Iterator[RawSample | Finding]:
    """The leads in the order of the rows.

    Args:
        trials: what rows were taken for that are hardly leads.
        heard: columns that a lead has where its table has them, empty or not: nobody objects there, and is heard.
        before: leads that are there, to which these are added; None: there are none.
        scored: they are only scored: one that nobody has closed is open, however old.
    """
    ids = identities(known)
    judged = Judged(known.won) if scored else judge_open(known, config)
    if judged.said is not None:
        yield judged.said
    before = before or Before()
    whose = keys(known, ids, before, stated=bool(config.source.id))
    yield from asked_again(known, ids, whose, before)
    marks: dict[str, JsonValue] = {
        ROLES: known.told_roles.mark,
        WRITTEN: known.written.mark,
        UNITS: noted(known.units),
    }
    meta = {name: mark for name, mark in marks.items() if mark}
    splits, unjudged = stated_splits(known.splits, judged.won)
    if unjudged is not None:
        yield unjudged
    writer = _Writer(
        known,
        ids,
        whose,
        known.names,
        judged,
        groups_of(known, config.source),
        splits,
        meta,
        trials or {},
        frozenset(heard),
    )
    rows = zip(*known.columns.values()) if known.columns else iter(() for _ in ids)
    for row, values in enumerate(rows):
        yield writer.sample(row, values)


@dataclass(frozen=True)
class _Writer:
    """Rows as samples.

    Attributes:
        keys: (rows,) who they are in any export; empty: that is not known.
        groups: (rows,) what must stay together; empty: nothing is named.
        noted: what columns are for, how numbers and dates are written, what numbers are in; empty: nothing to note.
        trials: what some rows were taken for that are hardly leads.
        heard: columns that a lead has though they are empty.
    """

    known: Known
    ids: Sequence[str]
    keys: Sequence[str]
    names: Sequence[str]
    judged: Judged
    groups: Sequence[str]
    splits: Sequence[Split | None]
    noted: Mapping[str, JsonValue]
    trials: Mapping[int, str]
    heard: frozenset[str]

    def sample(self, row: int, values: Sequence[Value]) -> RawSample | Finding:
        """One lead, or why it is refused."""
        known, won = self.known, self.judged.won[row]
        where = _source(known, row, self.ids[row], self.keys[row])
        fields = {
            name: without_visit(value) if isinstance(value, str) else value
            for name, value in zip(self.names, values)
            if value is not None or name in self.heard
        }
        content = encode_lead(_lead(self.ids[row], fields, known.at[row]))
        if len(content) > MAX_BYTES:
            what = f"{where}: {len(content)} bytes in one lead"
            return Finding("lead-too-large", "fail", what, fix="leave long texts out of the export")
        file = known.sheet.files[row]
        label = None if won is None else Annotation(label=WON if won else LOST, author=file)
        meta: dict[str, JsonValue] = {**({RANK: True} if known.ranked else {}), **self.noted}
        if row in self.trials:
            meta[TRIAL] = self.trials[row]
        if won is not None:
            meta |= self._times(row)
        elif known.won[row] is not None:
            meta[HELD_OPEN] = WON if known.won[row] else LOST
            ended = known.outcome_at[row]
            if ended is not None:
                meta[OUTCOME_AT] = ended
        group = self.groups[row] if self.groups else ""
        return RawSample(
            content, MEDIA_TYPE, where, label, group, self.splits[row], meta, known.order[row], self.keys[row],
        )  # fmt: skip

    def _times(self, row: int) -> dict[str, JsonValue]:
        """When a lead's outcome was known, and since when it counts where that is later."""
        came, ended = self.known.at[row], self.judged.outcome_at(self.known, row)
        by_month = came is not None and self.known.by_month(self.known.roles.decided_at)
        if by_month and came is not None:
            came = end_of_month(came)
        found: dict[str, JsonValue] = {} if ended is None else {OUTCOME_AT: ended}
        if self.judged.open_days and came is not None:
            found[SETTLED_AT] = max(came + self.judged.open_days * _DAY, ended or came)
        if by_month:
            found[CAME_BY] = came
        return found


def _lead(identity: str, fields: Mapping[str, Value], at: float | None) -> Lead:
    moment = _EPOCH + timedelta(seconds=at) if at is not None else None
    return Lead(identity, fields, moment)


def _source(known: Known, row: int, identity: str, key: str) -> str:
    """Unique and without a person's address in it."""
    named = bool(known.roles.id) and "@" not in identity and not is_dated(key)
    return f"{known.sheet.files[row]}#{identity[:80] if named else known.sheet.lines[row]}"


# -- leads that stay open -------------------------------------------------------------------------


def judge_open(known: Known, config: Config) -> Judged:
    """Counts leads that stayed open too long as lost, where that is stated or nothing else means lost; young ones as open."""
    source, outcome = config.source, known.outcome
    if outcome is None or not (source.lost_after_days or source.open_for_days or outcome.all_lost):
        return Judged(known.won)
    ended = known.outcome_at
    if known.by_month(*known.roles.outcome_at):
        # the last moment of its month may be after the day of the export
        ended = [None if s is None else start_of_month(s) for s in ended]
    times = [s for s in (*known.at, *ended, *known.changed_at) if s is not None]
    if not known.roles.decided_at or not times:
        return _all_lost(known, source) if outcome.all_lost else Judged(known.won)
    latest = max(times)
    days = source.lost_after_days
    if outcome.all_lost:
        days = days or max(_LEAST_DAYS, _days_to_win(known))
    open_days = source.open_for_days
    won = _aged(known, outcome.won, latest, days, open_days)
    if (outcome.all_lost and False in won) or _by_age(outcome.won, won):
        # of young leads buyers are decided before the others: learned from, they would be months in which many buy
        open_days = max(open_days, days)
        won = _aged(known, outcome.won, latest, days, open_days)
    dashes = dash_line(known.sheet, outcome, source)
    said = _said(outcome.won, won, days, open_days, source, dashes)
    cells = unended(known.sheet, outcome) if outcome.all_lost and not source.lost_after_days else ()
    return Judged(won, replace(said, evidence=cells), days, open_days)


def _by_age(before: Sequence[bool | None], after: Sequence[bool | None]) -> bool:
    """Whether a good part of the lost leads is lost by age, so that young ones are hardly ever lost."""
    lost = sum(one is False for one in after)
    aged = sum(was is None and now is False for was, now in zip(before, after))
    return aged >= _SOME and aged > _BY_AGE * lost


def _aged(
    known: Known, won: Sequence[bool | None], latest: float, days: int, open_days: int
) -> list[bool | None]:
    aged: list[bool | None] = []
    for one, at in zip(won, known.came_by):
        age = (latest - at) / _DAY if at is not None else None
        if one is None and days and age is not None and age >= days:
            aged.append(False)
        elif open_days and age is not None and age < open_days:
            aged.append(None)
        else:
            aged.append(one)
    return aged


def _said(
    before: Sequence[bool | None],
    after: Sequence[bool | None],
    days: int,
    open_days: int,
    source: SourceConfig,
    dashes: str,
) -> Finding:
    pairs = list(zip(before, after))
    lost = sum(was is None and now is False for was, now in pairs)
    young = sum(was is not None and now is None for was, now in pairs)
    assumed = bool(days) and not source.lost_after_days
    told = []
    if days:
        reason = "no cell means lost" if assumed else "as stated"
        told.append(
            f"{reason}: {lost} leads that were not won within {days} days count as lost, younger ones stay open"
        )
    if young and open_days > source.open_for_days:
        ends, left = (
            ("won", "none but buyers")
            if False not in before
            else ("won or lost", "more buyers than there are")
        )
        told.append(
            f"{young} of these were {ends} already, and count as open too: else {left} would be left"
        )
    elif source.open_for_days:
        told.append(
            f"{young} leads younger than {source.open_for_days} days count as open, as stated"
        )
    return Finding(
        "lost-after", "warn" if assumed else "pass", "; ".join(told),
        fix="state how long a lead may take: model.source.lost_after_days, or what means lost: model.source.lost" + _or(dashes)
        if assumed else "",
    )  # fmt: skip


def _or(dashes: str) -> str:
    return f"; if a dash means lost: model.source: {{{dashes}}}" if dashes else ""


def _all_lost(known: Known, source: SourceConfig) -> Judged:
    assert known.outcome is not None
    won = [False if one is None else one for one in known.outcome.won]
    if False not in won:
        return Judged(won)
    return Judged(won, Finding(
        "lost-after", "warn",
        f"no cell means lost and there is no date: all {won.count(False)} leads that are not won count as lost",
        fix="name a date with model.source.decided_at, or what means lost with model.source.lost"
        + _or(dash_line(known.sheet, known.outcome, source)),
    ))  # fmt: skip


def _days_to_win(known: Known) -> int:
    """Within how many days 95 of 100 won leads were won."""
    spans = sorted(
        end - start
        for won, start, end in zip(known.won, known.at, known.outcome_at)
        if won and start is not None and end is not None and end >= start
    )
    return round(spans[int(0.95 * (len(spans) - 1))] / _DAY) + 1 if spans else 0
