"""Where Salesforce's REST API is: the number of its version stands in each path. Nothing is asked here."""

from __future__ import annotations

import re
from typing import Final

from kits.core.errors import ConfigError

VERSION: Final = "62.0"
"""Of October 2024."""
_NUMBER: Final = re.compile(r"[0-9]{2,3}\.0")


def base_of(version: str) -> str:
    """What all paths begin with. Raises ConfigError."""
    check_version(version)
    return f"/services/data/v{version}"


def check_version(version: str) -> None:
    """That it is a version of this API.

    Raises:
        ConfigError: it is none.
    """
    if not _NUMBER.fullmatch(version):
        raise ConfigError(
            f"version may not be {version[:60]!r}", where="version",
            fix=f"the number of a version of Salesforce's API, such as {VERSION}",
        )  # fmt: skip
