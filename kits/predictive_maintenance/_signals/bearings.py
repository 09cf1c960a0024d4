"""Rolling bearings: their geometry by number, and the orders at which a damaged one rings.

It is responsible for the packaged table `bearings.csv`, a user's table beside it, and the kinematics of a bearing
whose outer ring stands still. It is not responsible for signals: `_signals/envelope.py` looks for the orders in them.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kits.core.errors import DataError, did_you_mean

TABLE = Path(__file__).with_name("bearings.csv")
_COLUMNS = ("designation", "elements", "element_mm", "pitch_mm", "contact_deg", "source")
_GEOMETRY_FIX = (
    "check the number on the ring, or give the geometry: rolling elements, element_mm, pitch_mm and "
    "contact_deg from the maker's sheet (in the configuration, or as a row of your own table)"
)
_MAKERS = (
    "SKF FAG INA NSK NTN NTN-SNR SNR KOYO JTEKT NACHI TIMKEN REXNORD LDK ZKL KBC HRB RHP SLF FAFNIR"
)
_STAINLESS = ("SS", "S", "W", "E2.")
_SEPARATORS = r"[\s\-/.]*"


@dataclass(frozen=True)
class Geometry:
    """What of a bearing decides its orders.

    Attributes:
        elements: balls or rollers in one row.
        element_mm: their diameter; pitch_mm: that of the circle through their centres.
        contact_deg: contact angle; 0 for deep-groove and cylindrical bearings.
        source: where the figures come from.
    """

    designation: str
    elements: int
    element_mm: float
    pitch_mm: float
    contact_deg: float = 0.0
    source: str = ""

    @property
    def orders(self) -> BearingOrders:
        """See `orders`."""
        return orders(self.elements, self.element_mm, self.pitch_mm, self.contact_deg)


@dataclass(frozen=True)
class BearingOrders:
    """Events per turn of the shaft, the outer ring standing still.

    Attributes:
        bpfo: a damaged outer ring is passed by an element.
        bpfi: a damaged inner ring is.
        bsf: a damaged element turns once; it strikes at twice this order (one ring, then the other).
        ftf: the cage turns once.
    """

    bpfo: float
    bpfi: float
    bsf: float
    ftf: float


def orders(
    elements: int, element_mm: float, pitch_mm: float, contact_deg: float = 0.0
) -> BearingOrders:
    """The orders of a bearing (Randall & Antoni 2011, Rolling element bearing diagnostics, eqs. 1-4).

    Raises:
        DataError: a geometry that no bearing has.
    """
    if elements < 3 or not 0 < element_mm < pitch_mm or not 0 <= contact_deg < 90:
        raise DataError(
            f"no bearing: {elements} elements of {element_mm} mm on a circle of {pitch_mm} mm, "
            f"contact angle {contact_deg}°",
            fix="pitch_mm is the diameter of the circle through the elements' centres, about "
            "(bore + outside diameter) / 2",
        )
    ratio = element_mm / pitch_mm * math.cos(math.radians(contact_deg))
    return BearingOrders(
        bpfo=elements / 2 * (1 - ratio),
        bpfi=elements / 2 * (1 + ratio),
        bsf=pitch_mm / (2 * element_mm) * (1 - ratio**2),
        ftf=(1 - ratio) / 2,
    )


def lookup(designation: str, table: Path | None = None) -> Geometry:
    """The bearing of a number as printed on it: `6205`, `SKF 6205-2RS C3` and `NU 205 ECP` are understood.

    Args:
        table: a csv of the user's with the columns of `bearings.csv`; its rows come before the packaged ones.

    Raises:
        DataError: an unknown number (names the nearest known one and how to give the geometry instead), or a
            table that cannot be read.
    """
    known = dict(read_table(TABLE))
    if table is not None:
        known |= read_table(table)
    bare = _without_maker(designation.upper().strip())
    for name in sorted(known, key=len, reverse=True):
        if _pattern(name).match(bare):
            return known[name]
    number = re.match(r"[A-Z]*\W?\d+[A-Z]?", bare)
    hint = did_you_mean(number.group() if number else bare, known)
    near = f"{hint} Otherwise " if hint.startswith("did") else ""
    raise DataError(f"bearing {designation!r} is not known", fix=near + _GEOMETRY_FIX)


def read_table(path: Path) -> Mapping[str, Geometry]:
    """Geometry by designation (upper case); lines that begin with # are comments.

    Raises:
        DataError: not there, a column missing, or a figure that is none.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise DataError(
            "the table of bearings cannot be read", where=str(path), fix=str(error)
        ) from None
    kept = [(n, line) for n, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]
    rows = csv.DictReader(line for _, line in kept)
    missing = [c for c in _COLUMNS[:4] if c not in (rows.fieldnames or ())]
    if missing:
        raise DataError(
            f"a table of bearings without the column {missing[0]}",
            where=str(path),
            fix="columns: " + ",".join(_COLUMNS),
        )
    return dict(_geometries(rows, [n for n, _ in kept[1:]], path))


def _geometries(
    rows: Iterable[Mapping[str, str | None]], numbers: Iterable[int], path: Path
) -> Iterable[tuple[str, Geometry]]:
    for number, row in zip(numbers, rows):
        try:
            found = Geometry(
                (row["designation"] or "").strip(),
                int(row["elements"] or ""),
                float(row["element_mm"] or ""),
                float(row["pitch_mm"] or ""),
                float(row.get("contact_deg") or 0),
                (row.get("source") or "").strip(),
            )
        except ValueError as error:
            raise DataError(
                f"not a bearing: {error}",
                where=f"{path}, line {number}",
                fix="columns: " + ",".join(_COLUMNS),
            ) from None
        yield found.designation.upper(), found


def _without_maker(text: str) -> str:
    for maker in sorted(_MAKERS.split(), key=len, reverse=True):
        if text.startswith(maker):
            text = text[len(maker) :].lstrip(" -:/")
            break
    for prefix in _STAINLESS:
        if text.startswith(prefix) and text[len(prefix) :].lstrip(" -")[:1].isdigit():
            return text[len(prefix) :].lstrip(" -")
    return text


def _pattern(name: str) -> re.Pattern[str]:
    """A known number, however it is spaced, at the start; a further digit would be another bearing."""
    plain = [c for c in name.upper() if c.isalnum()]
    return re.compile(_SEPARATORS.join(map(re.escape, plain)) + r"(?!\d)")
