"""Intents as the bundle at work spells them, whatever the configuration writes.

`Refund` in `agent.yaml` is the bundle's `refund`. Otherwise nothing would be filed there, and whoever files a mail there
would contradict the bundle each time: the gate would close over a capital letter.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from edge_agent.mail.config import ImapSourceConfig
from edge_agent.sources.base import Alerts
from kits.core.labelling import labels_in, misspelt, parts_spelled_as
from kits.core.ready import ReadyBundle

UNKNOWN = "mail-intent-unknown"


def own(name: str, labels: Collection[str]) -> str:
    """A configured intent, several with `|` between, as one of these labels spells it; itself where none does."""
    if name in labels:
        return name
    return parts_spelled_as(name, sorted(labels))


class Intents:
    """Tells of configured intents that are probably misspelt, once for each bundle.

    Args:
        at_work: the bundle that decides; None: none does.
    """

    def __init__(
        self,
        config: ImapSourceConfig,
        alerts: Alerts,
        at_work: Callable[[], ReadyBundle | None],
    ) -> None:
        named = (*config.filing.folders, *(config.send.intents if config.send else ()))
        self._names = [part for name in named for part in labels_in(name)]
        self._alerts = alerts
        self._at_work = at_work
        self._looked: tuple[str, ...] = ()

    def _labels(self) -> tuple[str, ...]:
        ready = self._at_work()
        return ready.bundle.manifest.labels if ready is not None else ()

    def own(self, name: str, decided: str = "") -> str:
        """A configured intent as the bundle at work spells it, or the one that had `decided` so."""
        return own(name, {*self._labels(), *labels_in(decided)})

    def look(self) -> None:
        """Raises the alert, or ends it."""
        labels = self._labels()
        if labels == self._looked:
            return
        self._looked = labels
        found = [
            f"{name!r} (is {label!r} meant?)"
            for name, label in misspelt(self._names, labels).items()
        ]
        if found:
            self._alerts(UNKNOWN, "warning", f"the bundle knows no {', '.join(found)}")
        else:
            self._alerts(UNKNOWN, "info", "all configured intents are known, or new")
