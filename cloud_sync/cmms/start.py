"""The CMMS of a hub's configuration, with its secret from the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from cloud_sync.cmms.base import Cmms
from cloud_sync.cmms.erpnext import Erpnext
from cloud_sync.cmms.odoo import Odoo
from cloud_sync.cmms.settings import CmmsConfig
from cloud_sync.cmms.target import CmmsTarget
from cloud_sync.effects.settings import WebhookConfig
from cloud_sync.effects.targets import Target, say_variable
from cloud_sync.effects.webhook import Webhook, read_secrets
from cloud_sync.hub import Hub
from kits.core.errors import ConfigError

_KINDS: dict[str, Callable[[CmmsConfig, str], Cmms]] = {"odoo": Odoo, "erpnext": Erpnext}
_HINTS = {"odoo": "the API key of a user", "erpnext": "API_KEY:API_SECRET of a user"}


def cmms_of(config: CmmsConfig, environment: Mapping[str, str] = os.environ) -> Cmms | None:
    """The CMMS that is asked and told; None: none, or a webhook, which is only told.

    Raises:
        ConfigError: its key is missing.
    """
    make = _KINDS.get(config.kind)
    if make is None:
        return None
    key = environment.get(config.key_env, "").strip()
    if not key or not key.isascii() or not key.isprintable():
        raise ConfigError(
            f"the key of {config.kind} is not set" if not key else "not a key: plain ASCII only",
            where=config.key_env,
            fix=f"{say_variable(config.key_env)} ({_HINTS[config.kind]})",
        )
    return make(config, key)


def cmms_targets(hub: Hub, environment: Mapping[str, str] = os.environ) -> list[Target]:
    """The CMMS as a receiver of effects.

    Raises:
        ConfigError: its key is missing or malformed.
    """
    config = hub.config.cmms
    if config.kind == "webhook":
        secrets = read_secrets(environment.get(config.key_env, ""), config.key_env)
        webhook = WebhookConfig(
            url=config.url, timeout_s=config.timeout_s, guarded=config.guarded, allow=config.allow
        )
        return [Webhook(webhook, secrets, name=config.target)]
    cmms = cmms_of(config, environment)
    return [CmmsTarget(hub, cmms)] if cmms is not None else []
