"""What is asked of a person who adds or changes a connection: that its settings can work, and which secrets it needs. Pure.

Secrets that are ours to choose are drawn here. Storing is `connections.py`.
"""

from __future__ import annotations

import base64
import ipaddress
import secrets
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from urllib.parse import quote, urlsplit

from cloud_sync.crm.connection.settings import KINDS, CrmSettings
from cloud_sync.crm.inbound.schemes.described import Shown, Signed
from cloud_sync.crm.inbound.schemes.keys import WHPK, bytes_of_whsec
from cloud_sync.crm.inbound.schemes.table import PREFIX, scheme_of
from cloud_sync.crm.kinds.hubspot import paths as hubspot_paths
from cloud_sync.crm.kinds.incoming import INCOMING, is_told, own_fields, scheme_name, thing_of
from cloud_sync.crm.kinds.salesforce import paths as salesforce_paths
from cloud_sync.crm.kinds.salesforce.events import long_id
from cloud_sync.crm.kinds.salesforce.told import check_platform
from cloud_sync.crm.kinds.table import Secret, filled, kind_of
from cloud_sync.crm.kinds.webhook.events import PLACES
from cloud_sync.effects.webhook import read_secrets
from kits.core.addresses import is_loopback
from kits.core.errors import ConfigError, UsageError, did_you_mean
from kits.core.settings import validate_settings

OPTIONS: Mapping[str, str] = {
    "organization": "Salesforce: id of the organisation whose messages are taken (15 or 18 characters)",
    "networks": "networks that messages may come from, CIDR with commas between; behind a proxy it must be one on this machine",
    "proxy_header": "a header that the proxy in front sets, always: the subject of the client's certificate, for example",
    "proxy_value": "what that header must say, word by word",
    "our_user": "id of the user or app the hub writes as: its own changes make nothing due",
    "id_column": "what the column with the ids is called in exports that are imported into the project, where they show no CRM",
    "own_fields": "further names of the fields scores are written to, as messages name them (Pipedrive's keys of 40 characters)",
}
"""Options that say how messages are known and read, beside `scheme.*` and `event.*`."""
API_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "salesforce": (
        "events", "channel", "record_field", "fields_field", "what_field", "version", "audience",
    ),
    "hubspot": ("events", "version", "account"),
    "odoo": ("events", "api", "database", "login", "language"),
    "dynamics": ("events", "authority"),
    "pipedrive": ("archived",),
}  # fmt: skip
"""Options of a kind's API; what they mean stands in docs/reference/crm.md."""
_EVENTS: Mapping[str, tuple[str, ...]] = {"salesforce": ("poll", "messages", "cdc", "platform")}
"""What the option `events` may be, where it is more than usual."""
_ARCHIVED = ("gone", "lost")
"""What the option `archived` may be."""
_VERSIONS: Mapping[str, Callable[[str], None]] = {
    "hubspot": hubspot_paths.check_version,
    "salesforce": salesforce_paths.check_version,
}
_STANDARD = "signed by Standard Webhooks (https://www.standardwebhooks.com)"
_OTHERWISE = "known by the scheme {scheme} (docs/reference/crm.md, Schemes)"
_BODY = (
    '{"type": "lead.changed", "timestamp": "2026-01-02T03:04:05Z", "data": {"id": "42"}}, or a list'
)
_BODY_AS_SAID = "JSON, with everything where the options event.* say"
_DRAWN_BYTES = 32
WHSEC_FIX = "whsec_ and base64 of 24 to 64 bytes: whsec_$(openssl rand -base64 32)"
_LOST: Mapping[str, str] = {"hubspot": "other"}
"""A value that often means lost, where the usual field has none for it alone."""


