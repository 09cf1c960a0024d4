"""What a column's name tells: its role, its unit, whether a value means "nothing wrong".

Tables of words only, in the languages of the exports we met; files and figures are elsewhere. A
name is a guess: `machines.yaml` overrides it and findings say what was guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal

from kits.core.labelling import spelling

NORMAL = "normal"
ANOMALY = "anomaly"

Role = Literal[
    "time", "asset", "unit", "cycle", "life", "label", "maybe_label", "change", "quality", "id",
    "speed", "after", "file", "rate", "scale", "start", "end", "fault_size",
]  # fmt: skip

_PART = r"engine|pump|motor|turbine|bearing|compressor|gearbox|drive|spindle|pumpe"
_CELL = "(?:battery|cell)_(?:id|no|nr|number|name)"
_THING = rf"(?:asset|machine|device|equipment|station|vehicle|robot|anlage|maschine|specimen|serial|{_PART})"
_NUMBERED = r"(?:_?(?:id|no|nr|number|name|tag|code|num))?"
_ROLES: tuple[tuple[Role, str], ...] = (
    ("life", r"rul|rul_.*|.*_rul|remaining_?(?:useful_?)?(?:life|cycles).*|ttf|time_?to_?failure|"
             r"cycles_?to_?failure|hours_?to_?failure"),
    ("change", r"change_?points?"),
    ("time", r"date_?time.*|time_?stamps?.*|t_?stamps?|time_?strings?|zeitstring|.*_timestamp|time|date|ts|utc|t|zeit|zeitstempel|datum|"
             r"uhrzeit|epoch(?:_(?:s|ms|us|ns))?|unix_?time|recorded_at|measured_at|sample_?time|"
             r"created_at|event_?time|local_?time|(?:time|zeit|timestamp)_(?:utc|s|ms|us|ns|sec|seconds)|"
             r"time_?in_?seconds|clock|x_value|fecha|hora|heure|ora|tijd|klockslag"),
    ("cycle", r"cycles?|time_?steps?|cycle_?(?:no|nr|number|index|id|count)|time_?(?:in_)?cycles?|zyklus"),
    ("unit", rf"unit{_NUMBERED}|engine{_NUMBERED}"),
    ("asset", rf"{_THING}{_NUMBERED}|{_CELL}"),
    ("label", r"(?:is_?)?(?:anomal(?:y|ies|ous)|faulty?|fail|failure|defect|defective|broken|outlier|failed|attack)"
              r"(?:_?(?:label|class|type|code|flag|state|status|id|number|no|nr|mode|kind))?|labels?|target|"
              r"(?:.*_)?ground_?truth|machine_(?:status|state|failure|fault)|health(?:_?(?:state|status|class))?|"
              r"fault_.*label|(?!(?:no|not|non|without|since|last|until|num|count|sensor|probe|signal|comm|communication|network|bus)_)[a-z]+_(?:broken|failed|failure|fault|faulty|defect|defective)|pass_(?:or_)?fail(?:ed)?|(?:ok|go)_(?:or_)?(?:nok|n_ok|ng|not_ok|nogo|no_go)|good_(?:or_)?bad|normal_(?:attack|fault|failure|abnormal|anomaly)|.*_lab(?:el|le)s?|[a-zäöüß]*(?:fehler|störung|stoerung)"),
    ("maybe_label", r"class|y|condition|(?:machine_|operating_)?state|event|category|alarms?(?:_(?:state|status|text))?|betriebszustand|zustand"),
    ("quality", r".*qualit(?:y|ät|é|a)(?:_?(?:detail|code|flag))?|status(?:_?code)?|.*_q?status|(?:.*_)?qc|validity|good|valid|"
                r"(?:.*_)?confidence|questionable|substituted|data_?integrity"),
    ("after", r".*(?:root_?cause|failure_?(?:mode|cause)|fault_?cause|repair|downtime|work_?order|"
              r"maintenance_?(?:action|type)|replaced|diagnos).*"),
    ("file", r"files?|file_?name|filename|path|recording|capture"),
    ("rate", r"rate_?hz|fs|sr|fs_?hz|sampl(?:e|ing)_?(?:rate|freq|frequency)(?:_?hz)?"),
    ("scale", r"scale.*|.*_per_count|lsb.*|resolution_per_.*"),
    ("start", r"start|begin|beginn|anfang|from|start_?(?:time|date|timestamp)|.*_start|von"),
    ("end", r"end|ende|stop|to|until|end_?(?:time|date|timestamp)|.*_end|bis"),
    ("fault_size", r".*(?:diameter|severity|fault_?size|defect_?size|depth|extent|crack).*"),
    ("speed", r"(?:shaft_?|motor_?|rotational_?|rotation_?|spindle_?)?speed(?:_?rpm)?|.*rpm|"
              r"drehzahl"),
    ("id", r"u?id|uuid|udi|uid|guid|index|row|row_?(?:id|nr|no)|nr|no|record_?id|product_?id|key|"
           r"sample_?id|unnamed.*|lfd_?nr|sr_?no|s_?no|record|record_?(?:no|nr|number)|entry_?id|scan(?:_?(?:no|nr|number))?|"
           r"sample|sample_?(?:no|nr|number|index)|seq|message_?id|sequence(?:_?(?:no|nr|number))?"),
)  # fmt: skip
_COMPILED = tuple((role, re.compile(pattern)) for role, pattern in _ROLES)

_NORMAL_VALUE = re.compile(
    r"(?:normal|ok|io|pass(?:ed)?|healthy|good|none|no|false|0|0\.0|-|base_?line|nominal|no_?(?:fault|failure|"
    r"defect|anomaly)|regular|running|undamaged|fault_?free|in_?ordnung|gut|neg(?:ative)?|nein|non|nej|nei|nee|nie|não|нет|"
    r"hayır)(?:[_ ]?\d*)"
)
_FAULT_WORD = re.compile(
    r"(?:normal|healthy|baseline|inner|outer|ball|cage|roller|race|unbalance|imbalance|"
    r"misalign\w*|loose\w*|fault\w*|anomal\w*|defect\w*|broken|damaged?|wear|leak\w*|crack\w*|"
    r"pitting|b0(?:07|14|21|28)|abnormal|unhealthy|failed|failure|bent|rub\w*|cavitation|ok|ng|good|bad|ir|or|chipped|missing|eccentric\w*)\d*"
)
_OF_BEARINGS = frozenset({"inner", "outer", "ball", "cage", "roller", "race", "ir", "or"})
"""Of these words those that name machines too, where others stand beside them."""
_FAULT_STATES = frozenset({
    "fault", "faulted", "faulty", "failure", "failed", "error", "alarm", "trip", "tripped", "breakdown", "broken", "defect", "defekt", "störung",
    "stoerung", "fehler", "ausfall", "panne", "fallo", "avería", "guasto", "awaria", "storing",
})  # fmt: skip
_NONE = frozenset({
    "no", "not", "non", "without", "free", "kein", "keine", "ohne", "sans", "sin", "senza", "geen", "off", "aus", "clear", "cleared", "reset", "inactive",
})  # fmt: skip
"""Beside a word for a fault: there is none, or none any more."""
_LONGEST_UNIT = 24
_UNIT_TAIL: tuple[tuple[str, str], ...] = (
    (r".*_rpm$|^rpm$", "rpm"), (r".*_(?:mm_s|mm_per_s)$", "mm/s"), (r".*_bar$", "bar"),
    (r".*_(?:deg_?c|celsius)$", "°C"), (r".*_kw$", "kW"), (r".*_hz$", "Hz"), (r".*_hp$", "hp"),
    (r".*_g$", "g"), (r".*_nm$", "Nm"), (r".*_kpa$", "kPa"), (r".*_mpa$", "MPa"),
    (r".*_(?:volt|volts|v)$", "V"), (r".*_(?:amp|amps|ampere|a)$", "A"), (r".*_(?:pct|percent)$", "%"),
)  # fmt: skip
_KNOWN_UNIT = re.compile(
    r"(?:[kMGmµμund]|da)?(?:m|g|s|A|V|W|Hz|J|N|Nm|Pa|bar|bara|barg|VA|VAr|var|Wh|Ah|F|H|T|Ω|ohm|l|L|mol|lx|dB|dBA|S|V[DA]C|A[DA]C|Cel)"
    r"(?:[²³23]|\^[23])?(?:(?:/|·|\*| per )(?:[kmµ]?[smhgVlL]|min|sec|rev|U|kg|min|mm)(?:[²³23]|\^[23])?)?"
    r"|[°º]?[CFK]|℃|℉|°|deg|deg ?[CFK]|grd|rad(?:/s)?|min|h|d|%|‰|ppm|ppb|pct|percent|% ?r\.?[hHF]\.?|rpm|RPM|U/min|1/min|min-1|psi[ag]?|inHg|gal/min|cfm"
    r"|gE|ips|in/s|hp|PS|mil|mils|km/h|m³|l/min|мм/с|м/с²?|Вт|кВт|об/мин|бар|А|В|Гц|мкм"
)
_CODE = re.compile(
    r"(?:.*_)?(?:code|codigo|codice|kode|id|nr|no|num|number|nummer|numero|priority|prio|prioritaet|priorität|severity|duration|dauer|duree|"
    r"duracion|durata)|(?:status|state|event|alarm|error|fault|message|meldung|stoer|stör|fehler)[a-z]*"
    r"|auftrag|auftr|wo_?num|(?:work_?|maintenance_?)?order|notification|ticket|job"
)
_ZONE = re.compile(r"(?:UTC|GMT)(?:[+-]\d{1,2}(?::?\d{2})?)?")
"""Of the times of a column: `Date Time, GMT+01:00`."""
_VALUE = re.compile(
    r"(?:.*_)?(?:value|val|wert|messwert|reading|valeur|valor)s?|(?:var|int|float|double|long|numeric|real)value"
    r"|v|data|y|state|result"
)
_HOURS = {
    "h": 1.0, "hours": 1.0, "hour": 1.0, "min": 1 / 60, "minutes": 1 / 60, "s": 1 / 3600,
    "seconds": 1 / 3600, "d": 24.0, "days": 24.0,
}  # fmt: skip


_OF_FAULTS = (
    "label", "window", "event", "anomal", "fault", "failure", "downtime", "stop", "breakdown", "outage", "incident", "alarm", "alert",
    "fehler", "stör", "stoer", "ausf", "stillst", "panne", "arret", "arrêt", "fallo", "parada", "averia", "avería", "guast", "ferm",
)  # fmt: skip
"""In the name of a file or sheet that may list faults; what it holds decides."""


def plain(name: str) -> str:
    """A name as the tables know it: lower case, one `_` for whatever is no letter or digit."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", name.strip())
    return re.sub(r"[^0-9a-zäöüß]+", "_", spaced.lower()).strip("_")


