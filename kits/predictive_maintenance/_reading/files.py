"""Which files of a folder are data, which describe it, and what their names tell.

Names only: assets, splits, rates and the order of captures are read from paths here; the content of
files is opened elsewhere.
"""

from __future__ import annotations

import filecmp
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from kits.core.dataset import SPLIT_WORDS, Split
from kits.core.errors import DataError
from kits.core.kit import Finding
from kits.predictive_maintenance._reading.columns.names import plain, role_of
from kits.predictive_maintenance._reading.formats.records import SUFFIXES as RECORDS
from kits.predictive_maintenance._reading.formats.table import Floats
from kits.predictive_maintenance._reading.formats.tables import SUFFIXES
from kits.predictive_maintenance._reading.sidecar import NAMES, Sidecar
from kits.predictive_maintenance._reading.times.periods import without_date, without_period

MAX_FILES = 200_000
SLOWEST_WAVE_HZ = 200.0
WAVES = frozenset({".wav"})
_SITES = frozenset({"site", "plant", "factory", "werk", "standort", "location", "area", "hall", "halle", "line", "linie", "customer", "tenant"})  # fmt: skip
"""Keys of folders that say where a machine is: others may have one of the same number."""
_PACKED = frozenset({".gz", ".bz2", ".xz", ".zst", ".zip", ".7z", ".rar", ".tar", ".tgz"})
WINDOWS = frozenset({".cbor"})
_RATE_BESIDE = re.compile(r"(?<!\d)\d{1,12}(?:[.,]\d{1,12})?\s{0,9}k?Hz")
_BESIDE = re.compile(
    r"(?:read_?me|data|licen[cs]e|notice|description|documentation|citation).*\.(?:md|txt|rst)",
    re.I,
)
_DATA = re.compile(
    r"data(?!.*(?:read_?me|licen|notice|descri|document|citation|info|dictionary|sheet)).*\.txt",
    re.I,
)
"""Of these what may be data itself."""
_META = re.compile(
    r"(?:.*_)?(?:meta|metadata|manifest|index|catalog|files)\.(?:csv|tsv|json|parquet|xlsx|xls|ods)",
    re.I,
)
_SPLITS: dict[str, Split] = {
    **SPLIT_WORDS, "learning": "train", "learn": "train", "eval": "test", "holdout": "test",
}  # fmt: skip
_NUMBERED_SPLIT = re.compile(r"^(train|test)\d{1,2}$")
"""`train1.csv` beside `test1.csv`; `val1` may be a valve."""
_RATE = re.compile(r"(?<![a-z0-9.])(\d+(?:[.,p]\d+)?)\s*_?(k|M)?\s*_?(hz|sps)?(?![a-z0-9])", re.I)
_COPY = re.compile(r"(?: \(\d{1,2}\)| ?- ?(?:Kopie|Copy|copie|copia)(?: \(\d{1,2}\))?)$", re.I)
"""What browsers and desktops put behind the name of a file that is there already."""
_HEAD_BYTES, _FEWEST_ROWS, _MOST_ROWS = 8 << 10, 5, 0.6
_VALUE = re.compile(r"[-+]?\d[\d.,:/eETZ+-]*|[-+]?[.,]\d[\d.,eE+-]*|nan|na|null|-", re.I)
"""A number, a date or a time; or what stands where there is none."""
_STAMP = re.compile(
    r"(?<!\d)((?:19|20)\d{2})[-_.]?(\d{2})[-_.]?(\d{2})[-_. T](\d{2})[-_.h]?(\d{2})(?:[-_.m]?(\d{2}))?(?!\d)"
)
"""`2003.10.22.12.06.24`, `2023-01-01T0600`, `20230101_060000`"""


