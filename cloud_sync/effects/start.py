"""The receivers of a hub's configuration, with their secrets from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping

from cloud_sync.config import HubConfig
from cloud_sync.effects.mail import Mail
from cloud_sync.effects.targets import Target, say_variable
from cloud_sync.effects.webhook import Webhook, read_secrets
from kits.core.errors import ConfigError


def targets_of(config: HubConfig, environment: Mapping[str, str] = os.environ) -> list[Target]:
    """Who is to be told.

    Raises:
        ConfigError: a secret is missing or malformed.
    """
    found: list[Target] = []
    webhook, mail = config.notify.webhook, config.notify.mail
    if webhook.url:
        text = environment.get(webhook.secret_env, "")
        found.append(Webhook(webhook, read_secrets(text, webhook.secret_env)))
    if mail.host and mail.to:
        password = environment.get(mail.password_env, "")
        if mail.username and not password:
            raise ConfigError(
                "the app's client secret is not set"
                if mail.oauth_url
                else "the mail server's password is not set",
                where=mail.password_env,
                fix=say_variable(mail.password_env),
            )
        found.append(Mail(mail, password, site_name=config.site_name, hub_url=config.url))
    return found
