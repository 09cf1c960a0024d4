"""Changes the settings of a connection, with what that does to its leads: which are read again, which scores written anew.

What may change is `changing.py`; reading and writing themselves are the loops', which look at the row with every turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import and_, or_, update
from sqlalchemy.orm import Session

from cloud_sync.crm.client import breaker
from cloud_sync.crm.connection.changing import Plan
from cloud_sync.crm.connection.connections import (
    digest_of_settings,
    readable_settings,
    require,
)
from cloud_sync.crm.connection.secrets import (
    Coming,
    announce_api_secrets,
    read_secrets,
    settle_api_secrets,
)
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.inbound import sweeps
from cloud_sync.crm.inbound.inbox import NOTHING_KNOWN, UNARMED
from cloud_sync.crm.kinds.incoming import is_told
from cloud_sync.crm.kinds.table import KINDS
from cloud_sync.crm.outbound.writeback import REFUSED
from cloud_sync.crm.outbound.writing import DEAD
from cloud_sync.crm.scoring.committing import close_dead
from cloud_sync.crm.scoring.projects import require_project
from cloud_sync.crm.scoring.storing import GONE
from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.hub import Hub, audit
from cloud_sync.store.db import changed_by
from cloud_sync.store.models import CrmConnection, CrmLead
from kits.core.errors import UsageError
from kits.core.sample import utc_now

_BEHIND = and_(CrmLead.points.is_not(None), or_(CrmLead.write_at.is_(None), CrmLead.write_behind))
"""Whether a score that is written again lets others go first: one that is taken away does not, nor one that waits already."""


def change(
    hub: Hub,
    name: str,
    plan_of: Callable[[CrmSettings, str], Plan],
    *,
    by: str,
    api: Mapping[str, str] | None = None,
) -> Plan:
    """Changes the settings of a connection; its leads, its cursor and its history stay.

    Args:
        plan_of: settings and project as they are → what they are to be; whatever it raises, nothing is changed.
        api: new secrets of its API, in place of those before; None: they stay.

    Raises:
        NotFoundError: no such connection, or no such project.
        ConfigError: nothing of its settings can be read, or its secrets are damaged.
        OSError: its secrets cannot be written.
    """
    keys = hub.config.keys_dir
    with hub.database.transaction() as session:
        require(session, name)
        row = session.get_one(CrmConnection, name, with_for_update=True, populate_existing=True)
        plan = plan_of(readable_settings(row), row.project)
        if plan.project_after not in ("", plan.project_before):
            require_project(session, plan.project_after)
        digest = digest_of_settings(plan.after)
        # bound to the settings of the row: neither the old nor the new ones go to the other server, whenever this is cut
        announce_api_secrets(keys, name, None if api is None else Coming(digest, api))
        _change(session, row, plan, utc_now())
        _tell_unarmed(session, hub, name, plan)
        said = {key: f"{old} → {new}" for key, old, new in (one.told for one in plan.changes)}
        if said or api is not None:
            breaker.look_again(row, utc_now())
            audit(session, by, "crm set", name, secrets=api is not None, **said)
    settle_api_secrets(keys, name, digest)
    return plan


def _tell_unarmed(session: Session, hub: Hub, name: str, plan: Plan) -> None:
    """Who is told of changes from now on needs a secret to know messages by; who is asked only does not."""
    webhook = read_secrets(hub.config.keys_dir, name).webhook
    if not is_told(plan.after, webhook):
        close_alert(session, UNARMED, where=name)
    elif not webhook and not is_told(plan.before):
        text = NOTHING_KNOWN.format(name=name)
        raise_alert(session, hub.config.notify, UNARMED, "error", text, where=name)


def planned(hub: Hub, name: str, plan_of: Callable[[CrmSettings, str], Plan]) -> Plan:
    """What `change` would do now; nothing is changed. Raises as `change` does before it changes anything."""
    with hub.database.session() as session:
        row = require(session, name)
    return plan_of(readable_settings(row), row.project)


def _change(session: Session, row: CrmConnection, plan: Plan, now: datetime) -> None:
    row.settings, row.project = plan.after.model_dump(mode="json"), plan.project_after
    if plan.project_after != plan.project_before:
        _ask_anew(session, row.name)
    if plan.reads_otherwise:
        _read_again(session, row.name, now, gone=plan.archives_otherwise)
    if plan.ends_otherwise and row.project and KINDS[row.kind].lists:
        sweeps.begin(row, None, now)  # what seemed to be decided before is in no row
    if plan.writes_no_more:
        waits = update(CrmLead).where(CrmLead.connection == row.name)
        session.execute(waits.values(write_at=None))
        close_alert(session, REFUSED, where=row.name)
    elif plan.writes_elsewhere:
        _write_again(session, row.name, now)


def _ask_anew(session: Session, name: str) -> None:
    """What another project's bundle said of a lead is nothing to learn from for this one."""
    open_ones = CrmLead.connection == name, CrmLead.sample_id == ""
    session.execute(update(CrmLead).where(*open_ones).values(asked={}, asked_at=None, asked_of=""))


