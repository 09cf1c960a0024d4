"""Verdicts of texts that were judged before: contact forms, orders of machines, the same mail to two addresses.

A memory belongs to one loaded bundle, so nothing of another one is ever remembered. The key is the text without
differences in white space, which no model sees; entities and drafts are never remembered. Bounded: the text that was
asked for longest ago goes.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

from kits.support_triage._models.classifier import Verdicts

SIZE = 2_048
Judge = Callable[[Sequence[str]], list[Verdicts]]


class Memory:
    """Remembers verdicts; several threads may ask.

    Args:
        size: texts at most.

    Attributes:
        hits, misses: texts that were remembered, and that were not.
    """

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, Verdicts] = OrderedDict()
        self.hits = 0
        self.misses = 0

    def judge(self, texts: Sequence[str], judge: Judge) -> list[Verdicts]:
        """The verdicts of the texts; `judge` is asked for those that are not remembered."""
        keys = [_key(text) for text in texts]
        with self._lock:
            found = {key: self._known[key] for key in keys if key in self._known}
            self.hits += sum(key in found for key in keys)
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if fresh:
            found |= dict(zip(fresh, judge(list(fresh.values())), strict=True))
        with self._lock:
            self.misses += len(fresh)
            for key in keys:
                self._known[key] = found[key]
                self._known.move_to_end(key)
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        return [found[key] for key in keys]


def _key(text: str) -> bytes:
    # a digest: the memory holds no customer's words
    return hashlib.sha256(" ".join(text.split()).encode("utf-8", "surrogatepass")).digest()
