"""The schemes of the vendors, as a table, and the one that a connection's options describe. Data only.

Sources: HubSpot "Validating requests" (v1, v2, v3); Standard Webhooks 1.0; Stripe "Verify webhook signatures"; GitHub
"Validating webhook deliveries"; Pipedrive "Guide for Webhooks v2"; Salesforce "Outbound Messaging"; the senders of Twenty
(`call-webhook.job.ts`) and Mautic (`Http/Client.php`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import TypeAdapter, ValidationError

from cloud_sync.crm.inbound.schemes.described import Scheme, Shown, Signed
from kits.core.complaints import plain
from kits.core.errors import ConfigError, did_you_mean

OWN: Final = "own"
"""Name of the scheme that options describe."""
PREFIX: Final = "scheme."

_HUBSPOT_OLD = Signed(
    signed="{secret}{body}", header="x-hubspot-signature", keyed=False, encoding="hex"
)

SCHEMES: Mapping[str, Signed | Shown] = {
    "hubspot-v3": Signed(
        signed="{method}{url}{body}{timestamp}", header="x-hubspot-signature-v3", encoding="base64",
        timestamp="x-hubspot-request-timestamp", unit="ms", escapes=True,
    ),
    "hubspot-v2": _HUBSPOT_OLD.model_copy(update={"signed": "{secret}{method}{url}{body}"}),
    "hubspot-v1": _HUBSPOT_OLD,
    "standard": Signed(
        signed="{id}.{timestamp}.{body}", header="webhook-signature", encoding="base64", form="list",
        prefix="v1,", timestamp="webhook-timestamp", id="webhook-id", key="whsec", public_keys=True,
    ),
    "stripe": Signed(
        signed="{timestamp}.{body}", header="stripe-signature", form="pairs", prefix="v1",
        timestamp="t",
    ),
    "twenty": Signed(
        signed="{timestamp}:{body}", header="x-twenty-webhook-signature",
        timestamp="x-twenty-webhook-timestamp", unit="ms",
    ),
    "mautic": Signed(header="webhook-signature", encoding="base64"),
    "github": Signed(header="x-hub-signature-256", prefix="sha256="),
    "pipedrive": Shown(place="basic"),
    "odoo": Shown(place="path"),
    "salesforce-outbound": Shown(place="path", or_networks=True),
    "dataverse": Shown(place="query", name="code"),
    "bearer": Shown(place="bearer"),
}  # fmt: skip

_ADAPTER: TypeAdapter[Signed | Shown] = TypeAdapter(Scheme)


def scheme_of(name: str, options: Mapping[str, str]) -> Signed | Shown:
    """A scheme by its name; `own` is described by options.

    Raises:
        ConfigError: there is none of this name, or the options describe none.
    """
    if name != OWN:
        if name not in SCHEMES:
            fix = did_you_mean(name, (*SCHEMES, OWN))
            raise ConfigError(f"no scheme {name!r}", where="scheme", fix=fix)
        return SCHEMES[name]
    given = {key.removeprefix(PREFIX): value for key, value in options.items() if key.startswith(PREFIX)}  # fmt: skip
    like = given.pop("like", "")
    base = scheme_of(like, {}).model_dump() if like else {"way": "signed"}
    try:
        return _ADAPTER.validate_python({**base, **given})
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in fault["loc"][1:])
        raise ConfigError(
            f"the options describe no scheme: {plain(fault)}",
            where=f"options.{PREFIX}{key}".rstrip("."),
            fix="docs/reference/crm.md has each key",
        ) from error
