"""Work that may take hours, downloads and engine builds, beside the thread that must stay awake for
polls, reports and people. It knows nothing of bundles.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from edge_agent.process import NativeThread

_T = TypeVar("_T")
Start = Callable[[Callable[[], Any]], "Future[Any]"]
"""Begins a piece of work; its result, or what it raised, comes with the future."""


def at_once(work: Callable[[], Any]) -> Future[Any]:
    """Does the work before it returns: for tests that step by hand."""
    future: Future[Any] = Future()
    _do(work, future)
    return future


def beside(wake: Callable[[], None]) -> Start:
    """Does the work in a thread that ends with the process at the latest, and wakes its owner when it is done."""

    def start(work: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()

        def run() -> None:
            _do(work, future)
            wake()

        NativeThread("update-work", run).start()
        return future

    return start


def _do(work: Callable[[], Any], future: Future[Any]) -> None:
    try:
        future.set_result(work())
    except Exception as error:  # noqa: BLE001  raised again where the result is asked for
        future.set_exception(error)


class OverdueError(Exception):
    """A piece of work has outlived its limit. Its thread was left behind: nothing can end it."""


class Errand(Generic[_T]):
    """One piece of work at a time; its owner looks again and again whether it is done.

    Args:
        limit_s: longer than this no piece of work holds up the next one.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        start: Start,
        limit_s: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start = start
        self._limit_s = limit_s
        self._clock = clock
        self._of: object = None
        self._future: Future[_T] | None = None
        self._begun_at = 0.0

    def look(self, of: object, work: Callable[[], _T]) -> Future[_T] | None:
        """The result of the work `of` something, once; None while it, or an older one, goes on.

        The first look begins it. What an older one brought is dropped: nobody wants it any more.

        Raises:
            OverdueError: it has gone on for longer than the limit; another look begins it anew.
        """
        if self._future is not None and self._of != of and self._is_over(self._future):
            self._future = None
        if self._future is None:
            self._of, self._begun_at = of, self._clock()
            self._future = self._start(work)
        if self._of != of or not self._is_over(self._future):
            return None
        if not self._future.done():
            self._future = None
            raise OverdueError
        done, self._future = self._future, None
        return done

    def _is_over(self, future: Future[_T]) -> bool:
        return future.done() or self._clock() - self._begun_at > self._limit_s
