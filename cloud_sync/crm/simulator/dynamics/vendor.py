"""A pretended Dynamics 365 Sales: leads in Dataverse, and the webhook of a step for each change. Its API: `api.py`.

A webhook shows its key in the query, and is tried once more only after 502, 503 and 504.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final

from fastapi import FastAPI
from pydantic import JsonValue

from cloud_sync.crm.simulator.choices import Choices
from cloud_sync.crm.simulator.dynamics.related import ACCOUNT, OWNER, exported, guid, name_of
from cloud_sync.crm.simulator.firms import owner_of
from cloud_sync.crm.simulator.queue import Waiting
from cloud_sync.crm.simulator.signing import compact
from cloud_sync.crm.simulator.values import Change, Fields, Message, Schedule
from cloud_sync.crm.simulator.vendor import Vendor, millis
from cloud_sync.crm.simulator.world import Value

ENTITY = "lead"
API_USER = "5b1f0000-0000-4000-8000-000000000078"
PERSON = "5b1f0000-0000-4000-8000-000000000077"
ORGANIZATION = "4ef50000-0000-4000-8000-000000000001"
CODES: Mapping[str, str] = {"industry": "industrycode", "source": "leadsourcecode"}
CHOICES: Final = Choices(CODES, lambda _label, place: place)
"""Columns that are choices there: numbers with a label."""
TRUTHS: Mapping[str, tuple[str, str]] = {
    "donotbulkemail": ("Allow", "Do Not Allow"), "new_budget_stated": ("No", "Yes"),
}  # fmt: skip
"""What stands for no and for yes."""
STATES = ("Open", "Qualified", "Disqualified")
DISQUALIFIED: Fields = {"statecode": 2, "statuscode": 4}
_STEPS = {"created": "Create", "changed": "Update", "deleted": "Delete", "merged": "Merge"}
_TYPE = "Entity:http://schemas.microsoft.com/xrm/2011/Contracts"


class Dynamics(Vendor):
    """Leads of one environment."""

    kind = "dynamics"
    scheme = "dataverse"
    own_columns = ("leadid", "createdon")
    looks = "path"
    keys = ("tenant", "client_id", "client_secret")
    names: ClassVar[Mapping[str, str]] = {
        "first_name": "firstname", "last_name": "lastname", "email": "emailaddress1", "company": "companyname",
        "phone": "telephone1", "country": "address1_country", "employees": "numberofemployees", **CODES,
        "last_form": "new_last_form", "visits": "new_visits", "page_views": "new_page_views",
        "emails_opened": "new_emails_opened", "budget_stated": "new_budget_stated", "opted_out": "donotbulkemail",
    }  # fmt: skip
    every_right = frozenset(
        {"prvReadLead", "prvReadAccount", "prvReadEntity", "prvWriteLead", "prvReadmsdyn_predictivescore", "prvWritemsdyn_predictivescore"}
    )  # fmt: skip
    token_life_s = 3599
    limit = (6000, 300)
    schedule = Schedule(timeout_s=60, waits_s=(1,), only=frozenset({502, 503, 504}))

    def make_id(self, number: int) -> str:
        """A GUID; the same for the same number."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"lead:{number}"))

    @staticmethod
    def has_id(text: str) -> bool:
        """A GUID in small letters."""
        try:
            return str(uuid.UUID(text)) == text
        except ValueError:
            return False

    def fields(self, columns: Mapping[str, Value]) -> Fields:
        """A lead's name is made of two columns, and is one too."""
        made = super().fields(columns)
        name = f"{columns.get('first_name', '')} {columns.get('last_name', '')}".strip()
        made |= {"fullname": name} if name else {}
        if "company" in columns:
            firm = self.state.firms.called(columns["company"])
            made |= {
                OWNER: guid("systemuser", owner_of(columns)),
                ACCOUNT: guid("account", firm.number) if firm else None,
            }
        return made

    def cell(self, column: str, value: Value, /) -> JsonValue:
        """Choices are numbers, counts are whole, nothing is null."""
        if column in CODES:
            return CHOICES.value(column, value)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return None if value == "" else value

    def export(self, fields: Fields) -> Fields:
        """An export shows labels, that of the state too, and what a view has of the account."""
        firm = self.state.firms.called(fields.get("companyname"))
        owner = name_of(OWNER, fields.get(OWNER), self.state.firms)
        fields = {name: value for name, value in fields.items() if name not in (OWNER, ACCOUNT)}
        shown: Fields = {name: label_of(name, value) or value for name, value in fields.items()}
        state = shown.pop("statecode", None)
        shown.pop("statuscode", None)
        shown |= {} if state is None else {"statecode": STATES[int(str(state))]}
        return {**shown, "Owner": owner, **exported(firm)}

    def fresh(self) -> Fields:
        """An open lead."""
        return {"statecode": 0, "statuscode": 1}

    def outcome(self, outcome: str, at: datetime) -> Fields:
        """Qualified or disqualified."""
        del at  # Dataverse notes it in `modifiedon`
        return {"statecode": 1, "statuscode": 3} if outcome == "won" else {**DISQUALIFIED}

    def settings(self, url: str, /) -> Fields:
        """Tokens come from the same place, not from login.microsoftonline.com."""
        return {"options": {"authority": url}}

    def message(self, waiting: Sequence[Waiting], url: str) -> Message:
        """The execution context of one step."""
        del url  # nothing is signed
        event = waiting[0].event
        body = compact(_context(event.change, event.event_id))
        headers = {
            "Content-Type": "application/json",
            "x-ms-dynamics-organization": "sim.crm.dynamics.com",
            "x-ms-dynamics-entity-name": ENTITY,
            "x-ms-dynamics-request-name": _STEPS[event.change.what],
        }
        return Message(headers, body, path=f"?code={self.state.secrets.webhook[0]}")

    def routes(self, app: FastAPI) -> None:
        """The Web API."""
        from cloud_sync.crm.simulator.dynamics.api import add_routes

        add_routes(app, self)


