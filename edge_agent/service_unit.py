"""The systemd unit of this very installation, from the template in `deploy/`.

Text only: nothing is written or started here, and systemd need not be installed.
"""

from __future__ import annotations

import grp
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from kits.core.errors import MachineError

_TEMPLATE = Path(__file__).parent / "deploy" / "kitwright-agent.service"
_SERIAL_GROUPS = ("dialout", "uucp")
"""Of Debian and Fedora, and of Arch."""
_MARK = re.compile("@([A-Z]+)@")


def make_unit(
    config: Path,
    state_dir: Path,
    user: str,
    writable: Sequence[Path] = (),
    serial: str = "",
) -> str:
    """The unit for a configuration.

    Args:
        writable: further folders that the agent writes to.
        serial: a serial port that it reads; empty: none.

    Raises:
        MachineError: the command is installed nowhere.
    """
    values = {
        "COMMAND": _quoted(str(_command())),
        "CONFIG": _argument(config),
        "STATE": _argument(state_dir),
        "WRITABLE": " ".join(
            _quoted(f"-{one}") for one in (state_dir, *writable)
        ),  # absent, they are no reason not to start
        "USER": user,
        "GROUPS": " ".join(["video", *_group_of(serial)]),
        # systemd takes the whole line for the path
        "ENVIRONMENT": str(config.with_suffix(".env")).replace("%", "%%"),
    }
    return _MARK.sub(lambda mark: values[mark[1]], _TEMPLATE.read_text())


def _group_of(serial: str) -> list[str]:
    """Who may open a serial port: the port's own group, where it is not there that of such ports here."""
    try:
        found = [grp.getgrgid(Path(serial).stat().st_gid).gr_name] if serial else []
    except (OSError, KeyError):
        known = {group.gr_name for group in grp.getgrall()}
        found = [name for name in _SERIAL_GROUPS if name in known][:1]
    return [name for name in found if name != "root"]


def _command() -> Path:
    """`edge-agent` of the installation that runs now; one from PATH could be another."""
    own = Path(sys.executable).with_name("edge-agent")
    if own.exists():
        return own
    found = shutil.which("edge-agent")
    if found is None:
        raise MachineError(
            "the command edge-agent is not installed",
            where=str(own),
            fix="pip install 'kitwright[agent,cpu]'",
        )
    return Path(found)


def _argument(path: Path) -> str:
    """A path in a command line, where `$` would name a variable."""
    return _quoted(str(path).replace("$", "$$"))


def _quoted(text: str) -> str:
    """Text as one word of a unit: `%` means itself, spaces do not part it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if re.search(r"[\s\"'\\]", text) else escaped
