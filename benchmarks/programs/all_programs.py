"""Every program that there is a file of."""

from __future__ import annotations

from benchmarks.programs import (
    answers_by_country,
    asian_exports,
    base_answers,
    board_answers,
    board_exports,
    crm_answers,
    crm_exports,
    eastern_exports,
    erp_answers,
    form_answers,
    form_exports,
    french_exports,
    german_exports,
    large_crm_answers,
    lead_answers,
    more_crm_exports,
    more_form_answers,
    northern_exports,
    quote_exports,
    sales_answers,
    small_crm_answers,
    small_exports,
    southern_exports,
    trade_exports,
)
from benchmarks.programs.writing import Program

_BY_KIND = (
    answers_by_country,
    asian_exports,
    base_answers,
    board_answers,
    board_exports,
    crm_answers,
    crm_exports,
    eastern_exports,
    erp_answers,
    form_answers,
    form_exports,
    french_exports,
    german_exports,
    large_crm_answers,
    lead_answers,
    more_crm_exports,
    more_form_answers,
    northern_exports,
    quote_exports,
    sales_answers,
    small_crm_answers,
    small_exports,
    southern_exports,
    trade_exports,
)
PROGRAMS: tuple[Program, ...] = tuple(one for kind in _BY_KIND for one in kind.PROGRAMS)
