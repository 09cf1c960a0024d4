"""Makes a person's first keys: one for root, one for targets."""

from __future__ import annotations

from kits.core.console import account_name
from kits.toolchain.releasing.keys import KeyStore, PublicHalf, Role


def make_keys(
    keys: KeyStore, *, no_passphrase: bool = False, owner: str = "", roles: tuple[Role, ...] = ()
) -> list[PublicHalf]:
    """Makes the keys a person lacks; none when there is one of each.

    Args:
        no_passphrase: leave them unencrypted; otherwise the passphrase is asked for once.
        owner: whose keys; default: the login name.
        roles: make these even when there is one.

    Raises:
        UsageError: no passphrase can be asked for, or it is too short.
    """
    lacking = list(roles) or [role for role in _ROLES if not keys.own(role)]
    if not lacking:
        return []
    passphrase = None if no_passphrase else keys.new_passphrase()
    return [keys.create(role, owner or account_name(), passphrase) for role in lacking]


_ROLES: tuple[Role, ...] = ("root", "targets")
