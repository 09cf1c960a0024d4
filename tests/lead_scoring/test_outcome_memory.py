"""Of cells whose words are kept no whole texts are: a column may hold letters of many pages, in a hub that runs for months."""

from __future__ import annotations

import tracemalloc

from kits.lead_scoring._reading.outcome.cells import word_of

LEADS, PAGE = 500, 20_000


def test_long_cells_are_not_kept() -> None:
    tracemalloc.start()
    try:
        for number in range(LEADS):
            word_of(f"letter {number} " + "x " * (PAGE // 2))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < LEADS * PAGE / 4
