"""What a person or a test plays with: `/simulator/…`. It is not part of any vendor's API and knows no troubles."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import FastAPI, HTTPException, Query
from fastapi.responses import PlainTextResponse
from pydantic import Field, JsonValue

from cloud_sync.crm.simulator.queue import Noise
from cloud_sync.crm.simulator.values import Fields, Held
from cloud_sync.pretended import PRIVATE, Trouble, with_troubles
from kits.core.section import Section

if TYPE_CHECKING:
    from cloud_sync.crm.simulator.simulator import Simulator

MAX_AT_ONCE = 100_000


class HowMany(Section):
    """A number of leads."""

    n: int = Field(1, ge=1, le=MAX_AT_ONCE, description="so many leads")
    quiet: bool = Field(False, description="no event tells of it")


class Decided(Section):
    """What became of one lead."""

    outcome: Literal["won", "lost", ""] = Field("", description="empty: as the truth says")


class NoiseBody(Section):
    """What the way does to events from now on."""

    duplicates: float = Field(0, ge=0, le=1000, description="copies of each besides, on average")
    reorder: float = Field(0, ge=0, le=1, description="share that is held back")
    delay_s: float = Field(0, ge=0, le=86_400, description="by up to so long, seconds")


class Merge(Section):
    """One lead goes into another."""

    into: str = Field(description="id of the one that stays")


class Hidden(Section):
    """What the hub's user does not see."""

    share: float = Field(ge=0, le=1, description="of the records; 1: none is seen any more")


class Rotation(Section):
    """Another secret for messages."""

    webhook: str = Field(min_length=8, description="what is signed with from now on")
    keep_old: bool = Field(True, description="schemes with several signatures go on with the old")


def simulator_app(simulator: Simulator) -> FastAPI:
    """The vendor's API, its troubles, and the controls."""
    app = FastAPI(
        title=f"pretended {simulator.kind}", docs_url=None, redoc_url=None, openapi_url=None
    )
    with_troubles(app, simulator.troubles)
    _lead_routes(app, simulator)
    _play_routes(app, simulator)
    _firm_routes(app, simulator)
    _machine_routes(app, simulator)
    simulator.vendor.routes(app)
    return app


def _lead_routes(app: FastAPI, simulator: Simulator) -> None:
    records = simulator.records

    def one(object_id: str) -> Held:
        held = records.any(object_id)
        if held is None:
            raise HTTPException(404, f"no lead {object_id}")
        return held

    @app.get(PRIVATE + "/leads")
    def leads(limit: Annotated[int, Query(ge=1, le=10_000)] = 100, after: int = 0) -> list[Fields]:
        """Leads with their truth and what was written into them."""
        return [shown(held) for held in list(records)[after : after + limit]]

    @app.post(PRIVATE + "/leads")
    def make(body: HowMany) -> dict[str, list[str]]:
        """New leads."""
        return {"ids": [held.object_id for held in simulator.make(body.n, quiet=body.quiet)]}

    @app.get(PRIVATE + "/leads/{object_id}")
    def lead(object_id: str) -> Fields:
        """One lead, with the course of what was written into it."""
        held = one(object_id)
        return {**shown(held), "course": [*held.written.course]}

    @app.post(PRIVATE + "/leads/{object_id}")
    def change(object_id: str, body: dict[str, JsonValue]) -> Fields:
        """A person enters something into it."""
        records.set(one(object_id).object_id, body)
        return shown(one(object_id))

    @app.post(PRIVATE + "/leads/{object_id}/outcome")
    def outcome(object_id: str, body: Decided) -> Fields:
        """It is won or lost."""
        simulator.settle(one(object_id), body.outcome)
        return shown(one(object_id))

    @app.post(PRIVATE + "/leads/{object_id}/merge")
    def merge(object_id: str, body: Merge) -> Fields:
        """It goes into another one."""
        lost, kept = one(object_id).object_id, one(body.into).object_id
        if simulator.vendor.merges_anew:
            records.join(lost, kept)
        else:
            records.remove(lost, merged_into=kept)
        return shown(one(object_id))

    @app.delete(PRIVATE + "/leads/{object_id}")
    def delete(object_id: str) -> Fields:
        """It is deleted."""
        records.remove(one(object_id).object_id)
        return shown(one(object_id))


