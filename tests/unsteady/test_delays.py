"""Threads are delayed where they call our functions, and only those that are asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
PROGRAM = """
import threading, time
slept = []
time.sleep = lambda _seconds: slept.append(threading.current_thread().name)
from kits.core.addresses import is_loopback

def call():
    for _turn in range(2000):
        is_loopback("127.0.0.1")

stop = threading.Event()
waiting = threading.Thread(target=stop.wait, name="waiting")
waiting.start()
other = threading.Thread(target=call, name="other")
other.start()
other.join()
call()
stop.set()
print(*sorted(set(slept)))
"""
FORKED = """
import os
import sitecustomize

delays = sitecustomize.Delays(False)

def drawn():
    read, write = os.pipe()
    if os.fork() == 0:
        os.write(write, repr(delays._rng.random()).encode())
        os._exit(0)
    os.wait()
    return os.read(read, 99)

print(len({drawn() for _fork in range(5)}))
"""


@pytest.mark.parametrize(("who", "late"), [("others", "other"), ("first", "MainThread"), ("", "")])
def test_threads_that_are_asked_for_are_late(who: str, late: str) -> None:
    path = os.pathsep.join([str(FOLDER), str(FOLDER.parents[1])])
    env = {**os.environ, "PYTHONPATH": path, "KITWRIGHT_UNSTEADY": who}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == late


def test_forked_programs_are_late_at_places_of_their_own() -> None:
    env = {**os.environ, "PYTHONPATH": str(FOLDER), "KITWRIGHT_UNSTEADY": ""}
    done = subprocess.run(
        [sys.executable, "-c", FORKED], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "5"
