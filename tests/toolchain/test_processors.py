"""A training takes the processors it was given and others leave free, and one at least."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kits.toolchain import processors


@pytest.fixture(autouse=True)
def nothing_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: range(64), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)


def machine(root: Path, groups: str, files: dict[str, str]) -> Path:
    """A root with the groups a process is in, and files under `/sys/fs/cgroup`."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/\n", {"cpu.max": "max 100000\n"}, 64),
        ("0::/\n", {"cpu.max": "250000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "50000 100000\n"}, 1),
        # the unit has none, the slice above it has
        ("0::/firm.slice/hub.service\n", {"firm.slice/cpu.max": "400000 100000\n"}, 4),
        ("0::/hub.service\n", {"cpu.max": "800000 100000\n", "hub.service/cpu.max": "300000 100000\n"}, 3),
        # in a container the path is the host's and is not there
        ("0::/docker/4f1c\n", {"cpu.max": "600000 100000\n"}, 6),
        ("4:memory:/x\n1:cpu,cpuacct:/box\n", {"cpu/box/cpu.cfs_quota_us": "500000", "cpu/box/cpu.cfs_period_us": "100000"}, 5),
        ("1:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 64),
        ("0::/\n", {"cpu.max": "garbage\n"}, 64),
    ],
)  # fmt: skip
def test_a_quota_bounds_what_is_taken(
    tmp_path: Path, groups: str, files: dict[str, str], expected: int
) -> None:
    assert processors.granted(machine(tmp_path, groups, files)) == expected


@pytest.mark.parametrize(
    ("said", "expected"), [("3", 3), ("4,2", 4), ("1", 1), ("0", 64), ("many", 64), ("", 64)]
)
def test_a_stated_number_of_threads_is_heeded(
    monkeypatch: pytest.MonkeyPatch, said: str, expected: int
) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert processors.free() == expected
    assert processors.granted() == 64, "processes of one thread each are not bound by it"


@pytest.mark.parametrize(
    ("load", "expected"), [(0.0, 64), (10.2, 54), (63.4, 1), (64.0, 1), (400.0, 1)]
)
def test_processors_that_others_keep_busy_are_left_to_them(
    monkeypatch: pytest.MonkeyPatch, load: float, expected: int
) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 99.0, 99.0))
    monkeypatch.setattr(processors.time, "process_time", lambda: 0.0)
    assert processors.free() == expected


def test_what_this_process_did_itself_is_no_others_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (64.0, 64.0, 64.0))
    monkeypatch.setattr(processors, "_BEGAN_S", processors.time.monotonic() - 600)
    monkeypatch.setattr(processors.time, "process_time", lambda: 600 * 60.0)
    assert processors.free() == 60


def test_a_machine_that_tells_no_load_is_taken_for_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> tuple[float, float, float]:
        raise OSError

    monkeypatch.setattr(os, "getloadavg", unknown)
    assert processors.free() == 64


def test_small_work_takes_one_thread_whatever_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors, "free", lambda: 8)
    assert [processors.threads_for(work, 1_000) for work in (0, 900, 3_500, 10**6)] == [1, 1, 3, 8]
