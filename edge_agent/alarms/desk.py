"""The desk: one alarm state and at most one open case per asset, over restarts.

Each step of a case is written down here before its row goes to the outbox, and forgotten only when the
outbox says that it is committed: a kill at any moment loses no step and repeats none. Rows, alerts and actions
are handed to others.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from edge_agent.alarms import steps, wishes
from edge_agent.alarms.config import AlarmsConfig
from edge_agent.alarms.figures import DeskFigures
from edge_agent.alarms.floods import Floods
from edge_agent.alarms.memory import (
    Asset,
    Case,
    DeskMemory,
    Shelf,
    Untold,
    read_memory,
    write_memory,
)
from edge_agent.alarms.steps import Sight, Step
from edge_agent.log import log, warn
from edge_agent.sources.base import Alerts
from edge_agent.sync.entry import Entry
from kits.core.alarm import AlarmState, Level, Transition
from kits.core.events import CaseBody, CaseStep
from kits.core.hub_api import CaseWord
from kits.core.operating_point import OperatingPoint
from kits.core.sample import utc_now

MARK = "cases"
_MAX_UNTOLD = 5000
_KEPT_WISHES = 100
_STEPS: Mapping[str, CaseStep] = {"acknowledge": "acknowledged", "close": "closed"}
_BACKWARDS_S = 1.0
"""A source's clock that goes back by more is taken for another clock, not for a late window."""


