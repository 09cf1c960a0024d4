"""A support-triage bundle at work: mail → what it is about, what it names, how urgent it is. The device runs this file.

It composes reading, models and extraction; no trainer, no dataset, no network. Whether a label is certain enough
to act on is the operating point's; what happens to the mail is the agent's.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from pydantic import BaseModel, ConfigDict, Field

from kits.core.bundle import Bundle
from kits.core.correspondence import Brief, Lookup, Question, Record
from kits.core.errors import DataError
from kits.core.labelling import spelled_as
from kits.core.mail.automatic import why_automatic
from kits.core.mail.message import refuse_unreadable
from kits.core.prediction import Draft, Prediction, Span
from kits.core.runtime import Payload, Runtime, SessionFactory, StageTimes
from kits.support_triage._asking import question_of, without_personal_data
from kits.support_triage._drafting.drafter import Drafter
from kits.support_triage._drafting.knowledge import Knowledge
from kits.support_triage._drafting.templates import FirmTemplates, Templates
from kits.support_triage._entities.extractor import Extractor
from kits.support_triage._entities.spec import EntitiesSpec
from kits.support_triage._entities.text import Text
from kits.support_triage._entities.tone import Tone, tone_of
from kits.support_triage._mail.reading import LastReading, Reading
from kits.support_triage._models.classifier import Classifier, Verdicts, load_classifier
from kits.support_triage._models.memory import Memory
from kits.support_triage._models.spec import ClassifierSpec
from kits.support_triage._models.telling import told
from kits.support_triage._shown import shown

__all__ = ["MEDIA_TYPE", "TriageRuntime", "TriageSpec", "load", "shown"]

MEDIA_TYPE = "message/rfc822"
KNOWLEDGE_FILE = "knowledge.json"


class TriageSpec(BaseModel):
    """What the runtime needs to know; the bundle's `config`."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    classifier: ClassifierSpec = Field(description="the learned models")
    out_of_scope: tuple[str, ...] = Field(
        ("oos",), min_length=1, description="labels that mean none of the intents"
    )
    labels: dict[str, str] = Field(
        default_factory=dict,
        description="intents and what each is about, in one line, as configured",
    )
    entities: EntitiesSpec = Field(
        default_factory=lambda: EntitiesSpec.model_validate({}), description="what is looked for"
    )
    templates: FirmTemplates = Field(
        default_factory=lambda: FirmTemplates.model_validate({}),
        description="what the firm says of its replies",
    )


def load(bundle: Bundle, sessions: SessionFactory, target: str = "cpu") -> Runtime:
    """The runtime of a bundle.

    Raises:
        BundleError: its config is not one of this kit, or a file or model is missing or does not fit.
    """
    spec = bundle.config_as(TriageSpec)
    classifier = load_classifier(spec.classifier, bundle, sessions, target)
    extractor = Extractor.from_spec(spec.entities)
    return TriageRuntime(spec, classifier, extractor, _drafter(spec, bundle, classifier, extractor))


def _drafter(
    spec: TriageSpec, bundle: Bundle, classifier: Classifier, extractor: Extractor
) -> Drafter:
    """What replies are drafted with: the bundle's knowledge, or the records and templates alone."""
    stored = bundle.files.get(KNOWLEDGE_FILE)
    knowledge = (
        Knowledge(version="", passages=()) if stored is None else Knowledge.from_json(stored)
    )
    encoder = classifier.encoder
    embeds = encoder is not None and knowledge.dimensions == encoder.spec.width

    return Drafter(
        knowledge,
        Templates(spec.templates),
        embed=encoder.last_layer if encoder is not None and embeds else None,
        redact=partial(without_personal_data, extractor=extractor),
    )


