"""Runs something in a child that dies at its nth step: before each statement, commit, rename and request, and at its end.

So every line at which power can go is tried, one after the other, and none is left to chance. A step is what others can
see: the database, files, another server.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import Engine, event

from cloud_sync.effects.json_http import JsonHttp
from tests import forked

Work = Callable[..., None]
MOST = 400
_LONGEST_S = 60.0


def deaths(work: Work, begin: Callable[[], tuple[object, ...]]) -> Iterator[int]:
    """The numbers of the steps at which it died, after each death; it ends when the work is done before it dies.

    Args:
        work: a function of a module; everything it needs it opens itself.
        begin: sets everything to the beginning, each time; what `work` is called with.
    """
    for step in range(1, MOST):
        child = forked.start(_live, step, work, begin())
        child.join(_LONGEST_S)
        if child.exitcode == 0:
            return
        assert child.exitcode == -signal.SIGKILL, f"step {step}: exit code {child.exitcode}"
        yield step
    raise AssertionError(f"more than {MOST} steps")


def _live(step: int, work: Work, args: tuple[object, ...]) -> None:
    left = [step]

    def tick(*_args: object, **_more: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", tick)
    event.listen(Engine, "commit", tick)
    plain_replace, plain_send = os.replace, JsonHttp.send

    def replace(source: Path, target: Path) -> None:
        tick()
        plain_replace(source, target)
        tick()

    def send(self: JsonHttp, *args: object, **more: object) -> object:
        tick()
        answer = plain_send(self, *args, **more)  # type: ignore[arg-type]  # as they came
        tick()
        return answer

    os.replace = replace  # type: ignore[assignment]  # in this child only
    JsonHttp.send = send  # type: ignore[assignment,method-assign]
    work(*args)
    tick()  # and once all is done
