"""The kinds of CRM as a table: which class talks to it, which secrets it needs, and its defaults. Data only.

How its messages are verified is `inbound/schemes/`; how a connection is stored is `connection/connections.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from cloud_sync.crm.connection.settings import CrmSettings, Fields, Outcome
from cloud_sync.crm.kinds import ends
from cloud_sync.crm.kinds.base import Access, Crm
from cloud_sync.crm.kinds.hubspot.objects import OBJECTS as HUBSPOT_OBJECTS
from kits.core.errors import ConfigError, did_you_mean

ANY: Final = ""
"""Of whatever a lead is there."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret of a kind. `needed`: without it the API cannot be called, unless another of the same group is there."""

    name: str
    what: str
    group: str = ""
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind.

    Attributes:
        make: opens it; imports its class only then.
        url: the public address of its API; empty: each firm has its own.
        object: what a lead is there by default.
        scheme: how its messages are signed by default.
        secrets: of its API; those its messages are verified with are `inbound/schemes/`'.
        fields: names of the fields scores are written to by default.
        outcomes: object → how it says what became of a lead; `ANY`: of whatever else a lead is there.
        rate_per_10s: requests in ten seconds that leave room for others.
        persons: object → the fields with a lead's addresses and names.
        lists: it has a list of its records (`Crm.listed`).
        tokens_at: the option that names another server which gets its secrets; empty: there is none.
        page: address of a record's page, with `{url}`, `{account}`, `{object}` and `{id}`; empty: not known.
        page_objects: object → what it is called there, where that is something else.
    """

    make: Callable[[Access], Crm]
    url: str
    object: str
    scheme: str
    secrets: tuple[Secret, ...]
    fields: Fields
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    persons: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rate_per_10s: float = 50.0
    label: str = ""
    lists: bool = True
    tokens_at: str = ""
    page: str = ""
    page_objects: dict[str, str] = field(default_factory=dict)


def _hubspot(access: Access) -> Crm:
    from cloud_sync.crm.kinds.hubspot.client import HubSpot

    return HubSpot(access)


def _salesforce(access: Access) -> Crm:
    from cloud_sync.crm.kinds.salesforce.client import Salesforce

    return Salesforce(access)


def _pipedrive(access: Access) -> Crm:
    from cloud_sync.crm.kinds.pipedrive.client import Pipedrive

    return Pipedrive(access)


def _odoo(access: Access) -> Crm:
    from cloud_sync.crm.kinds.odoo.client import Odoo

    return Odoo(access)


def _dynamics(access: Access) -> Crm:
    from cloud_sync.crm.kinds.dynamics.client import Dynamics

    return Dynamics(access)


def _webhook(access: Access) -> Crm:
    from cloud_sync.crm.kinds.webhook.client import Webhook

    return Webhook(access)


def _named(prefix: str, suffix: str = "") -> Fields:
    names = ("score", "probability", "percentile", "band", "reasons", "scored_at")
    points, probability, percentile, band, reasons, at = (f"{prefix}{n}{suffix}" for n in names)
    return Fields(
        points=points, probability=probability, percentile=percentile,
        band=band, reasons=reasons, scored_at=at,
    )  # fmt: skip


KINDS: dict[str, Kind] = {
    "hubspot": Kind(
        _hubspot, "https://api.hubapi.com", "contacts", "hubspot-v3",
        (Secret("token", "the service key, or the access token of an app (pat-…)"),),
        _named("kitwright_"),
        {
            "contacts": Outcome(
                field="lifecyclestage", won=("customer", "evangelist"), at="closedate"
            ),
            "companies": Outcome(
                field="lifecyclestage", won=("customer", "evangelist"), at="closedate"
            ),
            "deals": ends.DEALS.usual,
            "leads": Outcome(
                field="hs_pipeline_stage", won=("qualified-stage-id",), lost=("unqualified-stage-id",)
            ),
        },
        persons={"contacts": ("email", "firstname", "lastname")},
        rate_per_10s=90, label="HubSpot",
        page="https://app.hubspot.com/contacts/{account}/record/{object}/{id}",
        page_objects={name: known.number for name, known in HUBSPOT_OBJECTS.items()},
    ),
    "salesforce": Kind(
        _salesforce, "", "Lead", "salesforce-outbound",
        (
            Secret("client_id", "the app's consumer key (an external client app, or a connected app of before)"),
            Secret("client_secret", "its consumer secret (client-credentials flow)", "sign-in"),
            Secret("private_key", "PEM of its certificate's key (JWT flow)", "sign-in"),
            Secret("refresh_token", "a refresh token (web-server flow)", "sign-in"),
            Secret("username", "the user to act for (JWT flow)", needed=False),
        ),
        _named("Kitwright_", "__c"),
        {"Lead": ends.LEADS.usual, "Opportunity": ends.OPPORTUNITIES.usual},
        persons=dict.fromkeys(("Lead", "Contact"), ("Email", "FirstName", "LastName")),
        label="Salesforce", page="{url}/lightning/r/{object}/{id}/view",
    ),
    "pipedrive": Kind(
        _pipedrive, "https://api.pipedrive.com", "deals", "pipedrive",
        (Secret("token", "an API token (Settings, Personal preferences, API)"),),
        _named("Kitwright "),
        {"deals": Outcome(field="status", won=("won",), lost=("lost",), at="close_time")},
        persons={"persons": ("emails", "name")}, rate_per_10s=60, label="Pipedrive", page="https://app.pipedrive.com/{object}/{id}",
        page_objects={
            "deals": "deal", "persons": "person", "organizations": "organization", "leads": "leads/inbox",
        },
    ),
    "odoo": Kind(
        _odoo, "", "crm.lead", "odoo",
        (Secret("key", "an API key of a user (Preferences, Account Security)"),),
        _named("x_kitwright_"),
        {"crm.lead": Outcome(field="won_status", won=("won",), lost=("lost",), at="date_closed")},
        persons={"crm.lead": ("email_from", "contact_name")},
        label="Odoo", page="{url}/mail/view?model={object}&res_id={id}",
    ),
    "dynamics": Kind(
        _dynamics, "", "lead", "dataverse",
        (
            Secret("tenant", "the directory (tenant) id"),
            Secret("client_id", "the app registration's id"),
            Secret("client_secret", "its client secret"),
        ),
        Fields(),
        {
            "lead": Outcome(field="statecode", won=("1",), lost=("2",), at="modifiedon"),
            "opportunity": Outcome(
                field="statecode", won=("1",), lost=("2",), at="actualclosedate"
            ),
        },
        persons={"lead": ("emailaddress1", "firstname", "lastname"), "opportunity": ("emailaddress",)},
        label="Dynamics 365", tokens_at="authority",
        page="{url}/main.aspx?pagetype=entityrecord&etn={object}&id={id}",
    ),
    "webhook": Kind(
        _webhook, "", "lead", "standard",
        (Secret("secret", "whsec_…, what we send is signed with it (two while you change it)"),),
        Fields(),
        {ANY: Outcome(field="outcome", won=("won",), lost=("lost",), at="outcome_at")},
        rate_per_10s=100, label="a program of yours", lists=False,
    ),
}  # fmt: skip


def kind_of(name: str) -> Kind:
    """A kind.

    Raises:
        ConfigError: there is none of this name.
    """
    if name not in KINDS:
        raise ConfigError(f"no kind of CRM {name!r}", where="kind", fix=did_you_mean(name, KINDS))
    return KINDS[name]


def filled(settings: CrmSettings) -> CrmSettings:
    """The settings with what the kind says where a person said nothing; an address may still be missing."""
    kind = kind_of(settings.kind)
    thing = settings.object or kind.object
    own, usual = settings.fields, kind.outcomes.get(thing, kind.outcomes.get(ANY))
    fields = {
        name: getattr(own, name) or getattr(kind.fields, name) for name in Fields.model_fields
    }
    return settings.model_copy(
        update={
            "url": settings.url or kind.url, "object": thing, "scheme": settings.scheme or kind.scheme,
            "fields": Fields(**fields), "outcome": _outcome(settings.outcome, usual),
            "rate_per_10s": settings.rate_per_10s or kind.rate_per_10s,
        }
    )  # fmt: skip


def persons_of(settings: CrmSettings) -> tuple[str, ...]:
    """The fields with a lead's addresses and names: those that a person named, else the kind's own."""
    kind = kind_of(settings.kind)
    return settings.persons or kind.persons.get(settings.object or kind.object, ())


def _outcome(own: Outcome, usual: Outcome | None) -> Outcome:
    """What a person says of an outcome, and the rest as usual, unless they name another field than is usual."""
    if usual is None or own.field not in ("", usual.field):
        return own
    return Outcome(
        field=usual.field, won=own.won or usual.won, lost=own.lost or usual.lost, at=own.at or usual.at
    )  # fmt: skip


def with_defaults(settings: CrmSettings, name: str = "NAME") -> CrmSettings:
    """As `filled`.

    Args:
        name: of the connection, for the error.

    Raises:
        ConfigError: the kind has no public address, and none is given.
    """
    found = filled(settings)
    if not found.url:
        raise ConfigError(
            f"{kind_of(settings.kind).label} has no address that is the same for all: yours is missing",
            where="url",
            fix=f"cloud-sync crm set {name} url=https://…",
        )
    return found


def open_crm(access: Access) -> Crm:
    """A connection's CRM; nothing is asked yet.

    Raises:
        ConfigError: an address or a secret is missing, or one is no such thing.
    """
    kind = kind_of(access.settings.kind)
    missing = missing_secrets(access)
    if missing:
        raise ConfigError(
            f"a secret of {access.name!r} is missing: {missing[0].what}",
            where=missing[0].name,
            fix=f"cloud-sync crm secret {access.name}",
        )
    return kind.make(replace(access, settings=with_defaults(access.settings, access.name)))


def missing_secrets(access: Access) -> list[Secret]:
    """Secrets its API cannot do without; of those of one group any will do."""
    kind = kind_of(access.settings.kind)
    given = {name for name, value in access.secrets.items() if value}
    groups = {secret.group for secret in kind.secrets if secret.name in given and secret.group}
    return [
        secret
        for secret in kind.secrets
        if secret.needed and secret.name not in given and secret.group not in groups
    ]