def tells_of_faults(name: str) -> bool:
    """Whether the name of a file or a sheet says that it lists faults."""
    word = plain(unicodedata.normalize("NFC", name))
    return any(w in word for w in _OF_FAULTS)


def role_of(name: str) -> Role | None:
    """The role the name suggests; None for an ordinary channel."""
    word = plain(split_unit(name)[0])
    return next((role for role, pattern in _COMPILED if pattern.fullmatch(word)), None)


def split_unit(header: str) -> tuple[str, str]:
    """`Temp [°C]` → (`Temp`, `°C`); a tail such as `_rpm` names the unit too and stays."""
    text = header.strip()
    name, comma, tail = text.partition(", ")
    unit = tail.partition(" (")[0].strip()
    if comma and name and (is_unit(unit) or _ZONE.fullmatch(unit)):  # `Temp, °C (LGR S/N: 9800)`
        return name.strip(), unit
    # no pattern: a header may be as long as its file, and brackets were looked for from each of its signs
    inner = text[:-1] if text.endswith((")", "]", "}")) else ""
    opened = max(map(inner.rfind, "([{"))
    unit = inner[opened + 1 :].strip()
    if opened > 0 and len(unit) <= _LONGEST_UNIT and not any(sign in unit for sign in ")]}"):
        return inner[:opened].strip(), unit
    word = plain(header)
    unit = next((unit for tail, unit in _UNIT_TAIL if re.match(tail, word)), "")
    return text, unit


