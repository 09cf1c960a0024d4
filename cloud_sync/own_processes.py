"""This user's processes, as the system lists them: what a killed hub left behind is found here.

A hub may be killed before it has written a number down, and a number may have been given to another
program since. What was left is therefore known by something that it was started with: an argument
or a variable.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")


def with_variable(name: str, value: str) -> Iterator[int]:
    """Numbers of the processes that were started with `name=value` among their variables."""
    wanted = f"{name}={value}".encode()
    return (pid for pid, variables in _fields("environ") if wanted in variables)


def with_argument(program: str, argument: str) -> Iterator[int]:
    """Numbers of the processes of `program` that were started with `argument`."""
    for pid, (path, *arguments) in _fields("cmdline"):
        named = Path(os.fsdecode(path)).name == program  # and no editor that has the file open
        if named and argument.encode() in arguments:
            yield pid


def _fields(file: str) -> Iterator[tuple[int, list[bytes]]]:
    """What `file` of each own process says; nothing where the system has no /proc."""
    for entry in _PROC.glob("[0-9]*"):
        try:
            fields = (entry / file).read_bytes().split(b"\0")
            own = entry.stat().st_uid == os.geteuid()
        except OSError:  # it has ended meanwhile, or lets nobody look
            continue
        if own:
            yield int(entry.name), fields
