"""How a kit's demo is told: where its data lies, in which words, and what the kit shows beside the circle.

An optional part of the contract (`STORY` in a kit's `demo.py`), read by `kit demo` alone. It holds values, and the
steps that no other kit has; the steps of the circle are the toolchain's, and are the same for every kit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic import JsonValue


class DemoStage(Protocol):
    """What a step of a kit's own finds when the circle is closed.

    Attributes:
        root: the demo's folder; what `generate` wrote is in `data` below it.
        seed: that `generate` was given.
        bundle: the file of the bundle that the device runs in the end.
    """

    @property
    def root(self) -> Path: ...

    @property
    def seed(self) -> int: ...

    @property
    def bundle(self) -> Path: ...

    def run(self, *command: str, secrets: Mapping[str, str] | None = None) -> dict[str, JsonValue]:
        """Runs a command of Kitwright's that answers with one JSON document; a list stands under `items`.

        Args:
            secrets: additional environment of this command alone.

        Raises:
            KitwrightError: it failed; carries the end of its log.
        """


@dataclass(frozen=True, slots=True)
class OwnStep:
    """A step that only this kit has, after the circle.

    Attributes:
        title: of the step ("read a few mails nobody has seen").
        show: does it and says in lines what came of it.
    """

    title: str
    show: Callable[[DemoStage], str]


class HubStage(DemoStage, Protocol):
    """What a step finds of a circle without a device: the hub itself gets the samples and acts.

    Attributes:
        hub_url: where the hub answers.
        hub_data: its data folder, for `cloud-sync … --data`.
        project: name of the project at the hub.
        notes: what steps hand on to later ones.
    """

    @property
    def hub_url(self) -> str: ...

    @property
    def hub_data(self) -> Path: ...

    @property
    def project(self) -> str: ...

    @property
    def notes(self) -> dict[str, JsonValue]: ...

    def call(
        self, method: str, path: str, body: dict[str, JsonValue] | None = None
    ) -> dict[str, JsonValue]:
        """Asks the hub, as an engineer. Raises KitwrightError with its own words when it refuses."""

    def start(self, *command: str) -> None:
        """Starts a command of Kitwright's that stays until the demo ends."""


@dataclass(frozen=True, slots=True)
class HubStep:
    """A step of a circle without a device.

    Attributes:
        title: of the step ("connect the CRM").
        show: does it and says in lines what came of it.
    """

    title: str
    show: Callable[[HubStage], str]


@dataclass(frozen=True, slots=True)
class HubCircle:
    """What takes the place of a device's steps, for a kit whose samples come to the hub (leads of a CRM).

    Attributes:
        first: with the first bundle, until the hub has learned what its decisions came to.
        second: with the better bundle.
    """

    first: tuple[HubStep, ...]
    second: tuple[HubStep, ...]


@dataclass(frozen=True, slots=True)
class ExtraStep:
    """A second way of learning that the kit shows in a project of its own; proves the path, not quality.

    Attributes:
        title: of the step ("exercise the detector path").
        data: folder below the generated one with the data it learns from.
        settings: for `kit train --set`, so that it is quick.
        outcome: what it shows, in words ("two epochs from scratch prove the path, not quality").
    """

    title: str
    data: str
    settings: tuple[str, ...] = ()
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class DemoStory:
    """The circle in a kit's own terms. Paths are below the folder that `generate` fills.

    Attributes:
        learns_from: what the first model learns from ("good parts").
        data: folder with it, in a format of `data.py`.
        line: folder with what the device then sees, in the order of its names.
        truth: JSON of what the scripted reviewer answers: file name → `{"label": …, "boxes": […]}`;
            boxes may be left out.
        sample: what one sample is called ("part").
        content: what the bytes of a sample are called ("picture").
        harmless: label of what needs no act.
        finds: what is searched for, plural ("defects").
        action: name of the device's action, for `agent.yaml`.
        answers: of the project's template, beside `name`.
        project: folders that take the place of those of the same name in the new project.
        source: the `source` section of `agent.yaml`, without `path` and `loop`.
        agent: further sections of `agent.yaml`, in place of the demo's own.
        figures: metrics that are told, with what each is in words; empty: all by their names.
        honest: what must be known about the demo's figures, in sentences.
        extra: left out with `kit demo --short`; None: the kit has no second way.
        own: steps of the kit's own, after the circle; left out with `kit demo --short`.
        hub: steps in place of a device's; None: a device closes the circle.
    """

    learns_from: str
    data: str
    sample: str
    content: str
    harmless: str
    finds: str
    line: str = "line"
    truth: str = "truth.json"
    action: str = "reject"
    answers: Mapping[str, str] = field(default_factory=dict)
    project: tuple[str, ...] = ()
    source: Mapping[str, JsonValue] = field(
        default_factory=lambda: {"kind": "folder", "rate_hz": 20}
    )
    agent: Mapping[str, JsonValue] = field(default_factory=dict)
    figures: Mapping[str, str] = field(default_factory=dict)
    honest: str = ""
    extra: ExtraStep | None = None
    own: tuple[OwnStep, ...] = ()
    hub: HubCircle | None = None
