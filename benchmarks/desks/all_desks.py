"""Every file of tickets that there is."""

from __future__ import annotations

from benchmarks.desks import (
    boards,
    by_language,
    crm_cases,
    desk_answers,
    desk_exports,
    forms,
    further,
    it_desks,
    mailboxes,
    message_tables,
    more_answers,
    more_exports,
    more_sets,
    text_sets,
)
from benchmarks.desks.writing import Desk

_BY_KIND = (
    boards,
    by_language,
    crm_cases,
    desk_answers,
    desk_exports,
    forms,
    further,
    it_desks,
    mailboxes,
    message_tables,
    more_answers,
    more_exports,
    more_sets,
    text_sets,
)
DESKS: tuple[Desk, ...] = tuple(one for kind in _BY_KIND for one in kind.PROGRAMS)
