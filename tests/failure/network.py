"""Where a device looks for its broker: read and changed in its identity, as a proxy needs it."""

from __future__ import annotations

import json
from pathlib import Path


def broker_of(config: Path) -> tuple[str, int]:
    """Where a device was told that its broker is."""
    mqtt = json.loads((config.parent / "state" / "identity.json").read_text())["mqtt"]
    return str(mqtt["host"]), int(mqtt["port"])


def point_at(config: Path, host: str, port: int) -> None:
    """Makes a device look for its broker elsewhere."""
    path = config.parent / "state" / "identity.json"
    identity = json.loads(path.read_text())
    identity["mqtt"] |= {"host": host, "port": port}
    path.write_text(json.dumps(identity))
