"""What colours a person gave to rows by hand, as in a list where green is sold and red is lost. XLSX and ODS tell them.

Colours that a rule gives (conditional formats, table styles) are no cell's own and are not met. A column that is coloured
throughout is a design, and so are rows that are coloured by turns.
"""

from __future__ import annotations

import colorsys
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from kits.core.spreadsheets.marks import Marks
from kits.core.spreadsheets.package import Package, pairs

_STYLES, _THEME = "xl/styles.xml", "xl/theme/theme1.xml"
_INDEXED = (
    "000000FFFFFFFF000000FF000000FFFFFF00FF00FF00FFFF800000008000000080808000800080008080C0C0C0808080"
    "9999FF993366FFFFCCCCFFFF660066FF80800066CCCCCCFF000080FF00FFFFFF0000FFFF8000808000000080800000FF"
    "00CCFFCCFFFFCCFFCCFFFF9999CCFFFF99CCCC99FFFFCC993366FF33CCCC99CC00FFCC00FF9900FF6600666699969696"
    "003366339966003300333300993300993366333399333333"
)
"""The colours of old workbooks by their numbers, six signs each, from 8 on; 0 to 7 are the first eight once more."""
_THEMED = ("lt1", "dk1", "lt2", "dk2", *(f"accent{n}" for n in range(1, 7)), "hlink", "folHlink")
_HUES = ((15, "red"), (47, "orange"), (70, "yellow"), (170, "green"), (200, "turquoise"), (255, "blue"), (290, "purple"), (345, "pink"), (361, "red"))  # fmt: skip
_PALE, _LIGHT, _DARK = 0.12, 0.96, 0.08
_DESIGN = 0.95
"""Share of a column's cells of one colour from which on the colour says nothing of rows."""
_BY_TURNS = 0.8
_LEAST = 3


def fills_of(package: Package) -> dict[str, str]:
    """Number of a style → its cells' own colour, as `92D050`; styles without one are not there."""
    if _STYLES not in package.names:
        return {}
    theme = _theme(package)
    fills: list[str] = []
    found: dict[str, str] = {}
    inside = [""]
    styles = [0]

    def style(name: str, told: list[str]) -> bool:
        if name in ("cellXfs", "cellStyleXfs", "dxfs", "cellStyles", "fills"):
            inside[0] = name
        elif inside[0] == "fills":
            attributes = pairs(told)
            if name == "fill":
                fills.append("")
            elif name == "patternFill" and attributes.get("patternType", "none") == "solid":
                fills[-1] = "solid"
            elif name == "fgColor" and fills and fills[-1] == "solid":
                fills[-1] = _rgb(attributes, theme)
        elif name == "xf" and inside[0] == "cellXfs":
            number = pairs(told).get("fillId", "")
            fill = fills[int(number)] if number.isdigit() and int(number) < len(fills) else ""
            if fill and fill != "solid" and name_of(fill):
                found[str(styles[0])] = fill
            styles[0] += 1
        return False

    package.parse(_STYLES, style)
    return found


def name_of(rgb: str) -> str:
    """What people call a colour; empty: white, as a cell without one."""
    red, green, blue = (int(rgb[n : n + 2], 16) / 255 for n in (0, 2, 4))
    hue, light, vivid = colorsys.rgb_to_hls(red, green, blue)
    if max(red, green, blue) - min(red, green, blue) <= _PALE * min(1.0, 2 * light):
        return "" if light > _LIGHT else "black" if light < _DARK else "grey"
    return next(name for bound, name in _HUES if hue * 360 < bound) if vivid else "grey"


def row_colours(marks: Marks, rows: Sequence[int], filled: Mapping[int, int]) -> dict[int, str]:
    """Row → the colour that most of its coloured cells have; empty where colours tell no row from another.

    Args:
        rows: of the table below its names, in their order.
        filled: column → cells with something in them, in these rows.
    """
    known = set(rows)
    votes: dict[int, Counter[str]] = defaultdict(Counter)
    for column in sorted(marks.colours):
        cells = [(row, rgb) for row, rgb in marks.coloured(column) if row in known]
        counts = Counter(rgb for _, rgb in cells)
        if counts and max(counts.values()) < _DESIGN * max(filled.get(column, 0), 1):
            for row, rgb in cells:
                votes[row][rgb] += 1
    found = {row: votes[row].most_common(1)[0][0] for row in rows if row in votes}
    shown = [found.get(row, "") for row in rows]
    changes = sum(one != other for one, other in pairwise(shown))
    if len(found) < _LEAST or len(set(shown)) < 2 or changes >= _BY_TURNS * (len(shown) - 1):
        return {}
    names = _names(Counter(found.values()))
    return {row: names[rgb] for row, rgb in found.items()}


def _names(counts: Counter[str]) -> dict[str, str]:
    """A name for each colour, by its number too where two have the same."""
    called: dict[str, list[str]] = defaultdict(list)
    for rgb, _ in counts.most_common():
        called[name_of(rgb)].append(rgb)
    return {
        rgb: name if len(alike) == 1 else f"{name} {rgb}"
        for name, alike in called.items()
        for rgb in alike
    }


def _rgb(attributes: Mapping[str, str], theme: Mapping[str, str]) -> str:
    """`92D050` of a colour by its value, its number or its place in the theme; empty where it is none."""
    rgb = attributes.get("rgb", "")[-6:]
    if "theme" in attributes:
        place = int(attributes["theme"]) if attributes["theme"].isdigit() else len(_THEMED)
        rgb = theme.get(_THEMED[place], "") if place < len(_THEMED) else ""
    elif "indexed" in attributes and attributes["indexed"].isdigit():
        number = int(attributes["indexed"])
        place = number if number < 8 else number - 8
        rgb = _INDEXED[6 * place : 6 * place + 6]
    if len(rgb) != 6 or not all(sign in "0123456789abcdefABCDEF" for sign in rgb):
        return ""
    return _tinted(rgb.upper(), attributes.get("tint", ""))


def _tinted(rgb: str, tint: str) -> str:
    """A colour that is made lighter (above nought) or darker."""
    try:
        by = float(tint or 0)
    except ValueError:
        by = 0.0
    if not by or not math.isfinite(by):
        return rgb
    by = max(-1.0, min(1.0, by))
    hue, light, vivid = colorsys.rgb_to_hls(*(int(rgb[n : n + 2], 16) / 255 for n in (0, 2, 4)))
    light = light * (1 + by) if by < 0 else light + (1 - light) * by
    return "".join(f"{round(255 * part):02X}" for part in colorsys.hls_to_rgb(hue, light, vivid))


def _theme(package: Package) -> dict[str, str]:
    """Place in the theme → its colour."""
    found: dict[str, str] = {}
    if _THEME not in package.names:
        return found
    place = [""]

    def colour(name: str, told: list[str]) -> bool:
        if name in _THEMED:
            place[0] = name
        elif place[0] and name in ("srgbClr", "sysClr"):
            attributes = pairs(told)
            found.setdefault(place[0], attributes.get("lastClr") or attributes.get("val", ""))
            place[0] = ""
        return False

    package.parse(_THEME, colour)
    return found