def checked(raw: Mapping[str, object], where: str) -> CrmSettings:
    """Settings as a person says them, new or changed.

    Args:
        where: they come from, for errors.

    Raises:
        UsageError: no kind, or none of this name.
        ConfigError: a connection cannot work with them.
    """
    kind = raw.get("kind")
    if kind and kind not in KINDS:
        raise UsageError(f"no kind of CRM {str(kind)[:60]!r}", where=where, fix=did_you_mean(str(kind), KINDS))  # fmt: skip
    if not kind:
        misspelt = get_close_matches("kind", [str(key) for key in raw], 1)
        if misspelt:
            raise UsageError(f"no setting {misspelt[0]!r}", where=where, fix="did you mean 'kind'?")
        raise UsageError("which kind of CRM it is must be said", where="--kind", fix=f"--kind {'|'.join(KINDS)}")  # fmt: skip
    settings = validate_settings(raw, CrmSettings, where=where)
    check_incoming(settings)
    return settings


def check_incoming(settings: CrmSettings) -> None:
    """That messages of a connection can be known and read.

    Raises:
        ConfigError: they cannot; with the option that is to be changed.
    """
    options = settings.options
    scheme_of(scheme_name(settings), options)
    known = (*OPTIONS, *PLACES, *API_OPTIONS.get(settings.kind, ()))
    for key in options:
        if key not in known and not key.startswith(PREFIX):
            raise ConfigError(f"no option {key!r}", where=key, fix=did_you_mean(key, known))
    for key in INCOMING[settings.kind].needs:
        if not options.get(key):
            raise ConfigError(f"option {key} is missing", where=key, fix=f"{OPTIONS[key]}: --option {key}=…")  # fmt: skip
    if options.get("organization"):
        long_id(options["organization"])
    for one in options.get("networks", "").replace(",", " ").split():
        try:
            ipaddress.ip_network(one)
        except ValueError as error:
            raise ConfigError(f"not a network: {error}", where="networks", fix="for example 13.108.0.0/14") from error  # fmt: skip
    _check_events(settings)
    if "version" in options:
        _VERSIONS[settings.kind](options["version"])
    archived = options.get("archived", _ARCHIVED[0])
    if archived not in _ARCHIVED:
        raise ConfigError(f"archived may not be {archived!r}", where="archived", fix=did_you_mean(archived, _ARCHIVED))  # fmt: skip
    if bool(options.get("proxy_header")) != bool(options.get("proxy_value")):
        raise ConfigError(
            "proxy_header and proxy_value go together",
            where="proxy_header",
            fix="give both, or neither",
        )


def _check_events(settings: CrmSettings) -> None:
    said, options = settings.options.get("events"), settings.options
    known = _EVENTS.get(settings.kind, ("poll", "messages"))
    if said is not None and said not in known:
        raise ConfigError(f"events may not be {said!r}", where="events", fix=did_you_mean(said, known))  # fmt: skip
    if said == "platform":
        check_platform(options)


def is_drawn(settings: CrmSettings) -> bool:
    """Whether the secret of its messages is ours to choose; else the CRM shows it."""
    return INCOMING[settings.kind].drawn


def draw(settings: CrmSettings) -> str:
    """A new secret, as its scheme wants it."""
    scheme = scheme_of(scheme_name(settings), settings.options)
    if isinstance(scheme, Shown):
        token = secrets.token_urlsafe(_DRAWN_BYTES)
        return f"kitwright:{token}" if scheme.place == "basic" else token
    if scheme.key == "whsec":
        return "whsec_" + base64.b64encode(secrets.token_bytes(_DRAWN_BYTES)).decode()
    return secrets.token_urlsafe(_DRAWN_BYTES)


def needed(settings: CrmSettings, given: Mapping[str, str]) -> list[Secret]:
    """Secrets of its API that are to be asked for: what it cannot do without, of a group of ways the first."""
    groups = {
        one.group for one in kind_of(settings.kind).secrets if one.group and given.get(one.name)
    }
    found: list[Secret] = []
    for one in kind_of(settings.kind).secrets:
        if not one.needed or given.get(one.name) or (one.group and one.group in groups):
            continue
        groups |= {one.group} - {""}
        found.append(one)
    return found


