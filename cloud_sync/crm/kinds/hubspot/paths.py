"""Where HubSpot's API is: its versions are dates, and stand in each path. Nothing is asked here.

Source: https://developers.hubspot.com/docs/api-reference/legacy/migration-guide. A version comes each March and September
and lives for 18 months; what the hub asks and is answered is the same in all of them and in v3, which ends in September
2027. From 2026-09 on a rule that an administrator made for a record holds for writes by the API, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from kits.core.errors import ConfigError

VERSION: Final = "2026-09"
NUMBERED: Final = "v3"
"""The version before the dates."""
_DATE: Final = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Paths:
    """Of one object: its records, its properties; who signs in, and whom records belong to."""

    objects: str
    properties: str
    account: str
    owners: str


def paths_of(thing: str, version: str = VERSION) -> Paths:
    """The paths of one version. Raises ConfigError."""
    check_version(version)
    name = quote(thing, safe="")
    if version == NUMBERED:
        return Paths(
            f"/crm/{NUMBERED}/objects/{name}", f"/crm/{NUMBERED}/properties/{name}",
            f"/account-info/{NUMBERED}/details", f"/crm/{NUMBERED}/owners",
        )  # fmt: skip
    return Paths(
        f"/crm/objects/{version}/{name}", f"/crm/properties/{version}/{name}", f"/account-info/{version}/details",
        f"/crm/owners/{version}",
    )  # fmt: skip


def check_version(version: str) -> None:
    """That it is a version of this API.

    Raises:
        ConfigError: it is none.
    """
    if version != NUMBERED and not _DATE.fullmatch(version):
        raise ConfigError(
            f"version may not be {version[:60]!r}", where="version",
            fix=f"the date of a version, YYYY-MM, such as {VERSION}, or {NUMBERED}",
        )  # fmt: skip
