"""Every program that there is a file of."""

from __future__ import annotations

from benchmarks.programs import (
    answers_by_country,
    asian_exports,
    board_exports,
    crm_answers,
    crm_exports,
    eastern_exports,
    form_exports,
    french_exports,
    german_exports,
    more_crm_exports,
    northern_exports,
    quote_exports,
    small_exports,
    southern_exports,
    trade_exports,
)
from benchmarks.programs.writing import Program

PROGRAMS: tuple[Program, ...] = (
    *crm_answers.PROGRAMS, *crm_exports.PROGRAMS, *small_exports.PROGRAMS, *board_exports.PROGRAMS, *form_exports.PROGRAMS,
    *german_exports.PROGRAMS, *french_exports.PROGRAMS, *southern_exports.PROGRAMS, *northern_exports.PROGRAMS,
    *eastern_exports.PROGRAMS, *asian_exports.PROGRAMS, *trade_exports.PROGRAMS, *quote_exports.PROGRAMS,
    *more_crm_exports.PROGRAMS, *answers_by_country.PROGRAMS,
)  # fmt: skip
