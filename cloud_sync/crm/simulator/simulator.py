"""A pretended CRM: records of made-up people, an API as the real one's, and signed messages to a hub.

It keeps everything in memory and is for this machine only: its secrets protect nothing. What is pretended of each
vendor is one file per vendor; who is made up is `world.py`; what a person plays with is `controls.py`.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from secrets import randbits

from fastapi import FastAPI
from pydantic import JsonValue

from cloud_sync.crm.connection.secrets import Secrets
from cloud_sync.crm.simulator.access import Day, Limiter, Rights, Tokens
from cloud_sync.crm.simulator.coming import Coming
from cloud_sync.crm.simulator.records import Records, Shown
from cloud_sync.crm.simulator.sender import Sender
from cloud_sync.crm.simulator.values import Change, Fields, Held
from cloud_sync.crm.simulator.vendor import State, Vendor
from cloud_sync.crm.simulator.world import Columns, World
from cloud_sync.pretended import Troubles
from kits.core.errors import UsageError, did_you_mean

EPOCH = datetime(2026, 1, 1, tzinfo=timezone.utc)
"""The level of all leads is counted from here."""
_SHOWN = 60
"""Characters of a value that are told."""


def _hubspot() -> type[Vendor]:
    from cloud_sync.crm.simulator.hubspot.vendor import HubSpot

    return HubSpot


def _pipedrive() -> type[Vendor]:
    from cloud_sync.crm.simulator.pipedrive.vendor import Pipedrive

    return Pipedrive


def _odoo() -> type[Vendor]:
    from cloud_sync.crm.simulator.odoo.vendor import Odoo

    return Odoo


def _salesforce() -> type[Vendor]:
    from cloud_sync.crm.simulator.salesforce.vendor import Salesforce

    return Salesforce


def _dynamics() -> type[Vendor]:
    from cloud_sync.crm.simulator.dynamics.vendor import Dynamics

    return Dynamics


def _standard() -> type[Vendor]:
    from cloud_sync.crm.simulator.standard import Standard

    return Standard


VENDORS: Mapping[str, Callable[[], type[Vendor]]] = {
    "hubspot": _hubspot,
    "pipedrive": _pipedrive,
    "odoo": _odoo,
    "salesforce": _salesforce,
    "dynamics": _dynamics,
    "standard": _standard,
    "webhook": _standard,
}


def vendor_of(kind: str) -> type[Vendor]:
    """The class of a kind. Raises UsageError."""
    if kind not in VENDORS:
        raise UsageError(f"no CRM {kind!r} to pretend", fix=did_you_mean(kind, VENDORS))
    return VENDORS[kind]()


def made_up_secrets(kind: str, seed: int) -> Secrets:
    """Secrets that look like this vendor's; the same for the same seed."""
    vendor = vendor_of(kind)

    def drawn(name: str) -> bytes:
        return hashlib.sha256(f"secret:{kind}:{seed}:{name}".encode()).digest()

    text = drawn("webhook").hex()
    forms = {
        "whsec": "whsec_" + base64.b64encode(drawn("webhook")).decode(),
        "uuid": f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}",
        "pair": f"kitwright:{text[:32]}",
        "path": text[:40],
    }
    api = {name: f"sim-{name}-{drawn(name).hex()[:24]}" for name in vendor.keys}
    if vendor.kind == "webhook":
        api = {"secret": "whsec_" + base64.b64encode(drawn("secret")).decode()}
    return Secrets(webhook=(forms[vendor.looks],), api=api)


def drawn_secrets(kind: str) -> Secrets:
    """Secrets that nobody can guess: a hub that others reach believes messages signed with them."""
    return made_up_secrets(kind, randbits(128))


