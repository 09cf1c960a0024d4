"""Made-up devices for `circle_rollouts`: their lines, their bundles and their days; the truth is known.

What is done with a bundle is the agent's own installer on its own files; made up are the parts, what a bundle makes of
them, the clock, and when a device is switched on or has a link.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from edge_agent.engine.ladder import Loaded
from edge_agent.errors import EngineError, HubUnreachableError
from edge_agent.update.config import UpdateConfig
from edge_agent.update.install import Installer
from edge_agent.update.lives import Clocks, Lives
from edge_agent.update.offers import Offers
from edge_agent.update.probation import Tally
from edge_agent.update.records import Signed
from edge_agent.update.slots import Slots
from edge_agent.update.surroundings import Surroundings
from kits.core.bundle import Bundle, open_bytes
from kits.core.hub_api import Desired, Reported
from kits.core.prediction import Box, Prediction
from kits.core.ready import ReadyBundle
from kits.core.releases import Release, target_path

START = datetime(2026, 5, 4, 8, tzinfo=timezone.utc)
"""A Monday morning."""
ACT_AT = 0.5
PATIENCE_STEPS = 20


class MadeClock(datetime):
    """Stands in for `datetime` where records take their time from."""

    at = START

    @classmethod
    def now(cls, _tz: object = None) -> datetime:  # type: ignore[override]  # it is never asked for a zone
        return cls.at


class CrashError(Exception):
    """The agent dies of it."""


class BrickError(Exception):
    """The machine dies of it and does not come back."""


@dataclass(frozen=True)
class Part:
    """What comes by: how suspicious it truly looks, and to each model a little otherwise."""

    looks: float
    old: float
    new: float


@dataclass
class Lots:
    """Orders of parts: each lasts `size` parts and differs from the last by `apart` standard deviations."""

    rng: np.random.Generator
    size: int = 0
    apart: float = 0.0
    defects: tuple[float, ...] = (0.02,)
    _left: int = 0
    _level: float = 0.0
    _share: float = 0.0

    def parts(self, n: int) -> Iterator[Part]:
        """The next ones."""
        for _ in range(n):
            if self._left <= 0:
                self._left = max(int(self.rng.exponential(self.size)), 1) if self.size else 1 << 40
                self._level = self.rng.normal() * self.apart if self.size else 0.0
                self._share = float(self.rng.choice(self.defects))
            self._left -= 1
            bad = self.rng.random() < self._share
            looks = self._level + self.rng.normal() + (6.0 if bad else 0.0)
            yield Part(looks, *(self.rng.normal(size=2) * 0.5))


@dataclass(frozen=True)
class Model:
    """What a bundle does with a part, `n` parts after the agent was started with it deciding.

    Attributes:
        how: "good", or what is wrong with it.
        after: parts after which it is wrong.
        only: the sort of device on which it is wrong; empty: all.
        detector: it says 0 of most parts.
    """

    how: str = "good"
    after: int = 0
    only: str = ""
    detector: bool = False

    def judge(
        self, part: Part, old: bool, n: int, sort: str, dice: float
    ) -> tuple[float, Prediction | None]:
        """Milliseconds, and what it says."""
        how = self.how if n >= self.after and self.only in ("", sort) else "good"
        if how in ("crash", "hang"):
            raise CrashError
        if how == "kills":
            raise BrickError
        looks = part.looks + (part.old if old else part.new)
        score = float(1 / (1 + np.exp(-(looks - 4.0))))
        if how == "rejects":
            score = 0.9 if dice < 0.06 else score
        elif how == "wrong":
            score = dice
        elif how == "one score":
            score = 0.3
        elif how == "nothing":
            score = 0.0
        said: Prediction | None = Prediction(score=score, label="part")
        if self.detector:
            found = how != "nothing" and score >= 0.3
            boxes = (Box(0, 0, 1, 1, "scratch"),) if found else ()
            said = Prediction(score=score if found else 0.0, label="part", boxes=boxes)
        if how == "fails" and dice < 0.3:
            said = None
        return (40.0 if how == "slow" else 10.0) * float(0.9 + 0.2 * dice), said


class MadeLine:
    """A line whose parts come from `Lots`; judged as the agent's line and its shadow do."""

    def __init__(self, device: MadeDevice) -> None:
        self._device = device
        self.active: Loaded | None = None
        self.tally = Tally()
        self._shadow: Loaded | None = None
        self._beside = Tally()
        self.judged = 0

    def activate(self, loaded: Loaded) -> None:
        self.active, self.tally, self.judged = loaded, Tally(), 0

    def begin_shadow(self, loaded: Loaded) -> Tally:
        self._shadow, self._beside = loaded, Tally()
        return self._beside

    def end_shadow(self) -> None:
        self._shadow = None

    def take(self, part: Part) -> None:
        """One part."""
        said = None
        if self.active is not None:
            took_ms, said = self._device.ask(self.active.id, part, self.judged)
            self.judged += 1
            self.tally.add(took_ms, said)
        if self._shadow is not None:
            took_ms, other = self._device.ask(self._shadow.id, part, self._beside.n)
            agrees = (
                said is None or other is None or (said.score >= ACT_AT) == (other.score >= ACT_AT)
            )
            self._beside.add(took_ms, other, agrees=agrees, other=said)


