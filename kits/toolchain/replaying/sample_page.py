"""The replay of samples that stand for themselves as one HTML file that needs nothing else. The look is `samples.html.j2`."""

from __future__ import annotations

from pathlib import Path

from kits.core.kit_manifest import Words
from kits.core.operating_point import Costs
from kits.toolchain.pages import render
from kits.toolchain.replaying import sample_text, text
from kits.toolchain.replaying.samples import VERDICTS, ReplayedSamples


def page(done: ReplayedSamples, heading: text.Heading, words: Words, costs: Costs) -> str:
    """Counts by truth and verdict, and the money."""
    return render(
        Path(__file__).with_name("samples.html.j2"),
        heading=heading,
        done=done,
        costs=costs,
        words=words,
        verdicts=VERDICTS,
        line=sample_text.outcome(done, words, costs),
        notes=sample_text.notes(done, heading),
        text=text,
    )
