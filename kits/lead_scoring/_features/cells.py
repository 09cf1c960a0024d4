"""One cell as a number, a truth, a moment, a choice or a set of them, however its source wrote it.

Pure functions that never raise: what cannot be read is missing. What a column holds is decided elsewhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeVar

from kits.core.moments import read_year_first
from kits.lead_scoring._features.unit_words import SIGNS
from kits.lead_scoring._features.units import apart
from kits.lead_scoring._lead import Value

MISSING = frozenset([
    "", "-", "--", "?", "n/a", "na", "nan", "null", "none", "nil", "unknown", "select", "not specified",
    "not provided", "unspecified", "undefined", "(blank)", "blank", "unbekannt", "keine angabe", "k.a.",
    "k. a.", "inconnu", "desconocido", "sconosciuto", "---", "—", "–", ".", "#n/a", "n.a.", "n.a", "#nv", "\\n",
    "not available", "not selected", "not set", "no value", "no data", "(empty)", "(none)", "(no value)",
    "(not set)", "[none]", "<null>", "<none>", "please select", "- select -", "-- select --", "select one",
    "select...", "choose", "please choose", "--none--", "-none-", "keine angaben", "k.a", "bitte wählen",
    "bitte auswählen", "(leer)", "nicht angegeben", "inconnue", "non renseigné", "non renseignée",
    "non spécifié", "sélectionner", "veuillez sélectionner", "desconocida", "no especificado", "seleccione",
    "seleccionar", "sin especificar", "sconosciuta", "non specificato", "seleziona", "desconhecido",
    "não informado", "selecione", "onbekend", "niet opgegeven", "selecteer", "nieznany", "brak", "brak danych",
    "okänd", "ukendt", "tuntematon", "неизвестно", "не указано", "не вказано", "не закрыта", "не закрита", "不明", "未知", "未設定", "未入力",
    "belirtilmemiş", "sin asignar", "#div/0!", "#ref!", "#value!", "#name?", "#num!", "#null!", "#bezug!", "#wert!", "#zahl!", "#valeur!", "#nombre!",
    "0000-00-00", "0000-00-00 00:00:00", "00.00.0000", "00/00/0000", "00-00-0000", "0001-01-01", "0001-01-01 00:00:00", "0001-01-01t00:00:00",
    "0001-01-01t00:00:00z", "01.01.0001", "01.01.0001 00:00:00", "01/01/0001", "01/01/0001 00:00:00", "1/1/0001", "1/1/0001 12:00:00 am",
])  # fmt: skip
"""Words that say nothing was given, in lower case; days that databases write where there is none."""
_TRUE = frozenset({"yes", "true", "y", "t", "ja", "oui", "si", "sí", "sì", "sim", "tak", "on", "1", "j", "wahr", "vrai", "vero", "verdadero", "verdadeiro", "prawda", "ano", "áno", "pravda", "igen", "da", "sant", "sann", "sand", "kyllä", "waar", "do not allow", "nicht zulassen", "ναι", "αληθήσ", "да", "так", "taip", "jā", "jah", "igaz", "adevărat", "tosi", "evet", "doğru", "はい", "是", "예"})  # fmt: skip
_FALSE = frozenset({"no", "false", "n", "f", "nein", "non", "não", "nie", "off", "0", "nee", "nej", "nei", "falsch", "faux", "falso", "fałsz", "ne", "nepravda", "nem", "nu", "falskt", "usann", "falsk", "ei", "onwaar", "allow", "zulassen", "όχι", "οχι", "ψευδήσ", "не", "ні", "nē", "hamis", "fals", "epätosi", "hayır", "hayir", "yanlış", "いいえ", "否", "아니오", "아니요"})  # fmt: skip
_MAX_NUMBER = 60
_MAX_CHOICE = 120
_AROUND = re.compile(r"[\s\u00a0\u202f'’$€£¥%]|(?:eur|usd|gbp|chf)\b", re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:[.,]\d{3})+")
_LAKHS = re.compile(r"[+-]?\d{1,2}(?:,\d{2})+,\d{3}")
_BY_POINTS = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(e[+-]?\d{1,3})?", re.IGNORECASE)
_NO_NUMBER = re.compile(r"\D*|.*\d-\d.*", re.DOTALL)
"""Without a digit, or dates, ranges, codes: told before more is tried, as columns have many of them."""
_TIMES = re.compile(r"(?<=\d)e\d$")
"""What `apart` leaves of `Mio.`"""
_WORD = re.compile(r"[^\W\d_]{3,30}")
_PART = re.compile(r"[^\W\d_]{2,30}|\d{2,30}")
_YEAR = re.compile(r"(?:19|20)\d\d")
Joints = Literal[";", ",", "/"]
"""What joins choices: semicolons alone; with them commas, bars and line ends; or slashes and plus signs."""
_JOINTS: Mapping[Joints, re.Pattern[str]] = {
    ";": re.compile(";"),
    ",": re.compile(r"[;|\n\r]|(?<!\d),|,(?!\d)"),
    "/": re.compile(r"[;+]|(?<!\d)/|/(?!\d)"),
}
_EDGE = 3e38
"""Beyond it a number does not fit into 32 bits."""
_NONE = math.nan
_Read = TypeVar("_Read")
_TOLD_APART = {str, bool, type(None)}
"""Of these, values that are equal are the same; 1.0 is True, too."""
_CENTURIES_S = 6.3e9
"""200 years around 1970: what is beyond is a placeholder, not a date."""


def each(read: Callable[[Value], _Read], values: Sequence[Value]) -> list[_Read]:
    """What is read of each cell of a column; of a column of texts once of each that differs, as most have few."""
    if not {*map(type, values)} <= _TOLD_APART:
        return [read(value) for value in values]
    known = {value: read(value) for value in {*values}}
    return [known[value] for value in values]


def is_missing(value: Value) -> bool:
    """Whether a cell says that nothing was given."""
    return value is None or (isinstance(value, str) and value.strip().casefold() in MISSING)


def to_number(value: Value, *, commas: bool = False, bare: bool = False) -> float:
    """A cell as a number, NaN where it is none: `1.234,5`, `1,234.5`, `€ 1 200`, `1 200 zł`, `12 %` and `1,2 Mio.` are numbers.

    Args:
        commas: of texts that may be read two ways, `1.200` is 1200 and `1,200` is 1.2; else the other way round.
        bare: it is known to be a number, so an `M` stands for millions.
    """
    if isinstance(value, float | int):
        return float(value) if abs(value) < _EDGE else _NONE
    if value is None or len(value) > _MAX_NUMBER or _NO_NUMBER.fullmatch(value):
        return _NONE
    text = _AROUND.sub("", apart(value.translate(SIGNS), bare=bare)[0])
    scaled = _TIMES.search(text)
    text, times = (text[: scaled.start()], scaled[0]) if scaled else (text, "")
    comma, point = text.rfind(","), text.rfind(".")
    if comma >= 0 and point >= 0:
        text = text.replace("," if point > comma else ".", "").replace(",", ".")
    elif _LAKHS.fullmatch(text):
        text = text.replace(",", "")
    elif comma >= 0:
        grouped = _GROUPED.fullmatch(text) and not (commas and text.count(",") == 1)
        text = text.replace(",", "" if grouped else ".")
    elif (text.count(".") > 1 and _GROUPED.fullmatch(text)) or (
        commas and _BY_POINTS.fullmatch(text)
    ):
        text = text.replace(".", "")
    found = _NUMBER.fullmatch(text)
    if not found or (times and found[1]):
        return _NONE
    number = float(text + times)
    return number if abs(number) < _EDGE else _NONE


def to_truth(value: Value) -> float:
    """A cell as 1 or 0, NaN where it is neither yes nor no."""
    word = to_choice(value)
    return 1.0 if word in _TRUE else 0.0 if word in _FALSE else _NONE


def to_moment(value: Value) -> float:
    """A cell as seconds since 1970, NaN where it is no date by ISO 8601; without a zone it is UTC."""
    if not isinstance(value, str) or len(value) > _MAX_NUMBER:
        return _NONE
    found = read_year_first(value.strip())
    return found[0] if found is not None and abs(found[0]) < _CENTURIES_S else _NONE


def to_choice(value: Value) -> str:
    """A cell as a choice, in one form; empty where nothing was given."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | int):
        return f"{value:.10g}"
    if value is None:
        return ""
    word = " ".join(value[: 4 * _MAX_CHOICE].split()).casefold()[:_MAX_CHOICE]
    return "" if word in MISSING else word


def joints_of(*, commas: bool, slashes: bool) -> Joints:
    """What joins the choices of a column, as its specification has it."""
    return "," if commas else "/" if slashes else ";"


def parts_of(value: Value, joints: Joints = ";") -> tuple[Value, ...]:
    """A cell of several choices as these, joined by `;`, and by what else joins them in its column."""
    return tuple(_JOINTS[joints].split(value)) if isinstance(value, str) else (value,)


def to_choices(value: Value, joints: Joints = ";") -> frozenset[str]:
    """A cell of several choices, each in one form. `joints`: as `parts_of` takes them."""
    return frozenset(filter(None, map(to_choice, parts_of(value, joints))))


def to_parts(value: Value) -> frozenset[str]:
    """The words and numbers of a choice, such as a title or a code, in lower case; a year tells when it was, not what."""
    if not isinstance(value, str):
        return frozenset()
    return frozenset(one for one in _PART.findall(value.casefold()) if not _YEAR.fullmatch(one))


def to_words(value: Value) -> frozenset[str]:
    """The words of a text, in lower case."""
    return frozenset(_WORD.findall(value.casefold())) if isinstance(value, str) else frozenset()
