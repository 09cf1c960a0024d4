"""What a configuration says of the machine: bearings as orders of the shaft, its speed, its class.

It is not responsible for the geometry behind a number (`_signals/bearings.py`) nor for what is made of it
(`_device/physics.py`).
"""

from __future__ import annotations

import re
from pathlib import Path

from kits.core.errors import DataError
from kits.predictive_maintenance._device.physics import PhysicsSpec
from kits.predictive_maintenance._device.shaft import ShaftSpec
from kits.predictive_maintenance._signals import severity
from kits.predictive_maintenance._signals.bearings import BearingOrders, lookup, orders
from kits.predictive_maintenance.config import Config


def physics_of(config: Config) -> PhysicsSpec:
    """What the configuration says of the machine.

    Raises:
        DataError: an unknown bearing or machine class.
    """
    limits = severity.limits_of(config.machine_class) if config.machine_class else None
    return PhysicsSpec(
        bearings=bearings_of(config),
        speed_rpm=config.speed_rpm,
        shaft=shaft_of(config),
        own_band=config.envelope_bands == "kurtogram",
        zone_ends=(limits.ab, limits.bc, limits.cd) if limits else None,
        zone_source=f"{limits.edition}, {config.machine_class}" if limits else "",
    )


def shaft_of(config: Config) -> ShaftSpec:
    """What the configuration says of how the shaft's speed is known."""
    limits = config.speed_range_rpm
    return ShaftSpec(
        speed_channel=config.speed_channel,
        tacho_channel=config.tacho_channel,
        pulses_per_turn=config.tacho_pulses,
        range_rpm=(limits[0], limits[1]) if limits else None,
    )


def bearings_of(config: Config) -> dict[str, BearingOrders]:
    """Orders of the bearings named in the configuration.

    Raises:
        DataError: an unknown number, or a geometry that is none.
    """
    table = Path(config.bearing_table) if config.bearing_table else None
    found = {}
    for text in config.bearings:
        name, given, figures = text.partition("=")
        if given:
            found[_key(name)] = _from_figures(text, figures)
        else:
            shape = lookup(text, table)
            found[_key(text)] = orders(
                shape.elements, shape.element_mm, shape.pitch_mm, shape.contact_deg
            )
    return found


def _key(name: str) -> str:
    return re.sub(r"\W+", "_", name.strip()) or "bearing"


def _from_figures(text: str, figures: str) -> BearingOrders:
    try:
        elements, ball, pitch, *angle = (float(part) for part in figures.split(","))
    except ValueError:
        raise DataError(
            f"bearing {text!r} is no geometry",
            where="kit.yaml: model.bearings",
            fix="write name=elements,ball mm,pitch mm,contact ° – as 6205=9,7.94,39.04,0",
        ) from None
    return orders(int(elements), ball, pitch, angle[0] if angle else 0.0)
