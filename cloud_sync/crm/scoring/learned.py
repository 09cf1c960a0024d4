"""What a project's bundle looks at in a lead: which columns to read, and which of their values it knows; what it calls them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cloud_sync.crm.kinds.base import Met, nothing_met
from kits.core.ready import ReadyBundle
from kits.core.runtime import Asks, Knows, Sifts, Speaks


@dataclass(frozen=True, slots=True)
class Learned:
    """Of one bundle. Two are the same when the bundle is.

    Attributes:
        columns: those that decide; empty: not known, all are read.
        bundle: its id; empty: none is in force.
        sifts: it tells test leads, so addresses and names are read, too.
    """

    columns: tuple[str, ...] = ()
    bundle: str = ""
    sifts: bool = False
    met: Met = field(default=nothing_met, compare=False)


def learned_by(ready: ReadyBundle) -> Learned:
    """What a bundle looks at."""
    runtime = ready.runtime
    return Learned(
        runtime.columns if isinstance(runtime, Asks) else (),
        ready.id,
        isinstance(runtime, Sifts) and runtime.sifts,
        runtime.has_met if isinstance(runtime, Knows) else nothing_met,
    )


def speaking(ready: ReadyBundle, labels: Mapping[str, str]) -> ReadyBundle:
    """The bundle with reasons that call columns as a CRM does."""
    runtime = ready.runtime
    if not labels or not isinstance(runtime, Speaks):
        return ready
    return replace(ready, runtime=runtime.speaking(labels))


class Voices:
    """Bundles that speak as a connection's CRM does, one per connection: made again where its bundle or labels changed."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[ReadyBundle, Mapping[str, str], ReadyBundle]] = {}

    def of(self, connection: str, ready: ReadyBundle, labels: Mapping[str, str]) -> ReadyBundle:
        """The bundle in that CRM's words."""
        known = self._made.get(connection)
        if known is None or known[0] is not ready or known[1] != labels:
            known = self._made[connection] = (ready, dict(labels), speaking(ready, labels))
        return known[2]