class CaseDesk:
    """Turns scores into steps of cases.

    Args:
        path: file that keeps what must not be forgotten; None: nothing is.
        put: takes entries for the outbox.
        committed: the number of the newest step whose row is in the outbox; None: it is out of reach.
        now: the wall clock, for shelves and persons; windows bring times of their own.
        keep_every_s: what is no step is written down so often: flash wears out. A kill costs a delay
            that is running so much.
    """

    def __init__(
        self,
        config: AlarmsConfig,
        path: Path | None,
        put: Callable[[Entry], bool],
        committed: Callable[[], int | None],
        alerts: Alerts,
        *,
        now: Callable[[], datetime] = utc_now,
        keep_every_s: float = 10.0,
    ) -> None:
        self._config = config
        self._path = path
        self._put = put
        self._committed = committed
        self._alerts = alerts
        self._now = now
        self._keep_every_s = keep_every_s
        self._kept_mono = time.monotonic()
        self._lock = threading.RLock()
        self._states: dict[str, tuple[tuple[object, object], AlarmState]] = {}
        memory = read_memory(path) if path is not None else DeskMemory()
        self._number = memory.number
        self._assets = dict(memory.assets)
        self._untold = list(memory.untold)
        self._floods = Floods(config.flood_cases, config.flood_window_s, memory.news)
        self._wishes = list(memory.wishes)
        self._handed = 0
        self._aligned = False
        self._dirty = False
        self._unwritable = False
        self.figures = DeskFigures()
        with self._lock:
            self._tell()

    # -- windows ---------------------------------------------------------------------------------

    def look(self, point: OperatingPoint, sight: Sight) -> tuple[Step, ...]:
        """What one window changes; the steps are safe on the disk when this returns."""
        with self._lock:
            asset = self._known(sight.asset)
            if asset is None:
                self.figures.unwatched += 1
                return ()
            asset, transition = self._stepped(point, asset, sight)
            made = self._follow(asset, transition, sight)
            if made:
                self._keep()
                self._tell()
            else:
                self._dirty = True
            return made

    def _known(self, name: str) -> Asset | None:
        found = self._assets.get(name)
        if found is None and len(self._assets) < self._config.max_assets:
            found = self._assets[name] = Asset()
        return found

    def _stepped(
        self, point: OperatingPoint, asset: Asset, sight: Sight
    ) -> tuple[Asset, Transition | None]:
        at_s, last_s = sight.at_s + asset.offset_s, asset.alarm.last_s
        offset_s = asset.offset_s
        if last_s is not None and at_s < last_s - _BACKWARDS_S:
            # delays go on from where they were: none of them waits for the clock to catch up
            offset_s, at_s = offset_s + last_s - at_s, last_s
        transition = self._state(point, sight.asset, asset).step(at_s, sight.score)
        state = self._states[sight.asset][1]
        asset = asset.model_copy(
            update={
                "alarm": state.memory, "offset_s": offset_s, "seen_at": sight.at,
                "score": sight.score if math.isfinite(sight.score) else None,
                "label": sight.label,
            }
        )  # fmt: skip
        self._assets[sight.asset] = asset
        return asset, transition

    def _state(self, point: OperatingPoint, name: str, asset: Asset) -> AlarmState:
        assert point.alarm is not None
        rules = (point.default, point.alarm)
        known = self._states.get(name)
        if known is None or known[0] != rules:  # another bundle judges: the level stands
            state = AlarmState(point.default, point.alarm)
            state.resume(asset.alarm)
            known = self._states[name] = (rules, state)
        return known[1]

    def _follow(
        self, asset: Asset, transition: Transition | None, sight: Sight
    ) -> tuple[Step, ...]:
        shelved = asset.shelf is not None and asset.shelf.until > self._now()
        if asset.case is None:
            return self._without_case(asset, transition, sight, shelved=shelved)
        case, at_s = asset.case, sight.at_s + asset.offset_s
        if transition is not None:
            step, case = steps.moved(case, transition, sight)
            since = steps.since_of(sight, transition)
            return (self._step(asset, case, step, sight, since=since, quiet=shelved),)
        if steps.is_over(case, at_s, self._config.close_after_h * 3600):
            note = f"normal for {self._config.close_after_h:g} h"
            note += "" if case.acknowledged_by else ", never acknowledged"
            return (self._step(asset, case, "closed", sight, note=note, quiet=shelved),)
        return ()

    def _without_case(
        self, asset: Asset, transition: Transition | None, sight: Sight, *, shelved: bool
    ) -> tuple[Step, ...]:
        owed = steps.owed(asset, transition, self._config.open_at)
        if not owed or shelved:
            self._assets[sight.asset] = asset.model_copy(update={"missed": owed})
            return ()
        since = steps.since_of(sight, transition) if transition is not None else sight.at
        case = steps.opened(sight, asset.alarm.level, since)
        asset = asset.model_copy(update={"missed": False})
        self.figures.opened += 1
        note = self._floods.note(sight.at, sight.asset)
        if note:
            self._alerts("alarm-flood", "error", note)
        return (self._step(asset, case, "opened", sight, since=since, note=note),)

    def _step(
        self,
        asset: Asset,
        case: Case,
        step: CaseStep,
        sight: Sight,
        *,
        since: datetime | None = None,
        note: str = "",
        quiet: bool = False,
    ) -> Step:
        body = steps.body_of(
            sight.asset, case, step, at=sight.at, since=since, sight=sight, note=note
        )
        left = None if step == "closed" else case
        self._assets[sight.asset] = asset.model_copy(update={"case": left})
        self._emit(body)
        self.figures.suppressed += quiet
        return Step(body, quiet)

    def _emit(self, body: CaseBody) -> None:
        self._number += 1
        self.figures.steps += 1
        self._untold.append(Untold(number=self._number, body=body))
        log("case", asset=body.asset, step=body.transition, to=body.level, case=body.case_id)
        if len(self._untold) > _MAX_UNTOLD:
            self.figures.lost += 1
            warn("case_step_given_up", number=self._untold.pop(0).number)

    # -- persons ---------------------------------------------------------------------------------

    def fulfil(self, wish: wishes.Wish) -> bool:
        """Does what a person wants; False when there is nothing to do it to. Twice equals once."""
        with self._lock:
            if wish.id in self._wishes:
                return True
            asset = self._known(wish.asset) if wish.kind == "shelve" else None
            asset = asset or self._assets.get(wish.asset)
            done = asset is not None and self._fulfilled(wish, asset)
            self._wishes = [*self._wishes[1 - _KEPT_WISHES :], wish.id]
            self._keep()
            self._tell()
            return done

    def _fulfilled(self, wish: wishes.Wish, asset: Asset) -> bool:
        case = asset.case
        if wish.kind == "shelve":
            return self._shelve(wish, asset)
        if wish.kind == "unshelve":
            return self._unshelve(wish.asset, asset, wish.note, wish.who)
        if case is None or (wish.kind == "acknowledge" and case.acknowledged_by):
            return False
        self._end(wish.asset, case, _STEPS[wish.kind], wish.note, wish.who)
        return True

    def _end(self, name: str, case: Case, step: CaseStep, note: str, who: str) -> None:
        """Somebody has taken the case on, or closed it."""
        seen = case.model_copy(update={"acknowledged_by": who or "?"})
        left = None if step == "closed" else seen
        self._assets[name] = self._assets[name].model_copy(update={"case": left})
        self._say(name, seen, step, note, who)

    def follow(self, words: Iterable[CaseWord]) -> None:
        """Does what was done at the hub. Twice equals once; a word about another case, or by somebody who
        did not know of the newest rise, says nothing.
        """
        with self._lock:
            followed = [word for word in words if self._followed(word)]
            if followed:
                self._keep()
                self._tell()

    def _followed(self, word: CaseWord) -> bool:
        case = self._assets.get(word.asset, Asset()).case
        if case is None or case.case_id != word.case_id or case.sample_id not in word.seen:
            return False
        if word.step == "closed":
            self._end(word.asset, case, "closed", word.note, word.who)
        elif word.step == "acknowledged" and not case.acknowledged_by:
            self._end(word.asset, case, "acknowledged", word.note, word.who)
        else:
            return False
        return True

    def _say(self, asset: str, case: Case, step: CaseStep, note: str, who: str) -> None:
        self._emit(steps.body_of(asset, case, step, at=self._now(), note=note, who=who))

    def _shelve(self, wish: wishes.Wish, asset: Asset) -> bool:
        hours = min(wish.hours or self._config.shelve_max_h, self._config.shelve_max_h)
        shelf = Shelf(until=self._now() + timedelta(hours=hours), reason=wish.note, who=wish.who)
        self._assets[wish.asset] = asset.model_copy(update={"shelf": shelf})
        until = f"until {shelf.until:%Y-%m-%d %H:%M} UTC"
        if asset.case is not None:
            self._say(wish.asset, asset.case, "shelved", f"{until}: {wish.note}", wish.who)
        text = f"{wish.asset} is shelved {until} by {wish.who or 'a person'}: {wish.note}"
        self._alerts(f"shelved-{wish.asset}", "warning", text)
        return True

    def _unshelve(self, name: str, asset: Asset, note: str, who: str) -> bool:
        if asset.shelf is None:
            return False
        self._assets[name] = asset.model_copy(update={"shelf": None})
        if asset.case is not None:
            self._say(name, asset.case, "unshelved", note, who)
        self._alerts(f"shelved-{name}", "info", f"{name} is watched again")
        return True

    def is_done(self, wish: str) -> bool:
        """Whether a wish with this id was fulfilled."""
        with self._lock:
            return wish in self._wishes

    def note_done(self, wish: str) -> None:
        """A wish that others have fulfilled."""
        with self._lock:
            self._wishes = [*self._wishes[1 - _KEPT_WISHES :], wish]
            self._keep()

    # -- from time to time -----------------------------------------------------------------------

    def settle(self, *, at_end: bool = False) -> None:
        """Ends shelves, tells what the outbox does not have yet, writes down what changed.

        Called about once a second.

        Args:
            at_end: nothing more comes: nothing waits to be written down.
        """
        with self._lock:
            now = self._now()
            for name, asset in list(self._assets.items()):
                if asset.shelf is not None and asset.shelf.until <= now:
                    self._dirty |= self._unshelve(name, asset, "its time is over", "")
            if self._floods.over(now):
                self._alerts("alarm-flood", "info", "new cases are few again")
            due = time.monotonic() - self._kept_mono >= self._keep_every_s
            if self._dirty and (due or at_end):
                self._keep()
            self._tell()

    def take_wishes(self, state_dir: Path) -> None:
        """Fulfils what persons left for the agent; a wish is deleted once it is done."""
        for path, wish in wishes.waiting(state_dir):
            done = self.fulfil(wish)
            if self._unwritable:
                return  # it is not on the disk that it is done
            log("wish" if done else "wish_in_vain", kind=wish.kind, asset=wish.asset)
            path.unlink(missing_ok=True)

    def _tell(self) -> None:
        """Hands in, in order, what is not in the outbox and not on its way there."""
        committed = self._committed()
        if committed is None:
            return
        self._align(committed)
        if self._untold and self._untold[0].number <= committed:
            self._untold = [one for one in self._untold if one.number > committed]
            self._dirty = True
        for one in self._untold:
            if one.number <= self._handed:
                continue
            if not self._put(Entry(one.body, "a", mark=(MARK, one.number))):
                return
            self._handed = one.number

    def _align(self, committed: int) -> None:
        """Once: when the file was lost, numbers begin behind those that the outbox has seen."""
        if self._aligned:
            return
        self._aligned = True
        known = self._number - len(self._untold)
        if committed > self._number:
            shift = committed - known
            self._number += shift
            self._untold = [Untold(number=u.number + shift, body=u.body) for u in self._untold]

    def _keep(self) -> None:
        self._dirty = False
        self._kept_mono = time.monotonic()
        if self._path is None:
            return
        memory = DeskMemory(
            number=self._number,
            assets=self._assets,
            untold=tuple(self._untold),
            news=tuple(self._floods.moments),
            wishes=tuple(self._wishes),
        )
        try:
            write_memory(self._path, memory)
        except OSError as error:
            self._dirty = True
            if not self._unwritable:
                warn("cases_not_written", error=error)
            self._unwritable = True
            self._alerts("cases-not-kept", "error", f"the disk does not take cases: {error}")
            return
        if self._unwritable:
            self._unwritable = False
            self._alerts("cases-not-kept", "info", "the disk takes cases again")

    def level(self, asset: str) -> Level:
        """In which an asset stands; normal when it is not known."""
        found = self._assets.get(asset)
        return found.alarm.level if found is not None else "normal"

    @property
    def floods(self) -> int:
        """Floods since the start."""
        return self._floods.count

    # -- what is shown ---------------------------------------------------------------------------

    def assets(self) -> Mapping[str, Asset]:
        """Every asset that was ever seen, as it stands."""
        with self._lock:
            return dict(self._assets)
