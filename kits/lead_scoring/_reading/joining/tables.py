"""Joins the tables of an import to that of the leads, and keeps what must wait for each lead's decision.

How tables hang together is found in `relations.py`; what each kind of them adds in `accounts.py`, `events.py`, `history.py`
and `sales.py`. It opens no files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kits.core.kit import Finding
from kits.lead_scoring._lead import Value
from kits.lead_scoring._reading.columns.learned import Learned
from kits.lead_scoring._reading.columns.mapping import find_mapping
from kits.lead_scoring._reading.columns.role_times import seconds_of
from kits.lead_scoring._reading.columns.roles import Roles
from kits.lead_scoring._reading.columns.stated import column_named
from kits.lead_scoring._reading.joining.accounts import (
    Joined,
    end_of_days,
    end_of_minutes,
    join_accounts,
    known_by,
    tells_days,
)
from kits.lead_scoring._reading.joining.clocks import clocks_apart, lags_of
from kits.lead_scoring._reading.joining.events import (
    Seconds,
    Timed,
    event_columns,
    find_amount,
    find_kind,
    find_time,
    known_from,
)
from kits.lead_scoring._reading.joining.history import Columns, Fields, find_fields, history_columns
from kits.lead_scoring._reading.joining.relations import Link, find_link
from kits.lead_scoring._reading.joining.sales import (
    join_sales,
    named_like_sales,
    telling_sales,
    time_of_sales,
)
from kits.lead_scoring._reading.joining.several import one_of_several
from kits.lead_scoring._reading.joining.sums_of_leads import without_sums_of_leads
from kits.lead_scoring._reading.outcome.history import with_last_states
from kits.lead_scoring._reading.outcome.tables import with_outcomes
from kits.lead_scoring._reading.tables.kinds_of_lists import are_alike
from kits.lead_scoring._reading.tables.leads_table import (
    find_leads,
    other_choices,
    outcome_columns,
    tells_outcomes,
)
from kits.lead_scoring._reading.tables.renamed import labels_as_known
from kits.lead_scoring._reading.tables.sheets import Sheet, labels_of
from kits.lead_scoring._reading.tables.stated_tables import stating
from kits.lead_scoring._reading.tables.things import ranked_in
from kits.lead_scoring.config import Config, SourceConfig, TableConfig

_MANY = 20
_BESIDE = 2
"""Names of a CRM that tell a table of it, where the leads are of that CRM."""
_ROUNDS = 3
"""A table may belong to another one that belongs to the leads."""

Stated = Callable[[str], TableConfig | None]
"""What is stated of a file; None: nothing."""


@dataclass
class Tables:
    """The tables of one import.

    Attributes:
        leads: a row each lead, with what accounts know of it.
        joined: its columns that came from other tables.
        dated: tables of accounts whose rows came at a time.
        changed: tables of accounts, and the joined column that says when their rows were changed last.
        timed: tables of events and changes, which wait for the decision's time.
        findings: files passed over, and what was joined to what.
        source: what columns mean, where a table of sales or of states tells the outcome.
        known: columns that a bundle learned from.
        ended: columns of the leads that say what became of them.
    """

    leads: Sheet
    joined: list[str] = field(default_factory=list)
    labels: Mapping[str, str] = field(default_factory=dict)
    dated: list[tuple[str, Joined]] = field(default_factory=list)
    changed: list[tuple[str, str]] = field(default_factory=list)
    timed: list[tuple[Timed, Fields | None]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    source: SourceConfig | None = None
    known: frozenset[str] = frozenset()
    ended: tuple[str, ...] = ()

    def extend(self, leads: Sheet, roles: Roles, decided: Seconds) -> Columns:
        """Columns from other tables as they were known at each lead's decision."""
        columns: dict[str, Sequence[Value] | None] = {}
        days = bool(roles.decided_at) and tells_days(leads, roles.decided_at, decided)
        until = end_of_minutes(decided)
        by = end_of_days(decided) if days else until
        for name, joined in self.dated:
            kept, late = known_by(leads, joined, by)
            columns.update(kept)
            if late:
                self.findings.append(_late(name, late))
            if not days:
                self.findings.extend(clocks_apart(name, lags_of(joined.came, decided)))
        for name, column in self.changed:
            self.findings.extend(_changed(leads, name, column, by))
        for timed, fields in self.timed:
            if not roles.decided_at:
                self.findings.append(_without_decision(timed.sheet.name))
            elif fields is not None:
                found, told = history_columns(leads, timed, fields, until)
                columns.update(found)
                self.findings.extend(told)
            else:
                counted, told = event_columns(leads, timed, decided, until, days=days)
                columns.update(counted)
                self.findings.extend(told)
        return columns


