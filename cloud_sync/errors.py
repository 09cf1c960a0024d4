"""Errors of the hub beside the shared tree (`kits.core.errors`), and what each means over HTTP.

    KitwrightError
    ├── NotFoundError            404  no such device, sample, bundle, …
    ├── WrongMethodError         405  the address takes other methods
    ├── ConflictError            409  it exists already, or its state forbids it
    ├── NotAllowedError          403  signed in, but the role does not suffice
    ├── UnauthenticatedError     401  no valid token or session
    ├── DataError
    │   ├── TooLargeError        413  more bytes than the limits allow
    │   ├── TooSlowError         408  the request did not come in time
    │   └── MalformedError       400  a body that cannot be read
    └── UnreachableError
        └── BusyError            503  too much at once: again a little later

Everything else maps by class in `http_status`. Bugs are not mapped: they become 500 with a trace
in the log.
"""

from __future__ import annotations

from kits.core.errors import (
    BundleError,
    ConfigError,
    DataError,
    GateError,
    KitwrightError,
    MachineError,
    UnreachableError,
    UsageError,
)


class NotFoundError(KitwrightError):
    """What was asked for is not in this hub."""


class WrongMethodError(KitwrightError):
    """The address is there, and takes other methods than this one."""


class ConflictError(KitwrightError):
    """It exists already, or its present state does not allow this."""


class NotAllowedError(KitwrightError):
    """The person or device is known but may not do this."""


class UnauthenticatedError(KitwrightError):
    """No valid token or session came with the request."""


class MalformedError(DataError):
    """What came over HTTP is not what it should be, and the same again cannot be."""


class BusyError(UnreachableError):
    """More came at once than the hub takes; the same again, a little later, will be taken."""


class TooLargeError(DataError):
    """More bytes than the hub's limits allow."""


class TooSlowError(DataError):
    """A request that does not come in time."""


_STATUS: tuple[tuple[type[KitwrightError], int], ...] = (
    (UnauthenticatedError, 401),
    (NotAllowedError, 403),
    (NotFoundError, 404),
    (WrongMethodError, 405),
    (ConflictError, 409),
    (GateError, 409),
    (TooLargeError, 413),
    (TooSlowError, 408),
    (MalformedError, 400),
    (UsageError, 400),
    (DataError, 422),
    (BundleError, 422),
    (ConfigError, 422),
    (MachineError, 503),
    (UnreachableError, 503),
)
_METHODS = "docs/reference/http-api.md has the methods of each address"


def http_status(error: KitwrightError) -> int:
    """The HTTP status a user's error is answered with."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 400)


def error_of(status: int, what: str, where: str = "") -> KitwrightError:
    """The error that a status stands for which the web framework answers by itself."""
    kind = next((kind for kind, known in _STATUS if known == status), KitwrightError)
    fix = _METHODS if kind is WrongMethodError else ""
    return kind(what, where=where, fix=fix)
