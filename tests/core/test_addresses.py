"""Ports that nobody has: given to one caller, who can listen there and come back."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from kits.core import addresses
from kits.core.addresses import free_port

FEW = range(29_000, 29_000 + addresses._TRIES)
DRAW = f"""
from kits.core import addresses
addresses._NEVER_LENT = range({FEW.start}, {FEW.stop})
print(addresses.free_port())
"""
COUNT = """
from pathlib import Path
from kits.core.addresses import free_port
for count in (64, 1, 200):
    for _ in range(count):
        free_port()
    print(len(list(Path("/proc/self/fd").iterdir())))
"""


def printed(program: str) -> list[int]:
    """The numbers that another process prints."""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return [int(word) for word in ran.stdout.split()]


def test_a_port_that_was_given_out_is_given_to_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_NEVER_LENT", FEW)
    given = [free_port() for _ in FEW]
    assert len(set(given)) == len(given)
    assert given[0] in FEW
    assert free_port() not in given  # of the system's choice, once none of the few is left
    assert printed(DRAW)[0] not in given


def test_who_asked_can_listen_there_go_away_and_come_back() -> None:
    port = free_port()
    for _ in range(2):
        with (
            socket.create_server(("0.0.0.0", port)),  # as servers do: with SO_REUSEADDR
            socket.create_connection(("127.0.0.1", port), timeout=5),
        ):
            pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_files_held_open_have_a_bound() -> None:
    full, more, many = printed(COUNT)
    assert full == more == many
