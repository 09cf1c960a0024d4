"""Passwords of sources: from the environment, by the name that the configuration gives. Nothing is kept."""

from __future__ import annotations

import os

from kits.core.errors import ConfigError


def password(variable: str, where: str) -> str:
    """The value of an environment variable; empty when none is named.

    Raises:
        ConfigError: it is named and not set.
    """
    if not variable:
        return ""
    found = os.environ.get(variable)
    if found is None:
        raise ConfigError(
            f"the environment variable {variable} is not set",
            where=where,
            fix=f"set it for the agent, e.g. {variable}=… in the service's EnvironmentFile",
        )
    return found
