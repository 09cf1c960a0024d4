"""How a kind's messages are read and answered, and what a person enters in the CRM. Data only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.inbound.reading import Message
from cloud_sync.crm.kinds.base import Answer, CrmEvent
from cloud_sync.crm.kinds.dynamics import events as dynamics_events
from cloud_sync.crm.kinds.hubspot import events as hubspot_events
from cloud_sync.crm.kinds.odoo import events as odoo_events
from cloud_sync.crm.kinds.pipedrive import events as pipedrive_events
from cloud_sync.crm.kinds.salesforce import events as salesforce_events
from cloud_sync.crm.kinds.table import kind_of
from cloud_sync.crm.kinds.webhook import events as webhook_events

_TAKEN = Answer()


@dataclass(frozen=True, slots=True)
class Incoming:
    """One kind.

    Attributes:
        steps: what a person does in the CRM, in order; `{url}`, `{fields}` and the like are filled in (`adding.steps`).
        asked: what they do where the hub is to ask only; empty: who is asked tells, too.
        secret: what its messages are verified with, for people.
        drawn: the secret is ours to draw; else the CRM shows it.
        bookkeeping: fields that change with every write, whoever writes: they say nothing of who it was.
        needs: options it cannot do without.
    """

    read: Callable[[Message], list[CrmEvent]]
    steps: tuple[str, ...]
    secret: str
    drawn: bool = False
    bookkeeping: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    answer: Answer = _TAKEN


INCOMING: dict[str, Incoming] = {
    "hubspot": Incoming(
        hubspot_events.read,
        (
            "`cloud-sync crm app {name}` writes an app that tells the hub of all that matters, and says how it comes to HubSpot",
            "or, in a private app that is there already, its tab Webhooks: target URL {url}; subscriptions for {thing}:"
            " created, deleted, restored, merged, and property changed for each field the score learned from; of contacts"
            " deleted for privacy, too; not the fields that scores are written to ({fields})",
        ),
        asked=(
            "nothing: the hub asks every {poll_s} s. To be told within a second: `cloud-sync crm app {name}`",
        ),
        secret="the app's client secret (tab Auth)",  # noqa: S106  (what it is called)
        bookkeeping=frozenset({"hs_lastmodifieddate", "lastmodifieddate", "notes_last_updated"}),
    ),
    "salesforce": Incoming(
        salesforce_events.read,
        (
            "Setup, Outbound Messages, New: object {thing}, endpoint URL {url}",
            "fields to send: Id, SystemModstamp, IsDeleted",
            "a record-triggered flow on create and edit sends it; let it leave out changes by the hub's"
            " own user, or of the fields {fields}",
        ),
        secret="the end of the address", drawn=True, needs=("organization",), answer=salesforce_events.ACK,  # noqa: S106  (the same)
        bookkeeping=frozenset({"LastModifiedDate", "LastModifiedById", "SystemModstamp"}),
    ),
    "pipedrive": Incoming(
        pipedrive_events.read,
        (
            "Tools and apps, Webhooks, Create: version 2, event action *, event object {one}",
            "endpoint URL: {url}",
            "HTTP auth username and password: the two parts of the secret USER:PASSWORD",
        ),
        secret="USER:PASSWORD of HTTP Basic", drawn=True, bookkeeping=frozenset({"update_time"}),  # noqa: S106  (the same)
    ),
    "odoo": Incoming(
        odoo_events.read,
        (
            "Settings, Technical, Automation Rules, New: model Lead, trigger On save",
            "When updating: the fields the score learned from, not those it is written to ({fields})",
            "action Send Webhook Notification: URL {url}, fields Write Date (write_date) and whatever else you like",
        ),
        secret="the end of the address", drawn=True,  # noqa: S106  (the same)
        bookkeeping=frozenset({"write_date", "write_uid", "__last_update"}),
    ),
    "dynamics": Incoming(
        dynamics_events.read,
        (
            "Plug-in Registration Tool, Register New Web Hook: endpoint {url}, authentication WebhookKey, value: the"
            " secret",
            "register steps Create, Update and Delete of the entity {thing}, and Merge where it has it, asynchronous,"
            " post-operation",
            "filtering attributes of Update: the fields the score learned from",
        ),
        secret="the WebhookKey", drawn=True, bookkeeping=frozenset({"modifiedon", "modifiedby", "versionnumber"}),  # noqa: S106  (the same)
    ),
    "webhook": Incoming(
        webhook_events.read,
        (
            "let your program POST to {url}, {signed}",
            "body: {body}",
        ),
        secret="whsec_… (or another, by the scheme)", drawn=True,  # noqa: S106  (the same)
    ),
}  # fmt: skip


def thing_of(settings: CrmSettings) -> str:
    """What a lead is called in this CRM."""
    return settings.object or kind_of(settings.kind).object


def scheme_name(settings: CrmSettings) -> str:
    """The scheme its messages are verified by."""
    return settings.scheme or kind_of(settings.kind).scheme


def is_told(settings: CrmSettings, webhook: Sequence[str] = ()) -> bool:
    """Whether its CRM tells of changes by messages; else it is asked only, and needs no secret to know them by.

    Args:
        webhook: secrets of messages that it has all the same.
    """
    asked = settings.options.get("events") == "poll" and bool(INCOMING[settings.kind].asked)
    return bool(webhook) or not asked


def own_fields(settings: CrmSettings) -> frozenset[str]:
    """The fields that scores are written to, by the names its messages use.

    Option `own_fields` adds names that only the CRM knows (Pipedrive's keys of forty characters).
    """
    given, usual = settings.fields, kind_of(settings.kind).fields
    names = {getattr(given, name) or getattr(usual, name) for name in type(given).model_fields}
    return frozenset(names | set(settings.options.get("own_fields", "").replace(",", " ").split())) - {""}  # fmt: skip