def _read_again(session: Session, name: str, now: datetime, *, gone: bool) -> None:
    """Has its leads read; `gone`: those too that seemed to be gone."""
    idle = CrmLead.connection == name, CrmLead.due_at.is_(None), CrmLead.later_at.is_(None)
    wanted = idle if gone else (*idle, CrmLead.state != GONE)
    session.execute(update(CrmLead).where(*wanted).values(later_at=now))


def write_what_waits(hub: Hub, name: str) -> None:
    """Scores that were put off or given up because the CRM had no field for them are due now. Raises NotFoundError."""
    now = utc_now()
    with hub.database.transaction() as session:
        require(session, name)
        row = session.get_one(CrmConnection, name, with_for_update=True, populate_existing=True)
        if not readable_settings(row).write:
            return
        breaker.look_again(row, now)
        _revive(session, name, now)
        later = CrmLead.connection == name, CrmLead.write_at > now
        session.execute(update(CrmLead).where(*later).values(write_at=now))


def write_again(hub: Hub, name: str) -> int:
    """Has all scores written because a field of the CRM is new, and empty; of how many leads: none where nothing is written.

    Raises:
        NotFoundError: no such connection.
    """
    with hub.database.transaction() as session:
        require(session, name)
        row = session.get_one(CrmConnection, name, with_for_update=True, populate_existing=True)
        return _write_again(session, name, utc_now()) if readable_settings(row).write else 0


def write_all(session: Session, name: str, now: datetime, *, by: str) -> int:
    """Has the newest score of every lead written again, as little as it may have moved; how many leads that are.

    Raises:
        NotFoundError: no such connection.
        UsageError: no scores are written to it.
    """
    require(session, name)
    row = session.get_one(CrmConnection, name, with_for_update=True, populate_existing=True)
    if not readable_settings(row).write:
        fix = f"cloud-sync crm set {name} --write"
        raise UsageError("no scores are written to this CRM", where=name, fix=fix)
    breaker.look_again(row, now)
    count = _write_again(session, name, now)
    audit(session, by, "crm rewrite", name, leads=count)
    return count


def _revive(session: Session, name: str, now: datetime) -> None:
    """Leads given up because nobody took their score are tried again."""
    given_up = CrmLead.connection == name, CrmLead.dead.startswith(DEAD)
    there = update(CrmLead).where(*given_up, CrmLead.state != GONE)
    session.execute(there.values(write_at=now, write_behind=_BEHIND, write_attempts=1))
    session.execute(update(CrmLead).where(*given_up).values(dead="", write_error=""))
    close_dead(session, name)


def _write_again(session: Session, name: str, now: datetime) -> int:
    """What the CRM shows of them is not known any more, so that no score is too near to it to be written; how many.

    Those given up are tried again: it may be what has been set right now.
    """
    _revive(session, name, now)
    scored = or_(CrmLead.points.is_not(None), CrmLead.wrote_points.is_not(None))
    wanted = CrmLead.connection == name, CrmLead.state != GONE, CrmLead.dead == "", scored
    again = {"write_at": now, "write_behind": _BEHIND, "write_attempts": 1}
    return changed_by(session.execute(update(CrmLead).where(*wanted).values(again)))