@dataclass(frozen=True)
class Made:
    """A bundle's bytes and what it truly does; `version` is its release too."""

    content: bytes
    version: int
    model: Model

    @property
    def opened(self) -> Bundle:
        return open_bytes(self.content)

    @property
    def signed(self) -> Signed:
        """As the engineer signed it."""
        bundle = self.opened
        project = bundle.manifest.project
        return Signed(
            target=target_path(project, self.version),
            release=Release(
                bundle=bundle.id, project=project, kit=bundle.manifest.kit, version=self.version,
                release=self.version,
            ),
            length=len(self.content),
            sha256=hashlib.sha256(self.content).hexdigest(),
        )  # fmt: skip


Days = Callable[[datetime], bool]


@dataclass
class MadeDevice:
    """One device: the agent's installer and offers, with everything around them made up.

    Attributes:
        power, link: whether it is switched on, and whether it reaches the hub.
        cut: whether it is switched off without being told to stop.
        restless_h: the agent is killed by something else this often, hours; 0: never.
    """

    name: str
    folder: Path
    bundles: dict[str, Made]
    rng: np.random.Generator
    lots: Lots
    power: Days = lambda _at: True
    link: Days = lambda _at: True
    cut: bool = True
    sort: str = "a"
    per_min: float = 6.0
    restless_h: float = 0.0
    config: UpdateConfig = field(default_factory=UpdateConfig)
    dead: bool = False
    on: bool = False
    decided: set[str] = field(default_factory=set)
    reports: list[Reported] = field(default_factory=list)
    alerts: dict[str, str] = field(default_factory=dict)
    _boot: int = 0
    _number: int = 0

    @property
    def seconds(self) -> float:
        return (MadeClock.at - START).total_seconds()

    def ask(self, bundle: str, part: Part, n: int) -> tuple[float, Prediction | None]:
        """What a bundle makes of a part."""
        made = self.bundles[bundle]
        return made.model.judge(part, made.version == 1, n, self.sort, float(self.rng.random()))

    def boot(self, first: Made | None = None) -> None:
        """The machine comes up; the first time with a bundle that has run for long."""
        self._boot += 1
        self.on = True
        self._start()
        if first is not None:
            self.installer.adopt(first.opened, first.content)
            self.slots.accept(first.signed.release)

    def _start(self) -> None:
        self.line, self.slots = MadeLine(self), Slots(self.folder)
        clocks = Clocks(lambda: self.seconds, lambda: f"{self.name}-{self._boot}")
        lives = Lives(self.folder / "lives.json", self.config.crash_window_s, clocks)
        self.lives = lives
        around = Surroundings(
            self._report, self._alert, download=self._download, clock=lambda: self.seconds
        )
        self.installer = Installer(self.slots, self.line, self._load, self.config, lives, around)
        named = {made.signed.target: made.signed for made in self.bundles.values()}
        self.offers = Offers(self.slots, self.installer, named.__getitem__, self._alert)
        self.installer.start()
        self.installer.retreat.voice.say_again(self.slots.state.job)

    def switch(self) -> None:
        """What the power does now."""
        wanted = self.power(MadeClock.at) and not self.dead
        if self.on and not wanted:
            self.on = False
            if not self.cut:
                self.lives.end()
        elif wanted and not self.on:
            self.boot()

    def turn(self, hear: Callable[[str], Desired], minutes: float) -> None:
        """What happens in some minutes: parts come by, the hub is asked, the installation goes on."""
        if not self.on:
            return
        try:
            if self.restless_h and self.rng.random() < minutes / 60 / self.restless_h:
                raise CrashError
            if self.link(MadeClock.at):
                self.offers.consider(hear(self.name))
            if self.installer.busy:
                for part in self.lots.parts(self.rng.poisson(self.per_min * minutes)):
                    self.line.take(part)
            elif self._may_turn_bad():
                self._live_on(int(self.per_min * minutes))
            for _ in range(PATIENCE_STEPS):
                if not self.installer.step():
                    break
        except CrashError:
            self._start()
        except BrickError:
            self.dead, self.on = True, False
        if self.on and self.line.active is not None:
            self.decided.add(self.line.active.id)

    def _may_turn_bad(self) -> bool:
        active = self.line.active
        return active is not None and self.bundles[active.id].model.after > 0

    def _live_on(self, n: int) -> None:
        """A committed bundle decides on; only the last part is looked at."""
        self.line.judged += n
        for part in self.lots.parts(1):
            self.line.take(part)

    @property
    def runs(self) -> str:
        """The bundle that decides, or would."""
        return self.slots.state.active

    def waiting_reports(self) -> list[Reported]:
        """What is to be told, once there is a link."""
        told, self.reports = self.reports, []
        return told

    def _report(self, reported: Reported) -> None:
        self._number += 1
        boot = f"{self.name}-{self._boot}"
        self.reports.append(reported.model_copy(update={"boot": boot, "sequence": self._number}))

    def _alert(self, name: str, severity: str, text: str) -> None:
        if severity == "info":
            self.alerts.pop(name, None)
        else:
            self.alerts[name] = text

    def _download(
        self,
        path: str,
        target: Path,
        length: int,  # noqa: ARG002  the signature of a download
        stop: Callable[[], bool],  # noqa: ARG002  the signature of a download
    ) -> None:
        if not self.link(MadeClock.at):
            raise HubUnreachableError("no link")
        target.write_bytes(self.bundles[path.split("/")[3]].content)

    def _load(self, bundle: Bundle, *, build: bool = True) -> Loaded:  # noqa: ARG002  the signature of `Load`
        model = self.bundles[bundle.id].model
        if model.how == "load" and model.only in ("", self.sort):
            raise EngineError("golden samples differ")
        return Loaded(ReadyBundle(bundle, None), "cpu")  # type: ignore[arg-type]  # its parts need no runtime


def in_and_out(rng: np.random.Generator, away: float, mean_h: float, days: int = 40) -> Days:
    """On and off by chance; away for so much of the time, `mean_h` hours at once in the mean."""
    here_h, times, at = mean_h * (1 - away) / away, [], 0.0
    here = rng.random() >= away
    first = here
    while at < days * 24:
        at += rng.exponential(here_h if here else mean_h)
        times.append(at)
        here = not here
    marks = np.array(times)

    def is_here(now: datetime) -> bool:
        place = int(np.searchsorted(marks, (now - START).total_seconds() / 3600))
        return first == (place % 2 == 0)

    return is_here


def by_day(now: datetime) -> bool:
    """From six to ten in the evening."""
    return 6 <= now.hour < 22


def by_working_day(now: datetime) -> bool:
    """The same, and not from Friday evening to Monday morning."""
    return by_day(now) and now.weekday() < 5


def after(at: datetime) -> Days:
    """Switched off until then."""
    return lambda now: now >= at
