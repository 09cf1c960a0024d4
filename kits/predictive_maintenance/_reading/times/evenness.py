"""How evenly rows come: tells of times that jitter, and of silences that end a recording."""

from __future__ import annotations

import numpy as np

from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import GAP_PERIODS, Series, gaps

_UNEVEN = 0.2
_OFTEN_UNEVEN = 0.05


def say_gaps(series: Series, notes: Notes) -> None:
    """Tells how unevenly the rows of a recording come, and how often they fall silent."""
    if series.seconds is not None and series.rows > 2:
        steps = np.diff(series.seconds) / series.period_s
        uneven = float(np.mean((steps < GAP_PERIODS) & (np.abs(steps - 1) > _UNEVEN)))
        if uneven > _OFTEN_UNEVEN:
            notes.warn(
                "rate-jitter",
                "rows come at uneven times",
                f"{series.source}: {uneven:.0%} of the steps are off by more than {_UNEVEN:.0%}",
                "log at a fixed rate: trends and spectra need it",
            )
    found = gaps(series, 0, series.rows)
    if found:
        notes.say(
            "gaps",
            f"silences of more than {GAP_PERIODS:.0f} periods end a recording",
            f"{series.source}: {len(found)}",
        )
