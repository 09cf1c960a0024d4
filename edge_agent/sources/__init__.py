"""Sources: one file per kind. `make_source` joins a configuration with its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_agent.sources.config import (
    CameraSourceConfig,
    FolderSourceConfig,
    HotFolderSourceConfig,
    VideoSourceConfig,
)
from edge_agent.sources.machine_config import (
    ModbusSourceConfig,
    MqttSourceConfig,
    OpcUaSourceConfig,
    ReplaySourceConfig,
    SimulatedSourceConfig,
)

if TYPE_CHECKING:
    from edge_agent.sources.base import Alerts, Source
    from edge_agent.sources.config import WatchingSourceConfig
    from edge_agent.sources.signals import SignalDriver


def make_source(config: WatchingSourceConfig, alerts: Alerts) -> Source:
    """The source a configuration names; opens nothing yet. A mailbox is put together by `mail.opening`."""
    if isinstance(config, FolderSourceConfig):
        from edge_agent.sources.folder import FolderSource

        return FolderSource(config, alerts)
    if isinstance(config, HotFolderSourceConfig):
        from edge_agent.sources.hot_folder import HotFolderSource

        return HotFolderSource(config, alerts)
    if isinstance(config, CameraSourceConfig | VideoSourceConfig):
        return _make_video(config, alerts)
    if isinstance(config, ReplaySourceConfig):
        from edge_agent.sources.replay import ReplaySource

        return ReplaySource(config, alerts)
    if isinstance(config, SimulatedSourceConfig):
        from edge_agent.sources.simulated import SimulatedSource

        return SimulatedSource(config, alerts)
    from edge_agent.sources.signals import SignalSource

    return SignalSource(config, _make_driver(config), alerts, name=config.name)


def _make_video(config: CameraSourceConfig | VideoSourceConfig, alerts: Alerts) -> Source:
    from edge_agent.sources.opencv_video import open_camera, open_video
    from edge_agent.sources.video import VideoSource

    if isinstance(config, CameraSourceConfig):
        return VideoSource(config, open_camera(config), alerts)
    return VideoSource(config, open_video(config), alerts, live=config.live)


def _make_driver(
    config: OpcUaSourceConfig | ModbusSourceConfig | MqttSourceConfig,
) -> SignalDriver:
    if isinstance(config, OpcUaSourceConfig):
        from edge_agent.sources.opcua import OpcUaDriver

        return OpcUaDriver(config)
    if isinstance(config, ModbusSourceConfig):
        from edge_agent.sources.modbus import ModbusDriver

        return ModbusDriver(config)
    from edge_agent.sources.mqtt_signals import MqttDriver

    return MqttDriver(config)
