"""What pages show of samples that are text: the text with what was found marked, and who said what of it.

Read-only. Everything that came from a device is passed on as plain values; the templates escape it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from cloud_sync.learning.label_words import good_label
from cloud_sync.learning.texts import MAX_BYTES, is_text, read_text
from cloud_sync.store.models import Bundle, Project, Sample
from kits.core.errors import KitwrightError
from kits.core.prediction import Prediction
from kits.core.showing import MAX_TEXT, Piece, pieces
from kits.core.window import MEDIA_TYPE as WINDOW

_DEFAULT_KITS = {
    WINDOW: "predictive-maintenance",
    "message/rfc822": "support-triage",
    "application/json": "lead-scoring",
}
"""Media type → the kit whose card shows a sample that no bundle and no project of this hub accounts for."""
MAX_LABEL_BUTTONS = 9


@dataclass(frozen=True, slots=True)
class Marked:
    """A piece of the text; `span` is the place of what was found there in the prediction, -1 for plain text.

    `value` says it in one form where the words do not: the day that “tomorrow” is.
    """

    text: str
    label: str = ""
    span: int = -1
    value: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A sample that is text, as its kit reads it.

    Attributes:
        why_none: why there is no text; empty when there is.
        left_out: characters at the end that are not shown.
    """

    title: str = ""
    pieces: tuple[Marked, ...] = ()
    left_out: int = 0
    facts: Mapping[str, JsonValue] = field(default_factory=dict)
    why_none: str = ""


def kit_of(session: Session, sample: Sample) -> str:
    """The kit whose sample it is: by its bundle, else its project, else what it consists of."""
    bundle = session.get(Bundle, sample.bundle)
    if bundle is not None:
        return bundle.kit
    project = session.get(Project, sample.project)
    if project is not None:
        return project.kit
    return _DEFAULT_KITS.get(sample.media_type, "visual-inspection")


_ABSENT = {"expected": "The text is on its way", "erased": "The text was erased"}


def reading(hub: Hub, kit: str, sample: Sample, said: Prediction) -> Reading | None:
    """The sample's text; None when it is of another nature. A text that cannot be read says why."""
    try:
        if not is_text(kit, sample.media_type):
            return None
    except ImportError as error:
        return Reading(
            why_none=f"{error.name} is missing, which reads it: pip install 'kitwright[hub,mail]'"
        )
    if sample.blob_state != "stored":
        return Reading(why_none=_ABSENT.get(sample.blob_state, "The text was not kept"))
    if sample.blob_size > MAX_BYTES:
        return Reading(why_none="The text is too large to be shown")
    try:
        shown = read_text(kit, hub.storage.get(sample.blob))
    except KitwrightError as error:
        return Reading(why_none=f"The text cannot be read: {error.what}")
    marked = tuple(_with_places(pieces(shown.text, said.spans), said))
    return Reading(shown.title, marked, max(0, len(shown.text) - MAX_TEXT), shown.facts)


def _with_places(found: Sequence[Piece], said: Prediction) -> list[Marked]:
    """Each marked piece with the place of its span in the prediction."""
    places = {
        (span.start, span.end): place for place, span in reversed(list(enumerate(said.spans)))
    }
    marked, at = [], 0
    for piece in found:
        end = at + len(piece.text)
        span = places.get((at, end), -1) if piece.label else -1
        marked.append(Marked(piece.text, piece.label, span, piece.value))
        at = end
    return marked


def ranked_labels(known: Sequence[str], said: Prediction, media_type: str) -> list[str]:
    """The likeliest first, then those that are used most: the first ones are on keys.

    Up to nine labels keep their places, so that fingers learn them. A statement of several labels counts as each.
    """
    single = list(dict.fromkeys(part for name in known for part in name.split("|")))
    names = [name for name in single if name != good_label(media_type)]
    if len(names) <= MAX_LABEL_BUTTONS:
        return sorted(names)
    place = {name: number for number, name in enumerate(names)}
    return sorted(names, key=lambda name: (-said.probabilities.get(name, 0.0), place[name]))