def check_webhook_secret(settings: CrmSettings, secret: str) -> None:
    """That messages can be known by it.

    Raises:
        ConfigError: it has not the form its scheme wants, so no message would ever be. It is not told.
    """
    scheme = scheme_of(scheme_name(settings), settings.options)
    if not isinstance(scheme, Signed) or scheme.key != "whsec":
        return
    if not (scheme.public_keys and secret.startswith(WHPK)) and not bytes_of_whsec(secret):
        raise ConfigError("not a secret of this scheme", where="secret of its messages", fix=WHSEC_FIX)  # fmt: skip


def check_api_secrets(settings: CrmSettings, api: Mapping[str, str]) -> None:
    """That what is sent to a program of the firm's own can be signed; other CRMs say themselves what they take.

    Raises:
        ConfigError: it cannot. The secret is not told.
    """
    if settings.kind == "webhook" and "secret" in api:
        read_secrets(api["secret"], "secret", WHSEC_FIX)


def steps(name: str, settings: CrmSettings, url: str, secret: str) -> list[str]:
    """What a person enters in the CRM, in order.

    Args:
        name: of the connection.
        url: of it at this hub.
        secret: of its messages; empty: it has none.
    """
    url = _with_secret(settings, url, secret)
    fields = ", ".join(sorted(own_fields(settings))) or "none"
    scheme = scheme_name(settings)
    words = {
        "name": name,
        "url": url,
        "poll_s": f"{settings.poll_s:g}",
        "fields": fields,
        "thing": thing_of(settings),
        "one": thing_of(settings).removesuffix("s"),
        "signed": _STANDARD if scheme == "standard" else _OTHERWISE.format(scheme=scheme),
        "body": _BODY_AS_SAID if set(PLACES) & set(settings.options) else _BODY,
    }
    told, incoming = is_told(settings, [secret] if secret else ()), INCOMING[settings.kind]
    return [text.format(**words) for text in (incoming.steps if told else incoming.asked)]


def asked_only(settings: CrmSettings) -> str:
    """How it hears of changes where no message tells of them, for people."""
    return f"it is asked for changes every {settings.poll_s:g} seconds, and takes no messages"


def _with_secret(settings: CrmSettings, url: str, secret: str) -> str:
    """The address as it is entered, where the secret is a part of it."""
    scheme = scheme_of(scheme_name(settings), settings.options)
    if not secret or not isinstance(scheme, Shown):
        return url
    if scheme.place == "path":
        return f"{url}/{secret}"
    # Dataverse adds the field by itself
    if scheme.place == "query" and settings.kind != "dynamics":
        return f"{url}?{scheme.name}={quote(secret, safe='')}"
    return url


def shortcomings(settings: CrmSettings, name: str) -> list[str]:
    """What its settings leave out without which less is learned than could be, for people."""
    found, label = filled(settings), kind_of(settings.kind).label
    end, change = found.outcome, f"cloud-sync crm set {name}"
    if not (end.field and end.won):
        return [
            f"nothing says how {found.object} of {label} ended, so nothing is learned from them: {change} "
            "outcome.field=FIELD outcome.won=VALUE,… outcome.lost=VALUE,… outcome.at=FIELD"
        ]
    if not end.lost:
        return [
            f"nothing says that {found.object} of {label} were lost, so only those that were won are learned from, unless the import "
            f"counted old ones as lost, as the hub does then: {change} outcome.lost=VALUE,… (of the field {end.field}; for example {_LOST.get(settings.kind, 'lost')})"
        ]
    return []


def warnings(hub_url: str, crm_url: str = "") -> Sequence[str]:
    """What of the hub's address keeps a CRM from reaching it, for people.

    Args:
        crm_url: where its API is; a pretended one on this machine reaches whatever is here.
    """
    host = urlsplit(hub_url).hostname or ""
    if is_loopback(urlsplit(crm_url).hostname or ""):
        return []
    if is_loopback(host):
        return [
            f"the hub calls itself {hub_url}, which only this machine reaches: set public_url in hub.yaml to the"
            " address that the CRM will call; it is part of what some CRMs sign"
        ]
    if not hub_url.startswith("https://"):
        return [f"{hub_url} is not encrypted: most CRMs call HTTPS only, and all should"]
    return []
