"""Every program that there is a file of."""

from __future__ import annotations

from benchmarks.programs import crm_answers, small_exports
from benchmarks.programs.writing import Program

PROGRAMS: tuple[Program, ...] = (*crm_answers.PROGRAMS, *small_exports.PROGRAMS)
