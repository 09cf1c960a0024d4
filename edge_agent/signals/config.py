"""What all sources of machine signals have in common: their signals, windows and the ring, as sections.

The kinds (`opcua`, `modbus`, …) are in `sources/machine_config.py`. Nothing is opened here.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from kits.core.section import Section

MIB = 1 << 20
_MAX_SIGNALS = 512


class SignalConfig(Section):
    """One signal of a machine."""

    name: str = Field(
        min_length=1, max_length=64, description="name of the channel, as in training"
    )
    unit: str = Field("", max_length=64, description="physical unit: g, mm/s, bar, °C")
    asset: str = Field(
        "", max_length=200, description="the machine it belongs to; empty: the source's asset"
    )
    rate_hz: float = Field(
        0.0, ge=0, description="readings per second; 0: irregular, or told on change only"
    )
    role: Literal["channel", "attribute"] = Field(
        "channel",
        description="attribute: a condition of the whole window, such as speed_rpm, load or a product",
    )
    low: float | None = Field(None, description="readings below are not believed: a gap instead")
    high: float | None = Field(None, description="readings above are not believed: a gap instead")

    @property
    def sender(self) -> str:
        """Whose clock its times are of; empty: the source has one clock."""
        return ""


class WindowsConfig(Section):
    """How signals become windows, and how much of the past is kept."""

    asset: str = Field("machine", max_length=200, description="asset of signals that name none")
    window_s: float = Field(10.0, gt=0, le=86_400, description="length of a window, seconds")
    window_readings: int = Field(
        0, ge=0, description="length in readings of the fastest channel instead; 0: window_s counts"
    )
    hop_s: float = Field(0.0, ge=0, description="from window to window; 0: its length, seconds")
    grid_hz: float = Field(
        1.0, gt=0, le=1000, description="grid of irregular signals in a window, readings per second"
    )
    stale_s: float = Field(
        30.0, gt=0, description="a reading stands for so long at most; nothing at all for this long:"
        " source lost, seconds",
    )  # fmt: skip
    late_s: float = Field(
        2.0, ge=0, description="a window waits so long for readings that are on their way, seconds"
    )
    clock_step_s: float = Field(
        5.0, gt=0, description="a source's clock that is off by more was set, seconds"
    )
    keep_s: float = Field(
        300.0, gt=0, description="raw readings kept for the minutes before an alarm, seconds"
    )
    ring_bytes: int = Field(
        256 * MIB, ge=MIB, description="memory for them; less is kept when it is not enough, bytes"
    )
    queue: int = Field(
        4, ge=1, le=64, description="windows per asset waiting at most; the oldest are skipped"
    )


class Windowing(WindowsConfig):
    """The same with its signals: what the ring and the windows need of any source."""

    signals: tuple[SignalConfig, ...] = Field(
        min_length=1, max_length=_MAX_SIGNALS, description="what is read"
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Windowing:
        seen: set[tuple[str, str]] = set()
        for signal in self.signals:
            key = self.asset_of(signal), signal.name
            if key in seen:
                raise ValueError(f"two signals of {key[0]} are called {key[1]}")
            seen.add(key)
        if not any(signal.role == "channel" for signal in self.signals):
            raise ValueError("at least one signal must be a channel")
        return self

    def asset_of(self, signal: SignalConfig) -> str:
        """The machine a signal belongs to."""
        return signal.asset or self.asset

    @property
    def length_s(self) -> float:
        """Length of a window, seconds."""
        if not self.window_readings:
            return self.window_s
        rates = [s.rate_hz or self.grid_hz for s in self.signals if s.role == "channel"]
        return self.window_readings / max(rates)

    @property
    def step_s(self) -> float:
        """From window to window, seconds."""
        return self.hop_s or self.length_s