def _play_routes(app: FastAPI, simulator: Simulator) -> None:
    @app.post(PRIVATE + "/changes")
    def changes(body: HowMany) -> dict[str, list[str]]:
        """Something happens to so many open leads."""
        return {"ids": simulator.change(body.n)}

    @app.post(PRIVATE + "/outcomes")
    def outcomes(body: HowMany) -> dict[str, list[str]]:
        """So many open leads are won or lost, as the truth says."""
        return {"ids": simulator.decide(body.n)}

    @app.get(PRIVATE + "/history.csv", response_class=PlainTextResponse)
    def history(
        n: Annotated[int, Query(ge=1, le=MAX_AT_ONCE)] = 3000,
        years: Annotated[float, Query(gt=0, le=10)] = 2,
    ) -> str:
        """Decided leads of the past, as this CRM would export them: to train on."""
        from cloud_sync.crm.simulator.history import history_csv

        return history_csv(simulator, n, years)


def _firm_routes(app: FastAPI, simulator: Simulator) -> None:
    firms = simulator.state.firms

    @app.get(PRIVATE + "/firms")
    def every() -> list[Fields]:
        """The firms that leads belong to."""
        return [asdict(firm) for firm in firms]

    @app.get(PRIVATE + "/firms.csv", response_class=PlainTextResponse)
    def exported() -> str:
        """The same as this CRM exports them, where it does so beside leads."""
        from cloud_sync.crm.simulator.history import firms_csv

        return firms_csv(simulator)

    @app.post(PRIVATE + "/firms/{number}")
    def enter(number: int, body: dict[str, JsonValue]) -> Fields:
        """A person enters something into a firm; of its leads nothing is told."""
        try:
            return asdict(firms.set(number, body))
        except (KeyError, ValueError):
            raise HTTPException(
                400, "no such firm, or not one of segment, city and staff"
            ) from None


def _machine_routes(app: FastAPI, simulator: Simulator) -> None:
    @app.get(PRIVATE + "/figures")
    def figures() -> Fields:
        """What it holds, what was asked of it and what it sent."""
        return simulator.figures()

    @app.get(PRIVATE + "/requests")
    def requests(last: Annotated[int, Query(ge=1, le=10_000)] = 100) -> list[str]:
        """The last requests to its API."""
        return list(simulator.troubles.requests)[-last:]

    @app.post(PRIVATE + "/troubles")
    def troubles(body: list[Trouble]) -> dict[str, int]:
        """What happens to the next requests, one each."""
        return {"waiting": simulator.troubles.extend(body)}

    @app.post(PRIVATE + "/troubles/{lasting}")
    def lasting(lasting: Trouble) -> dict[str, str]:
        """What happens to all requests, until `ok` is said."""
        simulator.troubles.lasting = lasting
        return {"lasting": lasting}

    @app.post(PRIVATE + "/rights")
    def rights(body: list[str]) -> dict[str, list[str]]:
        """From now on the hub's user may do only this."""
        try:
            return {"rights": simulator.rights.keep(body)}
        except KeyError as error:
            every = ", ".join(sorted(simulator.rights.every))
            raise HTTPException(400, f"no right {error.args[0]!r}; there are: {every}") from None

    @app.post(PRIVATE + "/hidden")
    def hidden(body: Hidden) -> dict[str, float]:
        """From now on the hub's user does not see this share of the records."""
        simulator.state.records.hidden = body.share
        return {"hidden": body.share}

    @app.post(PRIVATE + "/tokens/expire")
    def expire() -> dict[str, bool]:
        """All tokens that were handed out end now."""
        simulator.tokens.expire()
        return {"expired": True}

    @app.post(PRIVATE + "/noise")
    def noise(body: NoiseBody) -> dict[str, float]:
        """What the way does to events from now on."""
        if simulator.sender is None:
            raise HTTPException(409, "it was started without --hub: nothing is sent")
        values = body.model_dump()
        simulator.sender.queue.noise = Noise(**values)
        return values

    @app.post(PRIVATE + "/webhook/renew")
    def renew() -> dict[str, bool]:
        """The webhook is made again, after it was banned or deleted."""
        if simulator.sender is not None:
            simulator.sender.renew()
        return {"renewed": simulator.sender is not None}

    @app.post(PRIVATE + "/webhook/secret")
    def rotate(body: Rotation) -> dict[str, int]:
        """Another secret."""
        simulator.rotate(body.webhook, keep_old=body.keep_old)
        return {"secrets": len(simulator.secrets.webhook)}


def shown(held: Held) -> Fields:
    """A lead as the controls show it."""
    return {
        "id": held.object_id,
        "fields": dict(held.fields),
        "truth": round(held.truth, 4),
        "outcome": held.outcome,
        "deleted": held.deleted,
        "version": held.version,
        "created_at": held.created_at.isoformat(),
        "modified_at": held.modified_at.isoformat(),
        "writes": held.written.times,
        "writes_that_changed_nothing": held.written.same,
        "written": dict(held.written.values),
    }
