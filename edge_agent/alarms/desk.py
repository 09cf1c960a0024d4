"""The desk: one alarm state and at most one open case per asset, over restarts.

Decides what windows and persons change. That no step is lost or repeated is `book.py`'s work; rows, alerts and
actions are handed to others.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from edge_agent.alarms import steps, wishes
from edge_agent.alarms.book import CaseBook
from edge_agent.alarms.config import AlarmsConfig
from edge_agent.alarms.figures import DeskFigures
from edge_agent.alarms.floods import Floods
from edge_agent.alarms.memory import (
    Asset,
    Case,
    Shelf,
)
from edge_agent.alarms.steps import Sight, Step
from edge_agent.log import log
from edge_agent.sources.base import Alerts
from edge_agent.sync.entry import Entry
from kits.core.alarm import AlarmState, Level, Transition
from kits.core.events import CaseStep
from kits.core.hub_api import CaseWord
from kits.core.operating_point import OperatingPoint
from kits.core.sample import utc_now

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
        self._alerts = alerts
        self._now = now
        self._lock = threading.RLock()
        self._states: dict[str, tuple[tuple[object, object], AlarmState]] = {}
        self.figures = DeskFigures()
        self._book = CaseBook(path, put, committed, alerts, self.figures, keep_every_s)
        self._floods = Floods(config.flood_cases, config.flood_window_s, self._book.news)
        with self._lock:
            self._book.tell()

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
                self._book.tell()
            else:
                self._book.touch()
            return made

    def _known(self, name: str) -> Asset | None:
        found = self._book.assets.get(name)
        if found is None and len(self._book.assets) < self._config.max_assets:
            found = self._book.assets[name] = Asset()
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
        self._book.assets[sight.asset] = asset
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
            self._book.assets[sight.asset] = asset = asset.model_copy(update={"missed": owed})
            return self._after_closing(asset, transition, sight, quiet=shelved)
        since = steps.since_of(sight, transition) if transition is not None else sight.at
        case = steps.opened(sight, asset.alarm.level, since)
        asset = asset.model_copy(update={"missed": False, "ended": None})
        self.figures.opened += 1
        note = self._floods.note(sight.at, sight.asset)
        if note:
            self._alerts("alarm-flood", "error", note)
        return (self._step(asset, case, "opened", sight, since=since, note=note),)

    def _after_closing(
        self, asset: Asset, transition: Transition | None, sight: Sight, *, quiet: bool
    ) -> tuple[Step, ...]:
        """A person closed the case before the level fell: what was switched on is switched off all the same.

        That is no step of the case any more, which nobody has open: no row tells of it.
        """
        if asset.ended is None or transition is None or steps.rises(transition):
            return ()
        step, case = steps.moved(asset.ended, transition, sight)
        left = None if transition.new == "normal" else case
        self._book.assets[sight.asset] = asset.model_copy(update={"ended": left})
        since = steps.since_of(sight, transition)
        body = steps.body_of(sight.asset, case, step, at=sight.at, since=since, sight=sight)
        return (Step(body, quiet),)

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
        self._book.assets[sight.asset] = asset.model_copy(update={"case": left})
        self._book.add(body)
        self.figures.suppressed += quiet
        return Step(body, quiet)

    # -- persons ---------------------------------------------------------------------------------

    def fulfil(self, wish: wishes.Wish) -> bool:
        """Does what a person wants; False when there is nothing to do it to. Twice equals once."""
        with self._lock:
            if self._book.is_done(wish.id):
                return True
            asset = self._known(wish.asset) if wish.kind == "shelve" else None
            asset = asset or self._book.assets.get(wish.asset)
            done = asset is not None and self._fulfilled(wish, asset)
            self._book.note_done(wish.id)
            self._keep()
            self._book.tell()
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
        asset, closed = self._book.assets[name], step == "closed"
        ended = case if closed and asset.alarm.level != "normal" else None
        self._book.assets[name] = asset.model_copy(
            update={"case": None if closed else seen, "ended": ended}
        )
        self._say(name, seen, step, note, who)

    def follow(self, words: Iterable[CaseWord]) -> None:
        """Does what was done at the hub. Twice equals once; a word about another case, or by somebody who
        did not know of the newest rise, says nothing.
        """
        with self._lock:
            followed = [word for word in words if self._followed(word)]
            if followed:
                self._keep()
                self._book.tell()

    def _followed(self, word: CaseWord) -> bool:
        case = self._book.assets.get(word.asset, Asset()).case
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
        self._book.add(steps.body_of(asset, case, step, at=self._now(), note=note, who=who))

    def _shelve(self, wish: wishes.Wish, asset: Asset) -> bool:
        hours = min(wish.hours or self._config.shelve_max_h, self._config.shelve_max_h)
        shelf = Shelf(until=self._now() + timedelta(hours=hours), reason=wish.note, who=wish.who)
        self._book.assets[wish.asset] = asset.model_copy(update={"shelf": shelf})
        until = f"until {shelf.until:%Y-%m-%d %H:%M} UTC"
        if asset.case is not None:
            self._say(wish.asset, asset.case, "shelved", f"{until}: {wish.note}", wish.who)
        text = f"{wish.asset} is shelved {until} by {wish.who or 'a person'}: {wish.note}"
        self._alerts(f"shelved-{wish.asset}", "warning", text)
        return True

    def _unshelve(self, name: str, asset: Asset, note: str, who: str) -> bool:
        if asset.shelf is None:
            return False
        self._book.assets[name] = asset.model_copy(update={"shelf": None})
        if asset.case is not None:
            self._say(name, asset.case, "unshelved", note, who)
        self._alerts(f"shelved-{name}", "info", f"{name} is watched again")
        return True

    def is_done(self, wish: str) -> bool:
        """Whether a wish with this id was fulfilled."""
        with self._lock:
            return self._book.is_done(wish)

    def note_done(self, wish: str) -> None:
        """A wish that others have fulfilled."""
        with self._lock:
            self._book.note_done(wish)
            self._keep()

    # -- from time to time -----------------------------------------------------------------------

    @property
    def unwritable(self) -> bool:
        """Whether the disk did not take the cases when it was last tried."""
        return self._book.unwritable

    def settle(self, *, at_end: bool = False) -> None:
        """Ends shelves, tells what the outbox does not have yet, writes down what changed.

        Called about once a second.

        Args:
            at_end: nothing more comes: nothing waits to be written down.
        """
        with self._lock:
            now = self._now()
            for name, asset in list(self._book.assets.items()):
                if asset.shelf is not None and asset.shelf.until <= now:
                    self._unshelve(name, asset, "its time is over", "")
                    self._book.touch()
            if self._floods.over(now):
                self._alerts("alarm-flood", "info", "new cases are few again")
            if self._book.due(at_end=at_end):
                self._keep()
            self._book.tell()

    def take_wishes(self, state_dir: Path) -> None:
        """Fulfils what persons left for the agent; a wish is deleted once it is done."""
        for path, wish in wishes.waiting(state_dir):
            done = self.fulfil(wish)
            if self._book.unwritable:
                return  # it is not on the disk that it is done
            log("wish" if done else "wish_in_vain", kind=wish.kind, asset=wish.asset)
            path.unlink(missing_ok=True)

    def _keep(self) -> None:
        self._book.keep(self._floods.moments)

    def level(self, asset: str) -> Level:
        """In which an asset stands; normal when it is not known."""
        found = self._book.assets.get(asset)
        return found.alarm.level if found is not None else "normal"

    @property
    def floods(self) -> int:
        """Floods since the start."""
        return self._floods.count

    # -- what is shown ---------------------------------------------------------------------------

    def assets(self) -> Mapping[str, Asset]:
        """Every asset that was ever seen, as it stands."""
        with self._lock:
            return dict(self._book.assets)