@dataclass(frozen=True)
class TriageRuntime:
    """`Runtime` and `Correspondent` of this kit."""

    spec: TriageSpec
    classifier: Classifier
    extractor: Extractor
    drafter: Drafter
    memory: Memory | None = None
    last: LastReading = field(default_factory=LastReading, repr=False, compare=False)

    def remembering(self) -> TriageRuntime:
        """The same models, which judge a text once: for an agent, whose mails repeat themselves."""
        return replace(self, memory=Memory())

    def decode(self, content: bytes, media_type: str) -> Payload:
        """A mail's bytes stay bytes: what cannot be read in them is told, not refused.

        Raises:
            DataError: empty, or over the size limit.
        """
        del media_type  # the content says what it is
        refuse_unreadable(content)
        return content

    def encode(self, payload: Payload) -> tuple[bytes, str]:
        """The mail as it came."""
        return _bytes(payload), MEDIA_TYPE

    def predict(self, payloads: Sequence[Payload]) -> list[Prediction]:
        """One prediction per mail. Raises DataError for one that is empty or over the size limit."""
        readings = [self._read(payload) for payload in payloads]
        verdicts = self._judge([reading.text for reading in readings])
        return [
            told(self.classifier, found, reading, *self._rest(reading))
            for found, reading in zip(verdicts, readings, strict=True)
        ]

    def predict_timed(self, payload: Payload) -> tuple[Prediction, StageTimes]:
        """One prediction with the time of each stage: reading, models, entities and words.

        Raises:
            DataError: empty, or over the size limit.
        """
        started = time.perf_counter()
        reading = self._read(payload)
        read = time.perf_counter()
        verdicts = self._judge([reading.text])[0]
        decided = time.perf_counter()
        prediction = told(self.classifier, verdicts, reading, *self._rest(reading))
        ended = time.perf_counter()
        times = StageTimes(1e3 * (read - started), 1e3 * (decided - read), 1e3 * (ended - decided))
        return prediction, times

    def lookups(self, payload: Payload, prediction: Prediction) -> tuple[Lookup, ...]:
        """Records worth having before a reply is drafted."""
        return self.drafter.lookups(self._read(payload), prediction)

    def brief(self, payload: Payload, prediction: Prediction) -> Brief | None:
        """What a writer outside may see: no personal data; None when there is nothing to write about."""
        return self.drafter.brief(self._read(payload), prediction)

    def question(self, payload: Payload, prediction: Prediction) -> Question | None:
        """What a language model may see that suggests an intent; None for a machine's mail or one without text."""
        reading = self._read(payload)
        return question_of(reading, prediction, self._choices(), self.extractor)

    def draft(
        self,
        payload: Payload,
        prediction: Prediction,
        records: Sequence[Record] = (),
        written: str = "",
    ) -> Draft | None:
        """A reply in which every sentence can be checked; None when a machine wrote or nothing can be said."""
        return self.drafter.draft(self._read(payload), prediction, records, written)

    @property
    def out_of_scope(self) -> tuple[str, ...]:
        """Labels that mean: none of the intents; the first stands for all."""
        return self.spec.out_of_scope

    def _choices(self) -> dict[str, str]:
        """Labels that a person may give, each with what it is about: learned ones, described ones, and none of them."""
        none_of_them = {self.spec.out_of_scope[0]: "about none of these"}
        learned = dict.fromkeys(self.spec.classifier.intent.classes, "")
        described = {spelled_as(name, learned): about for name, about in self.spec.labels.items()}
        return {**learned, **none_of_them, **described}

    def _read(self, payload: Payload) -> Reading:
        return self.last.of(_bytes(payload))

    def _judge(self, texts: Sequence[str]) -> list[Verdicts]:
        if self.memory is None:
            return self.classifier.judge(texts)
        return self.memory.judge(texts, self.classifier.judge)

    def _rest(self, reading: Reading) -> tuple[tuple[Span, ...], str, Tone]:
        text, sent = Text(reading.text, reading.language), reading.message.date
        spans = self.extractor.valued(
            self.extractor.find_in(text), reading.language, on=sent.date() if sent else None
        )
        return spans, why_automatic(reading.message), tone_of(text)


def _bytes(payload: Payload) -> bytes:
    if not isinstance(payload, bytes):
        raise DataError("this kit takes mails as bytes", fix=f"send {MEDIA_TYPE}")
    return payload