def data_files(path: Path, suffixes: Iterable[str]) -> list[Path]:
    """Files with these suffixes under a folder, in the order of the numbers in their names.

    Hidden files, links that lead out, and files that only describe the data are left away; so are
    files of records (JSON, XML, logs) where there are tables.

    Raises:
        DataError: more files than an import takes.
    """
    if path.is_file():
        return [path]
    wanted, root = set(suffixes), path.resolve()
    found = [
        file
        for file in path.rglob("*")
        if (file.suffix.lower() in wanted or ("" in wanted and _is_stamped(file)))
        and not any(part.startswith((".", "~$")) for part in file.relative_to(path).parts)
        and file.is_file()
        and not describes(file)
        and file.resolve().is_relative_to(root)
    ]
    if len(found) > MAX_FILES:
        fix = "import some of its folders, or export more time into each file"
        raise DataError(f"{len(found)} files are more than {MAX_FILES}", where=str(path), fix=fix)
    # records stand beside tables as settings and lists of faults do
    tables = [file for file in found if file.suffix.lower() not in RECORDS]
    found = tables or found
    return sorted(found, key=lambda file: natural(file.relative_to(path).as_posix()))


def say_packed(path: Path) -> Iterator[Finding]:
    """Tells of packed files, which are not looked into."""
    packed = [f for f in path.rglob("*") if f.suffix.lower() in _PACKED and f.is_file()] if path.is_dir() else []  # fmt: skip
    if packed:
        names = tuple(sorted(name_in(file, path) for file in packed))
        yield Finding("packed", "warn", f"{len(names)} packed files are not read, such as {names[0]}", names,
                      "unpack them, and import again with --replace")  # fmt: skip


def _is_stamped(file: Path) -> bool:
    """Loggers name captures by their time alone: `2003.10.22.12.06.24` has no suffix."""
    return bool(_STAMP.fullmatch(file.name))


def describes(file: Path) -> bool:
    """Whether a file tells about the data instead of being it: of texts called so (`data.txt`) those without rows of numbers."""
    if _BESIDE.fullmatch(file.name):
        return not _DATA.fullmatch(file.name) or not _holds_rows(file)
    return file.name in NAMES or is_meta(file)


