"""Parts that most tests of the agent need: a tiny kit, bundles, pictures, a broker."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.mail import acting, imap
from edge_agent.sources import imap as mails
from kits.core.addresses import free_port
from tests.edge_agent.machine_parts import write_level_kit
from tests.edge_agent.mail_parts import write_mail_kit
from tests.edge_agent.mosquitto import Mosquitto, kill_leftovers
from tests.edge_agent.parts import write_tiny_kit
from tests.edge_agent.update_bench import OLD, Bench
from tests.small_disks import MakeDisk


@pytest.fixture(scope="session", autouse=True)
def tiny_kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Three third-party kits installed as entry points, in a folder on `sys.path`."""
    folder = tmp_path_factory.mktemp("site")
    write_tiny_kit(folder)
    write_level_kit(folder)
    write_mail_kit(folder)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of mailboxes: nothing of an earlier life is still on its way to a server of this machine, and nobody shares it.

    How pauses grow stays as it is. Who ends while it waits for mail is heard sooner.
    """
    monkeypatch.setattr(acting, "_SETTLES_S", 0.1)
    monkeypatch.setattr(imap, "_LOOK_S", 0.1)
    monkeypatch.setattr(mails, "_STUCK_PAUSE_S", 0.2)
    monkeypatch.setattr(mails, "_FIRST_PAUSE_S", 0.2)
    monkeypatch.setattr(mails, "_BUNDLE_PAUSE_S", 0.1)


@pytest.fixture(autouse=True)
def no_broker_outlives_its_test() -> Iterator[None]:
    yield
    kill_leftovers()


@pytest.fixture
def small_disk(make_disk: MakeDisk) -> Path:
    """A file system of 2 MiB."""
    return make_disk(2)


@pytest.fixture
def disk_of_a_device(make_disk: MakeDisk) -> Path:
    """A file system of 48 MiB."""
    return make_disk(48)


@pytest.fixture
def port() -> int:
    """A free port on the loopback address."""
    return free_port()


@pytest.fixture
def broker(tmp_path: Path, port: int) -> Iterator[Mosquitto]:
    mosquitto = Mosquitto(tmp_path, port)
    mosquitto.start()
    yield mosquitto
    mosquitto.kill()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A device that runs the old bundle, at a hub that has the new one."""
    bench = Bench(tmp_path)
    bench.adopt(OLD)
    return bench
