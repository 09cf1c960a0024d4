"""Titles of columns in Salesforce's reports and lists, which are other than the labels of fields: of which field each is.

`Lead Status` is the field Status, `Lead Owner` the name of whom OwnerId refers to, and `Industry` in a report on
opportunities a field of their accounts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from cloud_sync.crm.client.http import text
from cloud_sync.crm.client.labels import Described, bare, labels_of, names_of

FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}(?:\.[A-Za-z][A-Za-z0-9_]{0,79}){0,5}\Z")
"""Of a name that may stand in SOQL."""
_NAMELESS = frozenset({
    "Case", "Contract", "Event", "Idea", "Order", "OrderItem", "ServiceAppointment", "Solution", "Task", "WorkOrder",
})  # fmt: skip
"""Objects whose records have a number or a subject in place of a name."""
_ACCOUNTS = re.compile(r"^accounts?\s*[.:]\s*", re.IGNORECASE)
"""Before a title where a report, or a folder of tables, says whose it is."""
ID_WORD = re.compile(r"^ids?\b\W*|\W*\bids?$", re.IGNORECASE)
_TITLES: Mapping[str, tuple[str, ...]] = {
    "Owner": (
        "Propriétaire de la piste", "Propriétaire de l'opportunité", "Propietario de candidato",
        "Propietario del candidato", "Propietario de prospecto", "Propietario del prospecto",
        "Propietario de oportunidad", "Propietario de la oportunidad", "Titolare lead",
        "Titolare opportunità", "Proprietário do lead", "Proprietário da oportunidade", "商談 所有者",
    ),
    "Account": ("Nom du compte", "Nombre de la cuenta", "Nome account", "Nome da conta", "取引先名"),
    "Campaign": ("Primary Campaign Source",),
}  # fmt: skip
"""Titles of names in reports, by their relation, beside those that are made of labels in English and German."""


def references(rows: Sequence[Mapping[str, JsonValue]]) -> dict[str, str]:
    """Field with an id → where the name is of what it refers to."""
    return {
        text(row.get("name")): f"{relation}.Name"
        for row in rows
        if (relation := text(row.get("relationshipName")))
        and FIELD.match(relation)
        and row.get("type") == "reference"
        and _NAMELESS.isdisjoint(_refers_to(row))
    }


def _refers_to(row: Mapping[str, JsonValue]) -> list[str]:
    found = row.get("referenceTo")
    return [text(one) for one in found] if isinstance(found, list) else []


def titles(
    rows: Sequence[Mapping[str, JsonValue]], thing: str, named: Mapping[str, str]
) -> dict[str, set[str]]:
    """Field to be read → its titles in reports, bare: `Lead Status` is the field Status, `Lead Owner` the owner's name.

    Args:
        thing: what people call one record of the object.
        named: as `references` gives it.
    """
    found: dict[str, set[str]] = {}
    for row in rows:
        name, label = text(row.get("name")), text(row.get("label"))
        relation = text(row.get("relationshipName"))
        if name in named:
            what = ID_WORD.sub("", label)
            said = {what, f"{thing}{what}", f"{what}Name", *_TITLES.get(relation, ())}
            found[named[name]] = {bare(title) for title in said if title} - {bare(label)}
        elif label and thing and row.get("custom") is not True:
            found[name] = {bare(f"{thing}{label}")} - {bare(label)}
    return found


def titled(
    wanted: Sequence[str], names: Mapping[str, str], titles: Mapping[str, set[str]]
) -> dict[str, str]:
    """Field → the column with its title, for columns that no field has by its name or label; no title of two counts."""
    known = set(names.values())
    found: dict[str, str] = {}
    for column in wanted:
        fits = [
            name for name, said in titles.items() if column not in known and bare(column) in said
        ]
        if len(fits) == 1 and fits[0] not in names:
            found.setdefault(fits[0], column)
    return found


def of_accounts(
    wanted: Sequence[str], names: Mapping[str, str], there: Mapping[str, Described]
) -> dict[str, str]:
    """Column → the field of the account, for columns that the object itself does not have.

    Args:
        names: field → column, of those that it has.
        there: the account's fields.
    """
    known = set(names.values())
    left = {column: _ACCOUNTS.sub("", column) for column in wanted if column not in known}
    found = {label: name for name, label in names_of(left.values(), labels_of(there)).items()}
    return {column: found[label] for column, label in left.items() if label in found}
