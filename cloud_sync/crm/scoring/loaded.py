"""Bundles that are kept ready to score, the last used ones: bounded by their number and by bytes.

Which bundle of a project is in force is `models.py`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub
from cloud_sync.store.models import Bundle as BundleRow
from kits.core import bundle as bundles
from kits.core.bundle import Bundle
from kits.core.ready import ReadyBundle, make_ready
from kits.core.runtime import OnnxSession

MAX_LOADED = 4
MAX_BYTES = 512 << 20
"""Of the files of all loaded bundles together: about what they take in memory."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    ready: ReadyBundle
    size: int


def _one_thread(model: bytes) -> OnnxSession:
    # a lead is a row of numbers: further threads only wait for each other, and spin while they do
    return OnnxSession(model, threads=1)


def make_for_leads(bundle: Bundle) -> ReadyBundle:
    """A bundle with its kit's runtime, on one thread. Raises BundleError."""
    return make_ready(bundle, sessions=_one_thread)


class LoadedBundles:
    """The last used bundles. Safe for several threads.

    Args:
        hub: where bundles are.
        make: joins a bundle with its kit's runtime.
    """

    def __init__(self, hub: Hub, make: Callable[[Bundle], ReadyBundle]) -> None:
        self._hub = hub
        self._make = make
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()
        self._lock = threading.Lock()

    def at_hand(self, bundle_id: str) -> ReadyBundle | None:
        """The bundle, if it is loaded."""
        loaded = self._loaded.get(bundle_id)
        return loaded.ready if loaded is not None else None

    def get(self, bundle_id: str) -> ReadyBundle:
        """A bundle with its kit's runtime; loads it where it is not at hand.

        Raises:
            NotFoundError: it is not here.
            BundleError: it cannot be loaded here.
            UnreachableError: the storage cannot be used.
        """
        with self._lock:
            known = self._loaded.get(bundle_id)
            if known is not None:
                self._loaded.move_to_end(bundle_id)
                return known.ready
            loaded = self._load(bundle_id)
            self._loaded[bundle_id] = loaded
            while len(self._loaded) > 1 and (
                len(self._loaded) > MAX_LOADED
                or sum(one.size for one in self._loaded.values()) > MAX_BYTES
            ):
                self._loaded.popitem(last=False)
            return loaded.ready

    def _load(self, bundle_id: str) -> _Loaded:
        with self._hub.database.session() as session:
            row = session.get(BundleRow, bundle_id)
        if row is None:
            raise NotFoundError(
                "the bundle in force is not here",
                where=bundle_id[:12],
                fix="kit publish it again, or kit approve another one",
            )
        content = self._hub.storage.get(row.blob)
        opened = bundles.open_bytes(content, where=bundle_id[:12])
        ready = self._make(opened)
        return _Loaded(replace(ready, bundle=opened.without_models()), len(content))
