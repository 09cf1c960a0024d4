"""Keeping: the row of a sample, with its bytes where they are worth it.

Which samples are worth their bytes is said in `selection.py`; how rows travel is `sync/`'s work.
"""

from __future__ import annotations

import time

from edge_agent.alarms.recordings import window_meta
from edge_agent.alarms.watching import Heard
from edge_agent.engine.ladder import Loaded
from edge_agent.judging import Deciding, Judge, Judged
from edge_agent.selection import Choice, Selection
from edge_agent.sources.base import Alerts, Captured
from edge_agent.sync.entry import Entry
from kits.core.errors import DataError
from kits.core.events import DecisionBody
from kits.core.window import MEDIA_TYPE, Window, encode_window


class Keeper:
    """Makes rows.

    Args:
        judge: hears of kits that fail to encode a sample.

    Attributes:
        keep_pixels: whether bytes are kept at all; not while the disk is full.
    """

    def __init__(self, selection: Selection, judge: Judge, alerts: Alerts) -> None:
        self._selection = selection
        self._judge = judge
        self._alerts = alerts
        self.keep_pixels = True

    def kept(
        self,
        sample_id: str,
        captured: Captured,
        deciding: Deciding | None,
        judged: Judged,
        heard: Heard | None = None,
    ) -> tuple[DecisionBody, Entry]:
        """The row of a sample, and its entry for the outbox.

        Args:
            heard: what follows from it as a window of a watched machine.
        """
        encoded: list[tuple[bytes, str]] = []

        def size() -> int:
            encoded.append(self._encoded(captured, deciding, judged))
            return len(encoded[0][0])

        occasion = heard.occasion if heard is not None else None
        choice = Choice("", 0)
        if self.keep_pixels:
            choice = self._selection.choose(judged.outcome, size, occasion)
        content, media_type = encoded[0] if encoded else (b"", captured.media_type)
        if choice.keep and not content:
            choice = Choice("", 0)  # a frame that nothing here can encode
        loaded = deciding.loaded if deciding is not None else None
        body = _body(sample_id, captured, loaded, judged, choice, media_type)
        if heard is not None:
            meta = {**body.meta, "asset": heard.asset, "level": heard.level, **(heard.shares or {})}
            if choice.keep and isinstance(judged.payload, Window):
                meta |= window_meta(judged.payload)
            body = body.model_copy(update={"group": body.group or heard.asset, "meta": meta})
        return body, Entry(
            body, "s", choice.worth, content if choice.keep else None, body.media_type
        )

    def _encoded(
        self, captured: Captured, deciding: Deciding | None, judged: Judged
    ) -> tuple[bytes, str]:
        if isinstance(captured.payload, bytes):
            return captured.payload, captured.media_type
        if isinstance(captured.payload, Window):
            return self._encoded_window(captured.payload)
        if deciding is None:
            return b"", ""
        try:
            content, media_type = deciding.loaded.ready.runtime.encode(captured.payload)
            return bytes(content), str(media_type)
        except Exception as error:  # noqa: BLE001  a kit's failure must not end the line
            if judged.prediction is not None:
                deciding.tally.spoil()
            self._judge.failed(error)
            return b"", ""

    def _encoded_window(self, window: Window) -> tuple[bytes, str]:
        try:
            return encode_window(window), MEDIA_TYPE
        except DataError as error:
            self._alerts("corrupt-sample", "warning", f"a window cannot be kept: {error.in_a_line}")
            return b"", MEDIA_TYPE


def _body(
    sample_id: str,
    captured: Captured,
    loaded: Loaded | None,
    judged: Judged,
    choice: Choice,
    media_type: str,
) -> DecisionBody:
    outcome = judged.outcome
    latency = {"total": (time.monotonic() - captured.captured_mono) * 1000, **judged.stages}
    media_types = loaded.ready.bundle.manifest.media_types if loaded is not None else ()
    return DecisionBody(
        sample_id=sample_id,
        captured_at=captured.captured_at,
        source=captured.source,
        group=captured.group,
        media_type=media_type or (media_types[0] if media_types else "application/octet-stream"),
        bundle=loaded.id if loaded is not None else "",
        verdict=outcome.verdict,
        score=outcome.score,
        label=outcome.label,
        reason=outcome.reason,
        prediction=dict(judged.told) if outcome.score is not None else {},
        latency_ms={name: round(value, 3) for name, value in latency.items()},
        kept_for=choice.kept_for,
        meta=dict(captured.meta),
    )
