"""An app of HubSpot's that tells the hub what changes: the files of its project, as the command line `hs` uploads them.

Since October 2026 HubSpot makes new apps of files only. Values in, values out; which properties matter is asked in
`client.py`, files are written by `commands/crm_app.py`.

Source: https://developers.hubspot.com/docs/apps/developer-platform, "App configuration" and "Configure webhooks".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.client.http import many, one, text
from cloud_sync.crm.kinds.hubspot.objects import object_of
from cloud_sync.store.types import JsonObject

PLATFORM: Final = "2026.09"
PROJECT: Final = "hsproject.json"
APP: Final = "src/app/app-hsmeta.json"
WEBHOOKS: Final = "src/app/webhooks/webhooks-hsmeta.json"
_UID: Final = 64
"""Characters of a uid, its limit."""
_CALLS: Final = 10
"""Messages that HubSpot sends at a time; more than five, it demands."""
_LIVES: Final = ("object.creation", "object.deletion", "object.merge", "object.restore")
_CHANGED: Final = "object.propertyChange"
_ERASED: Final = "contact.privacyDeletion"
_HOST: Final = "https://api.hubapi.com"
UNTOLD: Final = frozenset({"num_unique_conversion_events"})
"""Properties that HubSpot tells nobody of, beside those that change with every write."""


@dataclass(frozen=True, slots=True)
class HubSpotApp:
    """What an app must tell.

    Attributes:
        connection: its name at the hub.
        url: where messages go.
        thing: the object whose records are leads: contacts, companies, deals, leads, or an object's number.
        properties: whose changes matter.
    """

    connection: str
    url: str
    thing: str
    properties: Sequence[str]

    @property
    def name(self) -> str:
        """Of project and app."""
        return f"kitwright-{self.connection}"[:_UID]

    def project(self) -> JsonObject:
        """`hsproject.json`."""
        return {"name": self.name, "srcDir": "src", "platformVersion": PLATFORM}

    def app(self) -> JsonObject:
        """`app-hsmeta.json`: of this account alone, with no more rights than its messages need."""
        auth: JsonObject = {
            "type": "static", "requiredScopes": [f"crm.objects.{self.thing}.read"],
            "optionalScopes": [], "conditionallyRequiredScopes": [],
        }  # fmt: skip
        config: JsonObject = {
            "name": self.name,
            "description": "Tells Kitwright of leads that are new or have changed.",
            "distribution": "private",
            "auth": auth,
            "permittedUrls": {"fetch": [_HOST], "iframe": [], "img": []},
        }
        return {"uid": self.name, "type": "app", "config": config}

    def webhooks(self, before: Mapping[str, JsonValue]) -> JsonObject:
        """`webhooks-hsmeta.json`.

        Args:
            before: as it is there, empty for none. What is not wanted any more is switched off: HubSpot refuses a project
                from which a subscription was taken away. All else that a person set stays.
        """
        config, settings = one(before.get("config")), one(one(before.get("config")).get("settings"))
        said = one(config.get("subscriptions"))
        wanted = {_key(row): row for row in self._subscriptions()}
        subscriptions: JsonObject = {
            **said,
            "crmObjects": _merged(many(said.get("crmObjects")), wanted, _is_object),
            "hubEvents": _merged(many(said.get("hubEvents")), wanted, lambda row: not _is_object(row)),
        }  # fmt: skip
        legacy = many(said.get("legacyCrmObjects"))
        if legacy:
            subscriptions["legacyCrmObjects"] = [{**row, "active": False} for row in legacy]
        return {
            "uid": "webhooks",
            "type": "webhooks",
            **before,
            "config": {
                **config,
                "settings": {"maxConcurrentRequests": _CALLS, **settings, "targetUrl": self.url},
                "subscriptions": subscriptions,
            },
        }

    def _subscriptions(self) -> Iterable[JsonObject]:
        one_of = object_of(self.thing).one
        for kind in _LIVES:
            yield {"subscriptionType": kind, "objectType": one_of, "active": True}
        for name in self.properties:
            yield {
                "subscriptionType": _CHANGED, "objectType": one_of, "propertyName": name,
                "active": True,
            }  # fmt: skip
        if one_of == "contact":
            yield {"subscriptionType": _ERASED, "active": True}


def switched_off(webhooks: Mapping[str, JsonValue]) -> list[str]:
    """What is not told any more, for people: properties, else kinds of events."""
    said = one(one(webhooks.get("config")).get("subscriptions"))
    rows = [row for rows in said.values() for row in many(rows) if row.get("active") is False]
    return sorted({text(row.get("propertyName") or row.get("subscriptionType")) for row in rows})


def _key(row: Mapping[str, JsonValue]) -> tuple[str, str, str]:
    # "objectName" in files of older platforms
    thing = row.get("objectType") or row.get("objectName")
    return text(row.get("subscriptionType")), text(thing).lower(), text(row.get("propertyName"))


def _is_object(row: Mapping[str, JsonValue]) -> bool:
    return text(row.get("subscriptionType")).startswith("object.")


def _merged(
    there: Sequence[Mapping[str, JsonValue]],
    wanted: Mapping[tuple[str, str, str], JsonObject],
    belongs: Callable[[Mapping[str, JsonValue]], bool],
) -> list[JsonValue]:
    kept: list[JsonValue] = [{**row, "active": _key(row) in wanted} for row in there]
    known = {_key(row) for row in there}
    return kept + [row for key, row in wanted.items() if belongs(row) and key not in known]
