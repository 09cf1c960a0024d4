"""One device on which bundles are installed, step by step, and killed where a test says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge_agent.config import EngineConfig, UpdateConfig
from edge_agent.engine.ladder import Ladder, Loaded
from edge_agent.errors import HubUnreachableError
from edge_agent.update.install import Installer
from edge_agent.update.probation import Tally
from edge_agent.update.slots import Slots
from edge_agent.update.surroundings import Surroundings
from kits.core.bundle import open_bytes
from kits.core.hub_api import DesiredBundle, Reported
from kits.core.signing import SigningKey
from tests.edge_agent.parts import bundle_id_of, desired_for, make_bundle

OLD, NEW = make_bundle(1), make_bundle(2, act_at=0.79)


class Killed(BaseException):
    """Stands for kill -9: nothing catches it, only what is on disk goes on."""


class IdleLine:
    """A line whose samples the test counts by hand."""

    def __init__(self) -> None:
        self.active: Loaded | None = None
        self.tally = Tally()
        self.shadow: Tally | None = None

    def activate(self, loaded: Loaded) -> None:
        self.active, self.tally = loaded, Tally()

    def begin_shadow(self, loaded: Loaded) -> Tally:
        self.shadow = Tally()
        return self.shadow

    def end_shadow(self) -> None:
        self.shadow = None


class Shelf:
    """A hub that has bundles; `cut` bytes arrive before each connection breaks."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = {bundle_id_of(c): c for c in contents}
        self.cut = 0

    def download(self, desired: DesiredBundle, target: Path) -> None:
        content = self.contents[desired.bundle]
        have = target.stat().st_size if target.exists() else 0
        end = have + self.cut if self.cut else len(content)
        with open(target, "ab") as file:
            file.write(content[have:end])
        if target.stat().st_size < desired.size:
            raise HubUnreachableError("cut off")


class Bench:
    """One device: what is on disk stays, the process may end."""

    def __init__(self, folder: Path, shelf: Shelf) -> None:
        self.folder = folder
        self.shelf = shelf
        self.key = SigningKey.create(folder / "hub.pem", "hub")
        self.reports: list[Reported] = []
        self.alerts: list[str] = []
        self.kill_at = ""
        self.config = UpdateConfig(shadow_samples=2, probation_samples=3)
        self.restart()

    def restart(self) -> None:
        def checkpoint(name: str) -> None:
            if name == self.kill_at:
                self.kill_at = ""
                raise Killed(name)

        self.line = IdleLine()
        self.slots = Slots(self.folder / "bundles")
        around = Surroundings(
            self.reports.append,
            lambda name, _severity, _text: self.alerts.append(name),
            trusted=(self.key.public,),
            hub=self.shelf,
            checkpoint=checkpoint,
        )
        ladder = Ladder(EngineConfig(providers=("cpu",), threads=1), self.folder / "engines")
        self.installer = Installer(self.slots, self.line, ladder.load, self.config, around)
        self.installer.start()

    def adopt(self, content: bytes) -> None:
        self.installer.adopt(open_bytes(content), content)

    def offer(self, content: bytes, **changes: object) -> None:
        self.installer.offer(desired_for(content, self.key, **changes))  # type: ignore[arg-type]

    def go_on(self, *, shadow: Callable[[Tally], None], live: Callable[[Tally], None]) -> None:
        """Steps until nothing is on its way, feeding samples as a line would."""
        for _ in range(40):
            if not self.installer.busy:
                return
            if self.line.shadow is not None:
                shadow(self.line.shadow)
            live(self.line.tally)
            self.installer.step()
        raise AssertionError("the installation never ended")

    def finish(self) -> None:
        def good(tally: Tally) -> None:
            tally.add(1.0, failed=False)

        self.go_on(shadow=good, live=good)

    @property
    def runs(self) -> str:
        return self.line.active.id if self.line.active is not None else ""

    @property
    def last(self) -> Reported:
        return self.reports[-1]