def label_of(name: str, value: JsonValue) -> str:
    """The label of a choice, of a yes or a no; empty for what is none."""
    if isinstance(value, bool):
        return TRUTHS.get(name, ("No", "Yes"))[value]
    return CHOICES.label(name, value)


def _merge(change: Change) -> tuple[str, list[JsonValue]]:
    """The record that is left, and the parameters of the message: what went into it is named by its id only."""
    left = str(change.values["merged_into"])
    target: Fields = {"__type": "EntityReference:http://schemas.microsoft.com/xrm/2011/Contracts", "Id": left, "LogicalName": ENTITY}  # fmt: skip
    return left, [
        {"key": "Target", "value": target}, {"key": "SubordinateId", "value": change.object_id},
        {"key": "PerformParentingChecks", "value": False},
    ]  # fmt: skip


def _context(change: Change, event_id: str) -> Fields:
    user = API_USER if change.by == "api" else PERSON
    moment = f"/Date({millis(change.at)})/"
    attributes: list[JsonValue] = [
        {"key": name, "value": value} for name, value in change.values.items()
    ]
    attributes += [
        {"key": "leadid", "value": change.object_id},
        {"key": "modifiedon", "value": moment},
    ]
    target: Fields = {
        "__type": _TYPE, "Attributes": attributes, "EntityState": None, "FormattedValues": [], "Id": change.object_id,
        "KeyAttributes": [], "LogicalName": ENTITY, "RelatedEntities": [], "RowVersion": None,
    }  # fmt: skip
    primary: str = change.object_id
    parameters: list[JsonValue] = [{"key": "Target", "value": target}]
    if change.what == "merged":
        primary, parameters = _merge(change)
    return {
        "BusinessUnitId": ORGANIZATION, "CorrelationId": event_id, "Depth": 1, "InitiatingUserId": user,
        "InputParameters": parameters, "IsExecutingOffline": False, "IsInTransaction": False,
        "MessageName": _STEPS[change.what], "Mode": 1, "OperationCreatedOn": moment, "OperationId": event_id,
        "OrganizationId": ORGANIZATION, "OrganizationName": "sim", "OutputParameters": [], "ParentContext": None,
        "PostEntityImages": [], "PreEntityImages": [], "PrimaryEntityId": primary, "PrimaryEntityName": ENTITY,
        "RequestId": None, "SecondaryEntityName": "none", "SharedVariables": [], "Stage": 40, "UserId": user,
    }  # fmt: skip