class Simulator:
    """One pretended CRM.

    Args:
        kind: hubspot, salesforce, pipedrive, odoo, dynamics or standard.
        secrets: None: made up from the seed.
        scheme: how its messages are signed; empty: the vendor's own way.
        now: its clock, aware.
        limit: requests to its API in the vendor's window; None: the vendor's, 0: any number.
        coming: leads from a file, in place of made-up ones; when they are used up, no more come.
        thing: what a lead is there, such as deals; empty: the vendor's default.
    """

    def __init__(
        self,
        kind: str,
        *,
        seed: int = 0,
        secrets: Secrets | None = None,
        scheme: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        limit: int | None = None,
        coming: Iterator[Coming] | None = None,
        thing: str = "",
    ) -> None:
        made = vendor_of(kind)
        self.kind = made.kind
        self.seed = seed
        self.secrets = secrets or made_up_secrets(kind, seed)
        self.world = World(seed, EPOCH)
        self.troubles = Troubles()
        if thing and thing not in made.things:
            fix = did_you_mean(thing, made.things) if made.things else "it has one kind only"
            raise UsageError(f"a lead is no {thing!r} there", fix=fix)
        self.rights = Rights(made.rights(thing or next(iter(made.things), "")))
        self.sender: Sender | None = None
        self.days_ahead = 0.0
        """By how much the made-up world's time is ahead of the clock; see `life.py`."""
        self.say: Callable[[str], None] = lambda _line: None
        """Is told of each score that is written."""
        self._now = now
        self._coming = coming
        self._random = random.Random(f"simulator:{seed}")  # noqa: S311 - made-up leads
        self.records = Records(now, self._make_id, self._tell)
        fixed = self.secrets.api.get(made.fixed_key, "")
        self.tokens = Tokens(fixed, made.token_life_s, time.monotonic, made.access_prefix)
        most, window_s = made.limit
        self.limiter = Limiter(most if limit is None else limit, window_s, time.monotonic)
        self.state = State(
            seed, self.secrets, now, Shown(self.records), self.tokens, self.rights, self.limiter, self.troubles,
            Day(0),
        )  # fmt: skip
        self.vendor = made(self.state, scheme, thing)

    def connect(self, sender: Sender) -> None:
        """From now on changes are told through it."""
        self.sender = sender

    def limit_day(self, tokens: int) -> None:
        """From now on its API has so many tokens in a day; 0: any number. Raises UsageError where it counts none."""
        if tokens and not self.vendor.counts_tokens:
            raise UsageError(f"{self.kind} counts no tokens of a day", fix="pipedrive does")
        self.state.day = Day(tokens)

    def rotate(self, webhook: str, *, keep_old: bool = True) -> None:
        """Signs with another secret; schemes that carry several signatures go on with the old one too."""
        old = self.secrets.webhook[:1] if keep_old else ()
        self.secrets = self.state.secrets = replace(self.secrets, webhook=(webhook, *old))

    def make(self, n: int, *, quiet: bool = False) -> list[Held]:
        """New leads; `quiet`: as if they had been there before the webhook. Fewer when the file ends."""
        if self._coming is None:
            return [self.add(self.world.lead(), quiet=quiet) for _ in range(n)]
        return [self._add(one, quiet=quiet) for one in itertools.islice(self._coming, n)]

    def _add(self, coming: Coming, *, quiet: bool) -> Held:
        self.state.world_columns.update(dict.fromkeys((*coming.fields, *coming.after_outcome)))
        held = self.records.add(
            {**self.vendor.fresh(), **self.vendor.fields(coming.fields)},
            object_id=coming.id if self.vendor.has_id(coming.id) else "",
            truth=float(coming.outcome == "won"),
            quiet=quiet,
        )
        held.fate, held.after = coming.outcome, self.vendor.fields(coming.after_outcome)
        return held

    def add(self, columns: Columns, *, quiet: bool = False) -> Held:
        """A new lead of these columns of the world."""
        return self.records.add(
            {**self.vendor.fresh(), **self.vendor.fields(columns)},
            columns=columns,
            truth=self.world.probability(columns, self._world_now()),
            quiet=quiet,
        )

    def change(self, n: int) -> list[str]:
        """Something happens to so many open leads, drawn at random; their ids."""
        return [self.step(held) for held in self._drawn(n)]

    def step(self, held: Held) -> str:
        """The next thing this lead does."""
        if not held.columns:  # from a file: it says nothing of what such a lead does
            return held.object_id
        changed = self.world.step(held.columns)
        held.columns.update(changed)
        held.truth = self.world.probability(held.columns, self._world_now())
        self.records.set(held.object_id, self.vendor.fields(changed))
        return held.object_id

    def decide(self, n: int) -> list[str]:
        """So many open leads, drawn at random, are won or lost as the truth says; their ids."""
        return [self.settle(held) for held in self._drawn(n)]

    def settle(self, held: Held, outcome: str = "") -> str:
        """This lead is won or lost; empty: as the truth says."""
        word = outcome or held.fate or ("won" if self.world.decide(held.truth) else "lost")
        values = {**held.after, **self.vendor.outcome(word, self._now())}
        self.records.set(held.object_id, values, outcome=word)
        return held.object_id

    def _make_id(self, number: int) -> str:
        return self.vendor.make_id(number)

    def _world_now(self) -> datetime:
        return self._now() + timedelta(days=self.days_ahead)

    def _drawn(self, n: int) -> list[Held]:
        every = [held for held in self.records if not held.deleted and not held.outcome]
        return self._random.sample(every, min(n, len(every)))

    def _tell(self, change: Change) -> None:
        if change.by == "api":
            values = ", ".join(f"{name}={_short(value)}" for name, value in change.values.items())
            self.say(f"{change.object_id} was written: {values}")
        self.vendor.heard(change)
        if self.sender is not None:
            self.sender.offer(self.vendor.events(change))

    def figures(self) -> Fields:
        """What it holds, what was asked of it and what it sent."""
        every = list(self.records)
        sent: dict[str, JsonValue] = dict(self.sender.figures()) if self.sender else {}
        return {
            "kind": self.kind,
            "seed": self.seed,
            "leads": len(every),
            "open": sum(not held.outcome and not held.deleted for held in every),
            "won": sum(held.outcome == "won" for held in every),
            "lost": sum(held.outcome == "lost" for held in every),
            "deleted": sum(held.deleted for held in every),
            "writes": sum(held.written.times for held in every),
            "writes_that_changed_nothing": sum(held.written.same for held in every),
            "requests": self.troubles.count,
            "refused_by_limit": self.limiter.refused,
            "sent": sent,
        }

    def connection(self, url: str) -> Fields:
        """What `crm add` has to know of it, as `CrmSettings` names it.

        Args:
            url: of its API.
        """
        own = self.vendor.settings(url)
        allow: list[JsonValue] = ["127.0.0.0/8"]
        return {"kind": self.kind, "url": url, "allow": allow, "scheme": self.vendor.signs, **own}

    def app(self) -> FastAPI:
        """Its API and its controls."""
        from cloud_sync.crm.simulator.controls import simulator_app

        return simulator_app(self)


def _short(value: JsonValue) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