def join(
    sheets: Sequence[Sheet],
    config: Config,
    stated: Stated,
    findings: list[Finding],
    learned: Learned,
) -> Tables:
    """The table of leads with everything that others know of it.

    Args:
        findings: what is told is added to it.
        learned: what is known of such tables.

    Raises:
        ConfigError: a stated column is not there.
    """
    roles = {s.name: said.role if (said := stated(s.files[0])) else "" for s in sheets}
    main, left, source, told = _main(sheets, roles, config.source, learned)
    findings.extend(told)
    tables = Tables(
        main,
        findings=findings,
        source=source,
        labels=labels_as_known(labels_of(left), learned.columns),
        known=frozenset(learned.columns),
        ended=outcome_columns(main, source or config.source) if left else (),
    )
    findings.extend(other_choices(main, left, roles, config.source))
    if not any(role == "sales" for role in roles.values()) and not tells_outcomes(
        main, config.source
    ):
        named = [s for s in left if not roles[s.name] and named_like_sales(s)]
        roles |= dict.fromkeys((s.name for s in telling_sales(main, named)), "sales")
    for _ in range(_ROUNDS):
        before = len(left)
        left = [
            s for s in left if not _joined(tables, s, roles[s.name], config, stated(s.files[0]))
        ]
        if not left or len(left) == before:
            break
    tables.findings.extend(_unrelated(sheet, main, config.source) for sheet in left)
    return tables


def _main(
    sheets: Sequence[Sheet], roles: Mapping[str, str], source: SourceConfig, learned: Learned
) -> tuple[Sheet, list[Sheet], SourceConfig | None, list[Finding]]:
    """The table of leads, the others, what is stated of it beyond the settings, and what is told."""
    main = find_leads(sheets, roles, source)
    left = [sheet for sheet in sheets if sheet is not main]
    if roles[main.name]:
        return main, left, None, []
    free = [sheet for sheet in left if not roles[sheet.name]]
    states = with_last_states(main, free, source)
    if states is not None:
        found, more, told = states.leads, states.source, [states.said]
        left = [sheet for sheet in left if sheet.name != found.name]
    else:
        found, whole, said = with_outcomes(main, free, source)
        more, told = None, [said] if said else []
        left = [sheet for sheet in left if sheet is not whole]
    known = learned.nearest(found, [main, *free])
    if known is not found:
        # open deals tell no outcome, and the contacts beside them do
        return known, [sheet for sheet in sheets if sheet is not known], None, []
    return found, left, more, told


def _joined(
    tables: Tables, sheet: Sheet, role: str, config: Config, stated: TableConfig | None
) -> bool:
    """Joins a table to the leads, or tells why it cannot be used; False: it has nothing in common with them yet."""
    key = column_named(sheet.columns, stated.key, "tables.key") if stated and stated.key else ""
    of = column_named(tables.leads.columns, stated.of, "tables.of") if stated and stated.of else ""
    at = column_named(sheet.columns, stated.at, "tables.at") if stated and stated.at else ""
    link = find_link(tables.leads, sheet, of, key)
    if link is None:
        return False
    label = tables.labels.get(sheet.name, sheet.label)
    fields = find_fields(sheet) if role in ("", "history") else None
    if role == "sales":
        sold = join_sales(tables.leads, sheet, link, time_of_sales(sheet, at), config.source)
        tables.leads, tables.source = sold.leads, sold.source
        tables.findings.append(sold.said)
    elif fields is None and (
        role == "accounts" or (not role and (link.unique or one_of_several(sheet, link)))
    ):
        if not role and link.lead_column in tables.ended:
            tables.findings.append(_of_outcomes(sheet.name, link))
            return True
        known, told = _without_later(tables.leads, sheet, link, config.source)
        kept = {*config.columns.keep, *tables.known}
        own, sums = without_sums_of_leads(tables.leads, known, link, label, kept)
        tables.findings.extend([*told, *sums])
        if own is not None:
            _join_accounts(tables, own, link, label, at)
    else:
        _wait(tables, sheet, link, label, at, fields)
    return True


def _without_later(
    leads: Sheet, sheet: Sheet, link: Link, source: SourceConfig
) -> tuple[Sheet, list[Finding]]:
    """A CRM's table without what it fills in afterwards: of a contact whether it became a customer, and what was done since.

    Beside leads of a CRM, fewer of its names tell that a table is of it, too.
    """
    crm = find_mapping(sheet.columns, source.mapping)
    main = find_mapping(leads.columns, source.mapping)
    if crm is None and main is not None:
        crm = find_mapping(sheet.columns, main.title.casefold(), _BESIDE)
    if crm is None:
        return sheet, []
    rules = [name for rule in crm.names.outcome for name in crm.find(rule.columns, sheet.columns)]
    later = {*rules, *crm.later(sheet.columns), *crm.find(crm.names.outcome_at, sheet.columns)}
    out = tuple(name for name in sheet.columns if name in later and name != link.column)
    cells = {name: texts for name, texts in sheet.cells.items() if name not in out}
    told = f"{len(out)} columns of {sheet.name} are states of today by {crm.title}: left out"
    findings = [Finding("known-later", "pass", told, out)] if out else []
    return replace(sheet, cells=cells), findings


