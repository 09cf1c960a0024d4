"""Wishes of a person at the device, left in a file for the running agent and kept until they are done.

An agent that dies meanwhile takes them up again at its next start. One that it dies of is given up:
the line must not go down again and again for it. What is done about a wish is `install.py`.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from edge_agent.log import warn
from edge_agent.update.records import NEWEST_WISH, Request
from edge_agent.update.slots import Slots, hand_over
from kits.core.files import write_atomically
from kits.core.sample import digest_of

_LIVES = 3
"""So many lives of the agent may begin with one wish."""
_ALLOW = "request_allow_*.json"
"""Each bundle that is allowed again is a wish of its own."""


class _Begun(BaseModel):
    """`request_begun.json`: in how many lives of the agent the wish with this digest was taken up."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    digest: str = ""
    lives: int = 0


def leave_request(folder: Path, request: Request) -> None:
    """Puts a wish where the updater finds it, now or at its next start."""
    path = folder / (
        _ALLOW.replace("*", request.bundle) if request.kind == "allow" else NEWEST_WISH
    )
    write_atomically(path, request.model_dump_json().encode())
    hand_over(path)


def leave_bundle(slots: Slots, content: bytes, bundle: str) -> None:
    """Puts a bundle and the wish to run it; an agent that deletes what nobody needs comes before both or after both."""
    with slots.held():
        slots.put(content, bundle)
        leave_request(slots.folder, Request(kind="apply", bundle=bundle))


class Requests:
    """The wishes in one folder, one at a time: what is allowed first, then the newest of what is to run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._begun = folder / "request_begun.json"
        self._taken: tuple[Path, bytes] | None = None
        self._unreadable: set[Path] = set()

    def take(self) -> Request | None:
        """The wish that waits; again and again until it is `done`."""
        for path in (*sorted(self._folder.glob(_ALLOW)), self._folder / NEWEST_WISH):
            request = self._take(path)
            if request is not None:
                return request
        return None

    def _take(self, path: Path) -> Request | None:
        try:
            content = path.read_bytes()
            self._unreadable.discard(path)
            request = Request.model_validate_json(content)
        except FileNotFoundError:
            return None
        except OSError as error:
            if path not in self._unreadable:
                warn("request_unreadable", file=str(path), error=error)
            self._unreadable.add(path)
            return None
        except ValidationError:
            path.unlink()
            warn("bad_request", file=path.name)
            return None
        if (path, content) != self._taken and not self._counted(content):
            warn("request_given_up", kind=request.kind, lives=_LIVES)
            path.unlink()
            return None
        self._taken = path, content
        return request

    def done(self) -> None:
        """The wish is fulfilled or refused; one that was left since stays."""
        if self._taken is not None:
            path, content = self._taken
            with suppress(FileNotFoundError):
                if path.read_bytes() == content:
                    path.unlink()
        self._begun.unlink(missing_ok=True)
        self._taken = None

    def _counted(self, content: bytes) -> bool:
        """Whether this life may try it; a disk that takes no count keeps nobody from his wish."""
        digest = digest_of(content)
        try:
            begun = _Begun.model_validate_json(self._begun.read_bytes())
        except (OSError, ValidationError):
            begun = _Begun()
        lives = begun.lives + 1 if begun.digest == digest else 1
        if lives > _LIVES:
            self._begun.unlink(missing_ok=True)
            return False
        try:
            now = _Begun(digest=digest, lives=lives)
            write_atomically(self._begun, now.model_dump_json().encode())
        except OSError as error:
            warn("request_not_counted", error=error)
        return True
