"""A pretended Odoo or ERPNext for tests and demos: enough of their APIs for a case to go and come back.

It speaks as they do, with rights that can be missing and with the troubles of real servers
(`cloud_sync/pretended.py`). It keeps its orders in memory and has no security: it is for this machine
only. What is pretended of each is `sim_odoo.py` and `sim_erpnext.py`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, JsonValue

from cloud_sync.pretended import Trouble, Troubles, with_troubles

RIGHTS = frozenset({"read", "create", "write"})
KEY = "demo-key"


@dataclass
class Simulator:
    """What the pretended system holds.

    Attributes:
        key: the only key it lets in.
        orders: number → fields, as the real one names them.
        comments: number → lines of its history.
        rights: what the key's user may do.
        troubles: what happens to the next requests, and which came.
    """

    key: str = KEY
    orders: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    comments: dict[str, list[str]] = field(default_factory=dict)
    rights: set[str] = field(default_factory=lambda: set(RIGHTS))
    troubles: Troubles = field(default_factory=Troubles)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, ref: str, values: dict[str, JsonValue]) -> None:
        """A new order."""
        self.orders[ref] = values
        self.comments[ref] = []


class Change(BaseModel):
    """What somebody at the machine enters: fields of an order as the real system names them."""

    model_config = ConfigDict(extra="allow")


def base_app(simulator: Simulator, title: str) -> FastAPI:
    """The application with its troubles, and with what a demo needs to play the technician."""
    app = FastAPI(title=title, docs_url=None, redoc_url=None, openapi_url=None)

    with_troubles(app, simulator.troubles)

    @app.get("/simulator/orders")
    def orders() -> dict[str, JsonValue]:
        """All orders with their history."""
        return {
            ref: {**values, "comments": [*simulator.comments.get(ref, [])]}
            for ref, values in simulator.orders.items()
        }

    @app.post("/simulator/orders/{ref}")
    def change(ref: str, body: Change) -> dict[str, JsonValue]:
        """Enters something into an order."""
        with simulator.lock:
            if ref not in simulator.orders:
                known = ", ".join(simulator.orders) or "there is none yet"
                raise HTTPException(404, f"no order {ref[:40]}: {known}")
            simulator.orders[ref] |= body.model_dump()
        return simulator.orders[ref]

    @app.post("/simulator/troubles")
    def troubles(body: list[Trouble]) -> dict[str, int]:
        """What shall happen to the next requests."""
        return {"waiting": simulator.troubles.extend(body)}

    return app