def _join_accounts(tables: Tables, sheet: Sheet, link: Link, label: str, at: str) -> None:
    came = find_time(sheet, at, "decided_at")[1] or _happened(sheet)
    joined = join_accounts(tables.leads, sheet, link, label, came)
    tables.leads = joined.leads
    tables.joined.extend(joined.added)
    tables.findings.append(joined.said)
    if joined.came:
        tables.dated.append((sheet.name, joined))
    last = [f"{label}.{name}" for name in ranked_in(sheet, sheet.columns, "changed_at")]
    tables.changed.extend((sheet.name, name) for name in last[:1] if name in joined.added)


def _happened(sheet: Sheet) -> Seconds:
    """When what each row tells happened, where nothing says when the row came; none of a change or of an export, all on one day."""
    name, seconds = find_time(sheet)
    days = {int(at // 86_400) for at in seconds if at is not None}
    return seconds if len(days) > 1 and name not in ranked_in(sheet, [name], "changed_at") else ()


def _wait(
    tables: Tables, sheet: Sheet, link: Link, label: str, at: str, fields: Fields | None
) -> None:
    name, seconds = find_time(sheet, at)
    if name:
        known = known_from(sheet, name, seconds)
        timed = Timed(
            sheet, link, label, name, seconds, known, find_kind(sheet), find_amount(sheet)
        )
        tables.timed.append((timed, fields))
    else:
        tables.findings.append(_without_time(sheet.name, _dates_of(sheet)))


def _dates_of(sheet: Sheet) -> list[str]:
    return [name for name in sheet.columns if sheet.typed(name).kind == "date"]


def _may_list(sheet: Sheet, source: SourceConfig) -> bool:
    """Whether a table may list the leads of another year: an older CRM's have other names for all, and words of its own for their ends."""
    return tells_outcomes(sheet, source) or bool(ranked_in(sheet, sheet.columns, "outcome_at"))


def _unrelated(sheet: Sheet, main: Sheet, source: SourceConfig) -> Finding:
    leads = ""
    if are_alike(sheet, main):
        both = ", ".join(stating(one.files[0], "leads") for one in (main, sheet))
        leads = (
            f"if it lists further leads, say so in kit.yaml: model.source.tables: [{both}]; else "
        )
    elif _may_list(sheet, source):
        leads = f"if it lists further leads, name its columns as those of {main.name} and import again; else "
    return Finding(
        "table-unrelated",
        "warn",
        f"{sheet.name} was passed over: no column of it has enough values in common with one of a like name, or of codes, in {main.name}",
        (sheet.name,),
        f"{leads}name the columns in kit.yaml: model.source.tables: [{{file, role, key, of}}], or role: ignore",
        unread=True,
    )


def _of_outcomes(name: str, link: Link) -> Finding:
    """Of a table that says something of each outcome, as a legend does: joined, it would tell what is asked."""
    what = f"{name} was passed over: its rows belong to what became of the leads ({link.lead_column}), which is known afterwards"
    fix = f"nothing to do; if it lists something else: model.source.tables: [{stating(name, 'accounts')}]"
    return Finding("outcome-explained", "pass", what, (name,), fix)


def _late(name: str, leads: int) -> Finding:
    return Finding(
        "joined-late",
        "pass",
        f"{leads} leads were decided before their row of {name} came, so it was not known and was left out for them",
    )


def _changed(leads: Sheet, name: str, column: str, decided: Seconds) -> list[Finding]:
    """Whether most rows of a joined table were changed after their lead's decision: what they say may be later."""
    pairs = zip(seconds_of(leads, column), decided)
    known = [(at, by) for at, by in pairs if at is not None and by is not None]
    late = sum(at > by for at, by in known)
    if late < _MANY or late <= len(known) / 2:
        return []
    told = (
        f"rows of {name} were changed after the decision of {late} of {len(known)} leads ({column}): what else they say is "
        "of today, and what came later in it cannot be told"
    )
    fix = "ask what is counted on there (opens, visits, ratings): model.columns.exclude; a table of changes tells what was known"
    return [Finding("joined-changed", "warn", told, fix=fix)]


def _without_time(name: str, dates: Sequence[str]) -> Finding:
    """Of a table whose rows have no time that is known to be theirs."""
    told = tuple(f"{one}: holds dates" for one in dates)
    at = dates[0] if len(dates) == 1 else "…"
    there = (
        f"if all of its rows were there when the leads came: model.source.tables: [{stating(name, 'accounts')}], which takes the "
        "first row of each lead; else "
    )
    return Finding(
        "table-without-time",
        "warn",
        f"{name} was left out: no column is known to say when its rows happened, so which of them were known when a lead was decided "
        "cannot be told",
        told or (name,),
        f"{'' if dates else there}name the column in kit.yaml: model.source.tables: [{stating(name, 'events', at)}]",
    )


def _without_decision(name: str) -> Finding:
    """Of a table whose rows have a time, beside leads that have none."""
    return Finding(
        "table-without-time",
        "warn",
        f"{name} was left out: it cannot be told which of its rows were known when a lead was decided, as leads have no time",
        (name,),
        "name the column with the time at which leads came in kit.yaml: model.source.decided_at; where all were asked on one day, as by "
        "a mailing, add a column with that day",
    )
