"""The page `docs/reference/features.md`, written from the table of groups: each figure with its unit and source.

It is not responsible for the figures themselves; a group that is not described here is an error when the page is made.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from kits.core.files import write_atomically
from kits.predictive_maintenance._signals.bearings import orders
from kits.predictive_maintenance._signals.features import FeatureSpec, names, units
from kits.predictive_maintenance._signals.groups import GROUPS, GroupName
from kits.predictive_maintenance._signals.kernels import KernelSpec

_ABOUT: Mapping[GroupName, tuple[str, str]] = {
    "waveform": (
        "The classical indicators of the time domain, of the window without its mean. Always on.",
        "Randall 2011, Vibration-based Condition Monitoring, ch. 5",
    ),
    "spectrum": (
        "Outline of the power spectrum and the level in octaves counted down from half the rate. Always on.",
        "Randall 2011, ch. 3; entropy after Shannon 1948",
    ),
    "severity": (
        "Velocity RMS of 10–1000 Hz. On where the unit is one of acceleration or velocity.",
        "ISO 20816-1:2016 and 20816-3:2022",
    ),
    "shaft": (
        "Lines at 1, 2 and 3 times the shaft's speed: unbalance, misalignment, looseness. On where a speed is"
        " known. Like all figures of orders below they are taken over the angle of the shaft where its speed changes within"
        " a window.",
        "Randall 2011, ch. 2; ISO 13373-2:2016; Fyfe & Munck 1997, Mech. Syst. Signal Process. 11(2), 187–205",
    ),
    "envelope": (
        "Level and kurtosis of the envelope of three parts of the spectrum, and with `model.envelope_bands: kurtogram` of"
        " the band in which impacts ring (`envelope_3_…`); with `model.bearings` and a speed, how far the order of each"
        " fault stands above its surroundings, and its sidebands.",
        "Randall & Antoni 2011, Mech. Syst. Signal Process. 25(2), 485–520; Antoni 2007, ibid. 21(1), 108–124",
    ),
    "cepstrum": (
        "Families of lines at equal distances, as meshing gears and looseness make them. On with `model.gear_orders`.",
        "Randall 2017, Mech. Syst. Signal Process. 97, 3–19",
    ),
    "mel": (
        "Level in bands as wide as hearing resolves them. On for sound: channels whose unit is `FS`.",
        "Stevens, Volkmann & Newman 1937, J. Acoust. Soc. Am. 8, 185–190",
    ),
    "kernels": (
        "Shares of readings where fixed kernels of nine weights answer above a fitted bias (MiniRocket): 84 columns or"
        " more without a physical meaning. On when asked for; useful with many labelled recordings only.",
        "Dempster, Schmidt & Webb 2021, KDD '21, 248–257",
    ),
}
_NOTE = "<!-- made by `make docs`; do not edit -->\n"


def render() -> str:
    """The page, in Markdown."""
    parts = [
        _NOTE,
        "# Features\n",
        "What a device computes of each window of a channel of 1 kHz or more, by group. The groups are chosen from the"
        " data; `model.features` in `kit.yaml` replaces the choice. *unit* is the channel's own. In a model a column is"
        " called `channel · figure`, as in `vibration · kurtosis`. Why these: [machines](../explanation/machines.md).\n",
    ]
    for group in GROUPS:
        about, source = _ABOUT[group]
        parts += [f"## `{group}`\n", f"{about}\n", "| figure | unit |", "|---|---|"]
        parts += [f"| `{name}` | {unit or '–'} |" for name, unit in _columns(group)]
        parts += [f"\nSource: {source}.\n"]
    parts += [
        "## Slower channels\n",
        "From 10 Hz up to 1 kHz a window has the course of each channel instead: mean, spread, slope, low, high, and"
        " the means of its first and last seventh, in the channel's unit. Below 10 Hz each reading is a row, and what"
        " was before stands beside it (`model.condition.lags`).\n",
    ]
    return "\n".join(parts)


def _columns(group: GroupName) -> list[tuple[str, str]]:
    """Name and unit of a group's columns, for a channel in g that hears one bearing called 6205."""
    spec = FeatureSpec(
        groups=(group,),
        unit="g",
        rate_hz=25_600,
        bearings={"6205": orders(9, 7.94, 39.04)},
        sidebands=True,
        kernels=KernelSpec(samples=4096, dilations=(1,), per_dilation=(1,), biases=(0.0,) * 84),
    )
    found = [(n, u.replace("unit", "*unit*")) for n, u in zip(names(spec), units(spec))]
    return [(n, "*unit*" if u == "g" else u) for n, u in _shortened(found)]


def _shortened(columns: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The first and the last of columns that are numbered on and on."""
    if len(columns) <= 40:
        return columns
    return [columns[0], ("…", ""), columns[-1]]


def main(arguments: list[str]) -> None:
    """Writes the page to the file named."""
    write_atomically(Path(arguments[0]), render().encode())


if __name__ == "__main__":
    main(sys.argv[1:])
