"""A program that the hub starts and ends: its process, its log, and what a killed hub left behind."""

from __future__ import annotations

import logging
import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from cloud_sync.own_processes import with_argument
from kits.core.files import write_atomically

log = logging.getLogger(__name__)

MAX_LOG_BYTES = 8 << 20
STOP_TIMEOUT_S = 5.0


class Child:
    """One process at a time.

    Args:
        name: of the program.
        folder: gets `NAME.log`, `NAME.log.1` and, for whoever looks after it, `NAME.pid`; readable by the owner only.
        mark: an argument by which a process of this hub is known in the process list.
    """

    def __init__(self, name: str, folder: Path, mark: str) -> None:
        self._name = name
        self.log_file = folder / f"{name}.log"
        self._pid_file = folder / f"{name}.pid"
        self._mark = mark
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The running process."""
        return self._process.pid if self._process is not None and self.alive() else None

    def start(self, command: Sequence[str]) -> None:
        """Starts `command`; its output is appended to the log. Raises OSError."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with open(os.open(self.log_file, flags, 0o600), "ab") as out:
            self._process = subprocess.Popen(  # noqa: S603  (a program found on PATH)
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                umask=0o077,
                start_new_session=True,  # Ctrl-C reaches the hub first, which then drains
            )
        # a service starts with room for 1,024 descriptors, each device takes one
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.prlimit(self._process.pid, resource.RLIMIT_NOFILE, (hard, hard))
        write_atomically(self._pid_file, str(self._process.pid).encode(), private=True)

    def stop(self) -> None:
        """SIGTERM, then SIGKILL; twice is fine."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._pid_file.unlink(missing_ok=True)

    def alive(self) -> bool:
        """Whether it runs."""
        process = self._process
        return process is not None and process.poll() is None

    def memory_bytes(self) -> int:
        """Resident memory; 0 when it does not run, or where the system does not say (no /proc)."""
        try:
            pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * resource.getpagesize()

    def reload(self) -> None:
        """SIGHUP, when it runs."""
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGHUP)

    def last_words(self) -> str:
        """The last line of the log."""
        return " ".join(self.log_file.read_text(errors="replace").splitlines()[-1:])

    def trim_log(self) -> None:
        """Keeps the log below 16 MiB: two files."""
        if self.log_file.exists() and self.log_file.stat().st_size > MAX_LOG_BYTES:
            shutil.copy(self.log_file, self.log_file.with_suffix(".log.1"))
            os.truncate(self.log_file, 0)  # the process appends, so it goes on at the start

    def end_leftover(self, gone: Callable[[], bool], timeout_s: float) -> None:
        """Ends the process of a hub that was killed, and waits until it is `gone`.

        It is looked for in the process list: a hub may be killed before it has written a number down.
        """
        left = [pid for pid in with_argument(self._name, self._mark) if pid != self.pid]
        for pid in left:
            log.warning("event=leftover_ended pid=%d", pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + timeout_s
        while left and time.monotonic() < deadline and not gone():
            time.sleep(0.02)