def _holds_rows(file: Path) -> bool:
    """Whether most lines of a text are numbers and times, a row each."""
    try:
        with file.open("rb") as stream:
            lines = stream.read(_HEAD_BYTES).decode("latin-1").replace("\0", "").splitlines()
    except OSError:
        return False  # whoever reads it says why
    lines = [line for line in lines if line.strip()]
    rows = lines[len(lines) // 2 :]
    return len(lines) >= _FEWEST_ROWS and sum(map(_is_row, rows)) >= _MOST_ROWS * len(rows)


def _is_row(line: str) -> bool:
    cells = [cell for cell in re.split(r"[\s;|]+|,(?!\d)", line) if cell]
    return sum(bool(_VALUE.fullmatch(cell)) for cell in cells) >= _MOST_ROWS * len(cells)


def is_meta(file: Path) -> bool:
    """Whether a file lists the captures."""
    return bool(_META.fullmatch(file.name))


def find_meta(path: Path) -> Path | None:
    """The list of captures, in the folder itself."""
    if not path.is_dir():
        return None
    return next((f for f in sorted(path.iterdir()) if f.is_file() and is_meta(f)), None)


def table_files(path: Path) -> list[Path]:
    """Tables under a folder."""
    return data_files(path, SUFFIXES)


def without_copies(files: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Files, and those that were saved a second time: called as another one beside them, the same byte by byte."""
    copies = []
    for file in files:
        name = _COPY.sub("", file.stem)
        first = file.with_name(name + file.suffix)
        if name != file.stem and first.is_file() and filecmp.cmp(file, first, shallow=False):
            copies.append(file)
    return [file for file in files if file not in copies], copies


def natural(text: str) -> list[tuple[int, int, str]]:
    """A sort key under which `9.csv` comes before `10.csv`."""
    return [
        (0, int(part), "") if part.isdigit() else (1, 0, part)
        for part in re.split(r"(\d+)", text.lower())
        if part
    ]


def name_in(path: Path, root: Path) -> str:
    """A file's path inside the imported folder."""
    if path == root or not path.is_relative_to(root):
        return path.name
    return path.relative_to(root).as_posix()


def stated_splits(files: Sequence[Path], root: Path) -> dict[Path, Split | None]:
    """The split of each file, where the names state at least two; one alone divides nothing."""
    found = {file: split_of(file, root) for file in files}
    if len(set(found.values()) - {None}) < 2:
        return dict.fromkeys(files)
    return found


def split_of(path: Path, root: Path) -> Split | None:
    """The split that folders or the file's name state."""
    relative = Path(name_in(path, root))
    for part in (*relative.parts[:-1], relative.stem):
        for said in plain(part).split("_"):
            word = _NUMBERED_SPLIT.sub(r"\1", said)
            if word in _SPLITS:
                return _SPLITS[word]
    return None


def asset_of(
    path: Path, root: Path, sidecar: Sidecar, seconds: Floats | None = None, rest: str | None = None
) -> str:
    """The asset of a file that names none inside: its path; without a date, so that months join.

    A folder whose files are called after it (`P-101/P-101_2024-03.csv`) is one machine, as a list of faults calls it.

    Args:
        seconds: times of its rows, since 1970, by which `P-101 March.csv` is known as a part of P-101's record.
        rest: what is left of its name without a period, where that is known.
    """
    if sidecar.asset not in ("file", "folder"):
        partition = _partition(Path(name_in(path, root)).parts[:-1])
        if partition:
            return partition
    folder = Path(name_in(path, root)).parent.as_posix()
    home = folder if folder != "." else _tidy(root.name if root.is_dir() else root.stem)
    if sidecar.asset == "folder":
        return home
    stem = rest if rest is not None else without_period(stem_of(path), seconds)
    stem = _stem(path) if sidecar.asset == "file" else stem
    if not stem or (sidecar.asset != "file" and stem.lower() == Path(folder).name.lower()):
        return home
    return stem if folder == "." else f"{folder}/{stem}"


def _partition(folders: Sequence[str]) -> str:
    """The machine of folders such as `asset=P-101/date=2025-01-01`, in which tables are kept in parts; empty: they name none."""
    pairs = [folder.partition("=")[::2] for folder in folders if "=" in folder]
    if not any(value and role_of(key) in ("asset", "unit") for key, value in pairs):
        return ""
    return "/".join(value for key, value in pairs if value and (role_of(key) in ("asset", "unit") or plain(key) in _SITES))  # fmt: skip


def stem_of(path: Path) -> str:
    """A file's name without a date in it; empty where nothing else is left."""
    return without_date(_stem(path))


def _stem(path: Path) -> str:
    return path.stem if path.suffix.lower() in SUFFIXES | WAVES else path.name


def _tidy(name: str) -> str:
    return name or "asset"


def rate_in(text: str) -> float | None:
    """A sampling rate in a name: `12k`, `25.6kHz`, `48000Hz`; None when none or several."""
    found = set()
    for number, kilo, hertz in _RATE.findall(text):
        if not (kilo or hertz):
            continue
        thousands = re.fullmatch(r"\d{1,3},\d{3}", number) and not kilo
        plain_number = number.replace(",", "" if thousands else ".").replace("p", ".")
        value = float(plain_number)
        value *= {"k": 1e3, "m": 1e6, "": 1.0}[kilo.lower()]
        # lower ones are speeds of shafts (`35Hz12kN`) or the mains
        if (hertz or value <= 1e6) and value >= SLOWEST_WAVE_HZ:
            found.add(value)
    return found.pop() if len(found) == 1 else None


def rate_beside(folder: Path) -> tuple[float, str] | None:
    """A sampling rate in a text beside the data, when it names exactly one; with the file's name."""
    for file in sorted(folder.glob("*")):
        if file.is_file() and _BESIDE.fullmatch(file.name) and file.stat().st_size < 1 << 20:
            text = file.read_text(encoding="utf-8", errors="replace")
            found = {rate for n in _RATE_BESIDE.findall(text) if (rate := rate_in(n))}
            if len(found) == 1:
                return found.pop(), file.name
    return None


def stamp_in(stem: str) -> Sequence[int] | None:
    """The numbers of a date and time in a file's name."""
    match = _STAMP.search(stem)
    return [int(n) for n in match.groups() if n] if match else None
