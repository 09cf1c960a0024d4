"""Asks the firm's HTTP APIs for records, seldom and patiently; whatever goes wrong, there is no record.

Responsible for which keys may be asked, for the budget, the cache and the pause after failures, and for turning an
answer into typed fields. A record's meaning, and whom it may be told, is the kit's business. A failure is told once as
an alert, and once when it is over.
"""

from __future__ import annotations

import re
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from urllib.parse import quote

from pydantic import JsonValue

from edge_agent.json_http import JsonApi
from edge_agent.log import warn
from edge_agent.lookups.config import FieldConfig, LookupConfig
from edge_agent.sources.base import Alerts
from edge_agent.sources.secrets import password
from kits.core.correspondence import Lookup, Record
from kits.core.errors import UnreachableError

ALERT = "lookup-fails"
_KEY = re.compile(r"\w(?:[\w #/-]|\.(?!\.)){0,39}", re.ASCII)
"""Keys come from strangers' mails: nothing that could be another address."""
_FAILURES = 3
_CACHED = 500
_TEXT = 200
_MAX_DIGITS = 12
Fields = Mapping[str, JsonValue]


class HttpLookups:
    """Fetches records by the `lookups` of a configuration.

    Args:
        alerts: told when an API begins to fail, and when it answers again.
        clock: monotonic seconds.

    Attributes:
        counts: `asked`, `cached`, `absent`, `failed`, `refused` (key or budget) and `unfit` (a field of another type).

    Raises:
        ConfigError: a secret's environment variable is not set.
    """

    def __init__(
        self,
        configs: Sequence[LookupConfig],
        alerts: Alerts,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._apis = {config.kind: _Api(config, alerts, clock, self.counts) for config in configs}

    def fetch(self, lookups: Sequence[Lookup]) -> tuple[Record, ...]:
        """A record for each lookup, in order, empty where there is none. Raises nothing."""
        return tuple(
            Record(lookup, api.ask(lookup.key)) if api is not None else Record(lookup)
            for lookup, api in ((lookup, self._apis.get(lookup.kind)) for lookup in lookups)
        )


class _Api:
    """One API with its cache, budget and pause."""

    def __init__(
        self,
        config: LookupConfig,
        alerts: Alerts,
        clock: Callable[[], float],
        counts: Counter[str],
    ) -> None:
        self._config = config
        self._alerts = alerts
        self._clock = clock
        self._counts = counts
        secret = password(config.secret_env, f"source.lookups: {config.kind}")
        own = {config.secret_header: config.secret_prefix + secret} if secret else {}
        self._http = JsonApi(
            config.timeout_s, config.max_bytes, config.ca_file, {**config.headers, **own}
        )
        self._known: OrderedDict[str, tuple[float, Fields]] = OrderedDict()
        self._asked_at: deque[float] = deque()
        self._failures = 0
        self._silent_until = -1.0

    def ask(self, key: str) -> Fields:
        """The fields of a record; none when there is no such record or it cannot be had now."""
        now = self._clock()
        known = self._known.get(key)
        if known is not None and now < known[0]:
            self._counts["cached"] += 1
            return known[1]
        if not _KEY.fullmatch(key) or now < self._silent_until or not self._in_budget(now):
            self._counts["refused"] += 1
            return {}
        self._counts["asked"] += 1
        try:
            found = self._ask(key)
        except UnreachableError as error:
            self._failed(error)
            return {}
        if self._failures:
            self._alerts(ALERT, "info", f"{self._config.kind}: records are told again")
        self._failures = 0
        self._keep(key, found)
        return found

    def _ask(self, key: str) -> Fields:
        url = self._config.url.replace("{key}", quote(key, safe=""))
        answer = self._http.call("GET", url)
        if answer.status in (404, 410):
            self._counts["absent"] += 1
            return {}
        if answer.retry_after_s:
            pause_s = min(answer.retry_after_s, 3_600.0)
            self._silent_until = max(self._silent_until, self._clock() + pause_s)
        if not 200 <= answer.status < 300:
            raise UnreachableError(f"answered {answer.status}")
        return self._typed(answer.value)

    def _typed(self, value: JsonValue) -> Fields:
        fields: dict[str, JsonValue] = {}
        for name, config in self._config.fields.items():
            raw = _at(value, config.path)
            if raw is None or raw == "":
                continue
            typed = _TYPES[config.type](raw, config, value)
            if typed is None:
                self._counts["unfit"] += 1
                warn("lookup_field_unfit", kind=self._config.kind, field=name, type=config.type)
            else:
                fields[name] = typed
        return fields

    def _in_budget(self, now: float) -> bool:
        while self._asked_at and self._asked_at[0] <= now - 60:
            self._asked_at.popleft()
        if len(self._asked_at) >= self._config.per_minute:
            return False
        self._asked_at.append(now)
        return True

    def _failed(self, error: UnreachableError) -> None:
        self._counts["failed"] += 1
        self._failures += 1
        if self._failures % _FAILURES == 0:
            self._silent_until = max(self._silent_until, self._clock() + self._config.pause_s)
        if self._failures == 1:
            self._alerts(ALERT, "warning", f"{self._config.kind}: no records: {error.what}")

    def _keep(self, key: str, found: Fields) -> None:
        self._known[key] = (self._clock() + self._config.cache_s, found)
        self._known.move_to_end(key)
        while len(self._known) > _CACHED:
            self._known.popitem(last=False)


def _at(value: JsonValue, path: str) -> JsonValue:
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdigit() and len(step) < 6:
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return None
    return value


def _text(raw: JsonValue, config: FieldConfig, whole: JsonValue) -> JsonValue:
    del config, whole
    is_plain = isinstance(raw, str | int) and not isinstance(raw, bool)
    return str(raw) if is_plain and len(str(raw)) <= _TEXT else None


def _date(raw: JsonValue, config: FieldConfig, whole: JsonValue) -> JsonValue:
    del config, whole
    try:
        return date.fromisoformat(raw[:10]).isoformat() if isinstance(raw, str) else None
    except ValueError:
        return None


def _amount(raw: JsonValue, config: FieldConfig, whole: JsonValue) -> JsonValue:
    """`79.90 EUR`, from a number or its digits with a point, and a currency."""
    code = (
        config.currency
        if re.fullmatch("[A-Z]{3}", config.currency)
        else _at(whole, config.currency)
    )
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        return None
    if not isinstance(code, str) or not re.fullmatch("[A-Z]{3}", code):
        return None
    try:
        amount = Decimal(str(raw))
    except InvalidOperation:
        return None
    return (
        f"{amount:.2f} {code}" if amount.is_finite() and amount.adjusted() < _MAX_DIGITS else None
    )


def _whole(raw: JsonValue, config: FieldConfig, whole: JsonValue) -> JsonValue:
    del config, whole
    return raw if isinstance(raw, int) and not isinstance(raw, bool) else None


def _email(raw: JsonValue, config: FieldConfig, whole: JsonValue) -> JsonValue:
    del config, whole
    return raw if isinstance(raw, str) and raw.count("@") == 1 and len(raw) <= _TEXT else None


_TYPES: Mapping[str, Callable[[JsonValue, FieldConfig, JsonValue], JsonValue]] = {
    "text": _text,
    "date": _date,
    "amount": _amount,
    "whole": _whole,
    "email": _email,
}
