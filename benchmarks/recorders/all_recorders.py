"""Every recorder that there are files of."""

from __future__ import annotations

from typing import Final

from benchmarks.recorders import (
    captures,
    connected,
    controllers,
    databases,
    historians,
    last_exports,
    loggers,
    measured,
    more_exports,
    more_sets,
    public_sets,
    public_units,
)
from benchmarks.recorders.writing import Recorder

RECORDERS: Final[tuple[Recorder, ...]] = tuple(
    recorder
    for kind in (
        historians,
        databases,
        connected,
        controllers,
        loggers,
        captures,
        measured,
        public_sets,
        public_units,
        more_exports,
        more_sets,
        last_exports,
    )
    for recorder in kind.RECORDERS
)
