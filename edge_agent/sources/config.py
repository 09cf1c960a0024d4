"""The section `source` of `agent.yaml`: where samples come from, one model per kind."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from edge_agent.mail.config import ImapSourceConfig
from edge_agent.sources.machine_config import MACHINE_SOURCES, MachineSourceConfig
from kits.core.section import Section


def _expression(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return value


GroupBy: TypeAlias = Annotated[
    str,
    AfterValidator(_expression),
    Field(
        description="regular expression on the file's name; what it matches (its first group) is the part: its pictures are never in "
        "training and test both. The same as `data.group_by` in kit.yaml",
    ),
]


class FolderSourceConfig(Section):
    """Replays the images of a folder."""

    kind: Literal["folder"] = "folder"
    path: Path = Field(description="folder with images, read with its subfolders in sorted order")
    rate_hz: float = Field(0.0, ge=0, description="samples per second; 0: as fast as possible")
    loop: bool = Field(False, description="start again at the end")
    group_by: GroupBy = ""
    name: str = Field("folder", description="name of the source in events")


class HotFolderSourceConfig(Section):
    """A folder into which another program, as a camera's own, saves a file for each part."""

    kind: Literal["hot-folder"] = "hot-folder"
    path: Path = Field(description="folder that the files come into, with its subfolders")
    done: Literal["move", "delete", "keep"] = Field(
        "move",
        description="what becomes of a file that was decided: it is moved to the folder `decided` there, deleted, or stays",
    )
    settle_s: float = Field(
        0.3,
        gt=0,
        le=60,
        description="a file that does not show its end (TIFF; one that is cut) is read once it has not changed for so long, seconds",
    )
    poll_s: float = Field(0.02, gt=0, le=10, description="between two looks, seconds")
    stale_s: float = Field(
        0.0,
        ge=0,
        description="no file for this long: camera lost, seconds; 0: a line may stand still",
    )
    group_by: GroupBy = ""
    name: str = Field("hot-folder", description="name of the source in events")


class CameraSourceConfig(Section):
    """A local camera."""

    kind: Literal["camera"] = "camera"
    device: int | str = Field(0, description="number or path of the video device")
    width: int | None = Field(None, gt=0, description="pixels; empty: the camera's own choice")
    height: int | None = Field(None, gt=0, description="pixels; empty: the camera's own choice")
    rate_hz: float = Field(0.0, ge=0, description="frames per second at most; 0: all of them")
    queue: int = Field(2, ge=1, le=64, description="frames waiting at most; the oldest is dropped")
    stale_s: float = Field(5.0, gt=0, description="no frame for this long: camera lost, seconds")
    name: str = Field("camera", description="name of the source in events")


class VideoSourceConfig(Section):
    """A video stream (RTSP) or file."""

    kind: Literal["video"] = "video"
    url: str = Field(description="rtsp://… or the path of a file")
    live: bool = Field(
        True, description="true: freshest frame, reconnect; false: a file, to its end"
    )
    rate_hz: float = Field(0.0, ge=0, description="frames per second at most; 0: all of them")
    queue: int = Field(2, ge=1, le=64, description="frames waiting at most; the oldest is dropped")
    threads: int = Field(
        1,
        ge=1,
        le=16,
        description="that decode a live stream; each beyond the first keeps one more frame back, so that parts are judged later",
    )
    stale_s: float = Field(5.0, gt=0, description="no frame for this long: stream lost, seconds")
    name: str = Field("video", description="name of the source in events")


WatchingSourceConfig: TypeAlias = (
    FolderSourceConfig
    | HotFolderSourceConfig
    | CameraSourceConfig
    | VideoSourceConfig
    | MachineSourceConfig
)
"""Sources that only look; `sources.make_source` makes them."""
SourceConfig = Annotated[WatchingSourceConfig | ImapSourceConfig, Field(discriminator="kind")]
SOURCES = (
    FolderSourceConfig,
    HotFolderSourceConfig,
    CameraSourceConfig,
    VideoSourceConfig,
    *MACHINE_SOURCES,
    ImapSourceConfig,
)
"""One per `kind`."""
