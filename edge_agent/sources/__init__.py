"""Sources: one file per kind. `make_source` joins a configuration with its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_agent.sources.config import CameraSourceConfig, FolderSourceConfig, VideoSourceConfig

if TYPE_CHECKING:
    from edge_agent.sources.base import Alerts, Source


def make_source(
    config: FolderSourceConfig | CameraSourceConfig | VideoSourceConfig, alerts: Alerts
) -> Source:
    """The source a configuration names; opens nothing yet."""
    from edge_agent.sources.folder import FolderSource
    from edge_agent.sources.video import VideoSource, open_camera, open_video

    if isinstance(config, FolderSourceConfig):
        return FolderSource(config, alerts)
    if isinstance(config, CameraSourceConfig):
        return VideoSource(config, open_camera(config), alerts)
    return VideoSource(config, open_video(config), alerts, live=config.live)
