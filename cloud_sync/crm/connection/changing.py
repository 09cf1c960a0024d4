"""What a person changes of a connection that is there: its new settings, what may not change, and what is to be said.

Values in, values out. What a change does to the connection's leads is `settling.py`, storing it `connections.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import JsonValue

from cloud_sync.crm.connection.adding import checked, shortcomings
from cloud_sync.crm.connection.editing import Edit, flat, flat_part
from cloud_sync.crm.connection.reaching import servers, shown_at, shut
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds.incoming import is_told, scheme_name, thing_of
from cloud_sync.crm.kinds.table import filled
from cloud_sync.errors import ConflictError
from kits.core.errors import UsageError

PROJECT = "project"
"""Is told like a setting, and stands in the connection's row."""
HIDDEN = frozenset({"options.proxy_value"})
"""What a stranger would have to know: it is shown to nobody."""
SET = "(set)"
_READ = ("columns", "outcome", "opt_out")
"""Settings that say how a record is read."""
_READ_OPTIONS = ("language", "archived")
"""Options that do, too."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One setting; what is hidden says only whether it is set. `told`: for people."""

    key: str
    before: JsonValue
    after: JsonValue

    @property
    def told(self) -> tuple[str, str, str]:
        """Key and values as people read them."""
        return self.key, worded(self.before), worded(self.after)


@dataclass(frozen=True, slots=True)
class Plan:
    """What comes of an edit. `before` and `after` are settings, `project_…` whose bundle scores its leads."""

    before: CrmSettings
    after: CrmSettings
    project_before: str
    project_after: str

    @property
    def changes(self) -> list[Changed]:
        """What is different, by key."""
        old, new = flat(self.before), flat(self.after)
        old, new = {**old, PROJECT: self.project_before}, {**new, PROJECT: self.project_after}
        keys = sorted(old.keys() | new.keys())
        return [
            Changed(key, open_value(key, old.get(key)), open_value(key, new.get(key)))
            for key in keys
            if old.get(key) != new.get(key)
        ]

    @property
    def new_servers(self) -> list[str]:
        """Servers that would get the secrets of its API, and did not before."""
        known = _servers(self.before)
        return sorted(_servers(self.after) - known) if known else []

    @property
    def reads_otherwise(self) -> bool:
        """Whether records are read in another way, so that those that were read are to be read again."""
        old, new = filled(self.before), filled(self.after)
        options = any(old.options.get(name) != new.options.get(name) for name in _READ_OPTIONS)
        return options or any(getattr(old, name) != getattr(new, name) for name in _READ)

    @property
    def archives_otherwise(self) -> bool:
        """Whether what was put away there counts otherwise, so that what was taken for gone is read again as well."""
        return self.before.options.get("archived") != self.after.options.get("archived")

    @property
    def ends_otherwise(self) -> bool:
        """Whether other records are won or lost."""
        return filled(self.before).outcome != filled(self.after).outcome

    @property
    def writes_elsewhere(self) -> bool:
        """Whether scores go where none stand yet: into other fields, or to another server."""
        return self.after.write and (
            shown_at(self.before) != shown_at(self.after) or not self.before.write
        )

    @property
    def writes_no_more(self) -> bool:
        """Whether scores were written, and are not from now on."""
        return self.before.write and not self.after.write


def plan(settings: CrmSettings, project: str, edit: Edit, where: str) -> Plan:
    """What an edit makes of a connection.

    Args:
        where: the edit came from, for errors.

    Raises:
        UsageError: a key that is none, or one that cannot change.
        ConfigError: a connection cannot work with it.
    """
    raw: dict[str, JsonValue] = {**settings.model_dump(mode="json"), PROJECT: project}
    edit.apply(raw)
    wanted = raw.pop(PROJECT, "")
    after = checked(raw, where)
    found = Plan(settings, after, project, str(wanted or ""))
    _check_same(found)
    return found


def _check_same(found: Plan) -> None:
    """Its leads, its cursor and its secrets are of one kind of record in one kind of CRM."""
    for key, old, new in (
        ("kind", found.before.kind, found.after.kind),
        ("object", thing_of(found.before), thing_of(found.after)),
    ):
        if old != new:
            raise UsageError(
                f"{key} cannot change from {old} to {new}: the leads that are known here are of {old}", where=key,
                fix="cloud-sync crm add OTHER_NAME …, and crm pause or crm remove this one",
            )  # fmt: skip


def check_servers(found: Plan, name: str, *, agreed: bool) -> None:
    """That secrets go to another server only if somebody says so.

    Args:
        agreed: a person did, or gave new ones.

    Raises:
        ConflictError: nobody did.
    """
    if found.new_servers and not agreed:
        raise ConflictError(
            f"the secrets of its API would go to another server: {', '.join(found.new_servers)}", where=name,
            fix="--secrets-file FILE with those of the new one, or --same-secrets",
        )  # fmt: skip


def notes(found: Plan, name: str, *, agreed: bool) -> list[str]:
    """What comes of it that does not stand in the settings, for people. `agreed`: as in `check_servers`."""
    old, new = filled(found.before), filled(found.after)
    said = []
    if found.project_after not in ("", found.project_before):
        said.append(
            f"its leads are scored by {found.project_after} from now on, those that are known too"
        )
    if found.new_servers:
        servers = ", ".join(found.new_servers)
        if agreed:
            said.append(f"the secrets of its API go to {servers} from now on")
        else:
            said.append(f"the secrets of its API would go to {servers}: that needs --same-secrets or --secrets-file FILE")  # fmt: skip
    said += shut(found.after, name, found.before)
    if scheme_name(old) != scheme_name(new):
        said.append(
            f"messages are known by {scheme_name(new)} from now on, older ones are refused: change the CRM's side; "
            f"another secret: cloud-sync crm secret {name}"
        )
    if is_told(old) != is_told(new):
        said.append(_heard_otherwise(new, name))
    said += [one for one in shortcomings(new, name) if one not in shortcomings(old, name)]
    if found.ends_otherwise:
        said.append(
            "all records are listed anew, and what is known of them is read again, when nothing newer waits"
        )
    elif found.reads_otherwise:
        said.append("all leads are read again, when nothing newer waits")
    if found.writes_elsewhere:
        said.append("the scores of all leads are written, also those that did not change")
    left = {str(value) for value in flat_part(old, "fields").values()} - {
        str(value) for value in flat_part(new, "fields").values()
    }
    if found.writes_no_more or (old.write and left):
        fields = "" if found.writes_no_more else f" in {', '.join(sorted(left))}"
        said.append(f"what was written{fields} stays there")
    return said


def _heard_otherwise(new: CrmSettings, name: str) -> str:
    """How a connection hears of changes from now on, for people."""
    if is_told(new):
        return f"changes are told by messages from now on, and not asked for; without a secret none is taken: cloud-sync crm secret {name}"  # fmt: skip
    return f"changes are asked for every {new.poll_s:g} seconds from now on; messages are taken only as long as there is a secret for them"  # fmt: skip


def open_value(key: str, value: JsonValue) -> JsonValue:
    """A value as it may be shown."""
    return SET if key in HIDDEN and value else value


def worded(value: JsonValue) -> str:
    """A value as people read it."""
    if value in (None, "", []):
        return "–"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _servers(settings: CrmSettings) -> set[str]:
    """Which servers get the secrets of its API: scheme, name and port."""
    parts = (urlsplit(url) for url in servers(settings))
    return {f"{one.scheme}://{one.netloc}".lower() for one in parts}
