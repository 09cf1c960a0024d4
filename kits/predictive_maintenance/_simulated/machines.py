"""Synthetic machines with known faults, for demo and tests: one door to the `_machine_*` modules.

Each gives `kits.core.window.Window` and is repeatable from its random generator. They show that a path
works and that an answer is right where truth is known; they are never evidence of quality, because no
machine that a person draws is as odd as a real one.
"""

from __future__ import annotations

from kits.predictive_maintenance._simulated.bearing import (
    ORDERS_6205,
    BallPass,
    BearingFault,
    Motor,
    Orders,
    bearing_capture,
    bearing_life,
    make_motor,
)
from kits.predictive_maintenance._simulated.duty import (
    REGIMES,
    Event,
    Phase,
    PumpFault,
    Regime,
    shifts,
)
from kits.predictive_maintenance._simulated.engines import run_to_failure
from kits.predictive_maintenance._simulated.gearbox import Gearbox, GearFault, gear_capture
from kits.predictive_maintenance._simulated.pump import MONDAY, Pump, make_pump, pump_history
from kits.predictive_maintenance._simulated.sensors import SENSOR_FAULTS, SensorFault, inject
from kits.predictive_maintenance._simulated.shaft import RunUp

__all__ = [
    "MONDAY",
    "ORDERS_6205",
    "REGIMES",
    "SENSOR_FAULTS",
    "BallPass",
    "BearingFault",
    "Event",
    "GearFault",
    "Gearbox",
    "Motor",
    "Orders",
    "Phase",
    "Pump",
    "PumpFault",
    "Regime",
    "RunUp",
    "SensorFault",
    "bearing_capture",
    "bearing_life",
    "gear_capture",
    "inject",
    "make_motor",
    "make_pump",
    "pump_history",
    "run_to_failure",
    "shifts",
]