def is_part_name(name: str) -> bool:
    """Whether a column is called after a part of machines and nothing else: which one it is, or what is measured on it."""
    return bool(re.fullmatch(_PART, plain(name)))


def is_cell_name(name: str) -> bool:
    """Whether a column is called as one that says which battery or cell: a machine beside them makes, moves or holds these."""
    return bool(re.fullmatch(_CELL, plain(name)))


def is_code_name(name: str) -> bool:
    """Whether a column is called as numbers of messages, alarms and states are, or how long they took."""
    return bool(_CODE.fullmatch(plain(split_unit(name)[0])))


def is_value_name(name: str) -> bool:
    """Whether a column is called after nothing but that it holds readings."""
    return bool(_VALUE.fullmatch(plain(name)))


def is_unit(text: str) -> bool:
    """Whether a word is a physical unit, in brackets or without."""
    return bool(_KNOWN_UNIT.fullmatch(text.strip().strip("[]()").strip()))


def life_unit(name: str) -> tuple[float, str]:
    """Factor and unit of a column of remaining life; without a unit in its name it counts cycles."""
    words = plain(name).split("_")
    return next(((f, "h") for word, f in _HOURS.items() if word in words), (1.0, "cycles"))


def is_normal(value: object, normal: Iterable[str | float] = ()) -> bool:
    """Whether a label's value means "nothing wrong": stated values, else the usual words."""
    text = value_text(value)
    stated = {spelling(value_text(v)) for v in normal}
    if stated:
        return spelling(text) in stated
    return bool(_NORMAL_VALUE.fullmatch(text.lower().replace(" ", "_").replace("-", "_") or "-"))


def value_text(value: object) -> str:
    """A value as text, whole numbers without `.0`."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def names_fault(text: str) -> bool:
    """Whether a state or message is called a fault: of `RUN`, `IDLE` and `FAULT` the last; not `no fault`."""
    return not _FAULT_STATES.isdisjoint(plain(text).split("_")) and not denies_fault(text)


def denies_fault(text: str) -> bool:
    """Whether a message says that there is no fault, or none any more: `No alarm`, `Alarm off`, `fault reset`."""
    words = plain(text).split("_")
    return not _FAULT_STATES.isdisjoint(words) and not _NONE.isdisjoint(words)


def fault_word(text: str) -> bool:
    """Whether a folder's or file's word names a condition of a machine."""
    if any(map(_FAULT_WORD.fullmatch, re.split(r"[^0-9a-zäöüß]+", text.lower()))):
        return True
    words = [word for word in plain(text).split("_") if not is_part_name(word)]
    found = [word for word in words if _FAULT_WORD.fullmatch(word)]
    # `NormalSound` and `InnerRace`, not `BallMill`
    return bool(found) and (len(found) == len(words) or not _OF_BEARINGS.issuperset(found))
