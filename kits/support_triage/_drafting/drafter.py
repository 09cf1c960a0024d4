"""A reply that a person can check sentence by sentence: what to look up, what a writer may see, what stands.

Responsible for what is said and in which order: greeting, thanks by tone, facts of records, the firm's own answer,
passages, what is missing, closing. Every line comes from a source that `verify.py` knows, also a writer's. Text of the
customer's mail goes nowhere but into the subject. Nothing here fetches or sends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from kits.core.correspondence import Brief, Lookup, Passage, Record
from kits.core.mail.threads import reply_headers
from kits.core.prediction import Draft, Prediction
from kits.support_triage._drafting.knowledge import Embed, Knowledge, KnownPassage
from kits.support_triage._drafting.retrieval import Retriever
from kits.support_triage._drafting.sentences import split_sentences
from kits.support_triage._drafting.slots import Facts, fill, has_slots, vet
from kits.support_triage._drafting.templates import Templates, Tone, Wording
from kits.support_triage._drafting.verify import Line, Sources, told
from kits.support_triage._mail.reading import Reading

MAX_LOOKUPS = 5
BRIEF_PASSAGES, BRIEF_CHARS = 5, 6_000
_CLOSE_SECOND = 0.95
"""A second passage is cited when it scores at least this share of the first."""
_SOON = 3
"""What words for levels call `high`; a level below it is urgent only on a scale of numbers from 0."""
_ENDINGS = ".!?…:。！？"


@dataclass(frozen=True, slots=True)
class _Case:
    """One mail to be answered."""

    reading: Reading
    prediction: Prediction
    intents: tuple[str, ...]
    language: str
    wording: Wording
    sources: Sources


class Drafter:
    """Drafts replies from one knowledge base and one firm's templates.

    Args:
        embed: the encoder that the knowledge base's vectors came from; None: words alone find passages.
        redact: a mail's text without personal data; None: nothing is told to a writer.

    Raises:
        BundleError: the knowledge base's vectors do not fit it.
    """

    def __init__(
        self,
        knowledge: Knowledge,
        templates: Templates,
        embed: Embed | None = None,
        redact: Callable[[Reading], str] | None = None,
    ) -> None:
        self._templates = templates
        self._retriever = Retriever(knowledge, embed)
        self._by_source = {passage.source: passage for passage in knowledge.passages}
        self._redact = redact

    def lookups(self, reading: Reading, prediction: Prediction) -> tuple[Lookup, ...]:
        """Records worth having before a reply is drafted; none when nobody is answered."""
        if not self._answers(reading, prediction):
            return ()
        kinds = self._templates.firm.lookups
        found = [
            Lookup(kinds[span.label], span.text.strip())
            for span in prediction.spans
            if span.label in kinds and span.text.strip()
        ]
        return tuple(dict.fromkeys(found))[:MAX_LOOKUPS]

    def brief(self, reading: Reading, prediction: Prediction) -> Brief | None:
        """What a writer may see; None when there is nothing to cite, or nobody to answer."""
        if self._redact is None or not self._answers(reading, prediction):
            return None
        language = self._templates.language(reading.language)
        passages = self._found(reading, prediction, language, BRIEF_PASSAGES)
        if not passages:
            return None
        thread = self._redact(reading)[:BRIEF_CHARS]
        return Brief(thread, language, prediction.label, passages)

    def draft(
        self,
        reading: Reading,
        prediction: Prediction,
        records: Sequence[Record] = (),
        written: str = "",
    ) -> Draft | None:
        """A reply, or None when there is nobody to answer or nothing to say."""
        if not self._answers(reading, prediction):
            return None
        language = self._templates.language(reading.language)
        firm = self._templates.firm
        case = _Case(
            reading=reading,
            prediction=prediction,
            intents=_intents(prediction),
            language=language,
            wording=self._templates.wording(language),
            sources=Sources(firm.link_hosts),
        )
        vetted = vet(records, reading.message.answer_address, firm.owners)
        cut = [*vetted.cut]
        facts = self._facts(case, vetted.told)
        answers = self._answers_of_the_firm(case, vetted.told, cut)
        cited = self._cited(case, cut)
        needs = self._needs(case, records, vetted.told)
        if written.strip():
            cited = self._written(case, written, cited, cut)
        if not (facts or answers or cited or needs):
            return None
        opening, closing = self._frame(case, bool(cited or answers))
        parts = [*opening, facts, answers, *cited, needs, closing]
        kept = [part for part in parts if part]
        return Draft(
            subject=reply_headers(reading.message).subject,
            body="\n\n".join(_paragraph(part) for part in kept),
            language=language,
            citations=tuple(line.citation for part in kept for line in part),
            cut=tuple(cut),
        )

    def _answers(self, reading: Reading, prediction: Prediction) -> bool:
        """Whether anybody is answered: no machine, an address to answer to, a label with something to say."""
        silent = set(self._templates.firm.silent)
        return bool(
            not prediction.details.get("automatic")
            and reading.message.answer_address
            and prediction.label
            and not silent.intersection(_intents(prediction))
        )

    def _frame(self, case: _Case, has_answer: bool) -> tuple[list[list[Line]], list[Line]]:
        """Greeting and thanks above, closing below."""
        wording, tone = case.wording, _tone(case.prediction)
        thanks = [f"thanks-{tone}"] if tone != "urgent" else ["thanks-neutral", "thanks-urgent"]
        lines = [self._phrase(case, name, wording.tones[_tone_of(name)]) for name in thanks]
        if not has_answer:
            lines.append(self._phrase(case, "team", wording.team))
        greeting = self._phrase(case, "greeting", wording.greeting)
        closing = self._phrase(case, "closing", wording.closing)
        return [[*greeting], [line for found in lines for line in found]], [*closing]

    def _phrase(self, case: _Case, name: str, text: str) -> tuple[Line, ...]:
        return case.sources.add(
            f"template:{case.language}/{name}", split_sentences(text, case.language)
        )[0]

    def _facts(self, case: _Case, records: Sequence[Facts]) -> list[Line]:
        """What the records say, each fact that is not overtaken by a later one.

        A fact that a record does not have is no loss worth telling: the usual ones are tried one by one.
        """
        lines: list[Line] = []
        for record in records:
            for fact in self._templates.facts(case.intents):
                overtaken = any(record.fields.get(name) for name in fact.unless)
                overtaken |= fact.name == "expected" and _had_passed(record, case.reading)
                if fact.kind == record.kind and not overtaken and fact.name in case.wording.facts:
                    lines += self._fill(case, case.wording.facts[fact.name], record, [])
        return lines

    def _fill(self, case: _Case, sentence: str, record: Facts, cut: list[str]) -> tuple[Line, ...]:
        filled = fill(sentence, record, self._templates.look(case.language))
        if filled.missing:
            cut.append(told(sentence, filled.missing))
            return ()
        lines, faults = case.sources.add(f"record:{record.name}", [filled.text])
        cut += faults
        return lines

    def _answers_of_the_firm(
        self, case: _Case, records: Sequence[Facts], cut: list[str]
    ) -> list[Line]:
        """The firm's own sentences for these intents, filled where they have slots."""
        lines: list[Line] = []
        for intent in case.intents:
            name = f"template:{case.language}/{intent}"
            texts = self._templates.firm.answers.get(intent, {}).get(case.language, ())
            for sentence in (s for text in texts for s in split_sentences(text, case.language)):
                if not has_slots(sentence):
                    found, faults = case.sources.add(name, [sentence])
                    lines += found
                    cut += faults
                    continue
                if not records:
                    cut.append(told(sentence, "no record fills it"))
                for record in records:
                    lines += self._fill(case, sentence, record, cut)
        return lines

    def _needs(self, case: _Case, records: Sequence[Record], told: Sequence[Facts]) -> list[Line]:
        """Asks for the numbers that these intents need, where the mail holds none or no record may be told.

        A stranger reads the same about an order that is somebody else's and about one that does not exist.
        """
        kinds = self._templates.firm.lookups
        named = {kinds[s.label] for s in case.prediction.spans if s.label in kinds}
        named -= {r.lookup.kind for r in records} - {facts.kind for facts in told}
        wanted = [k for intent in case.intents for k in self._templates.firm.needs.get(intent, ())]
        lines: list[Line] = []
        for kind in dict.fromkeys(wanted):
            if kind not in named and kind in case.wording.needs:
                lines += self._phrase(case, f"needs-{kind}", case.wording.needs[kind])
        return lines

    def _found(
        self, reading: Reading, prediction: Prediction, language: str, most: int
    ) -> tuple[Passage, ...]:
        """Passages for the mail's intents: the firm's choice first, then what is found."""
        found: dict[str, Passage] = {}
        for intent in _intents(prediction):
            for start in self._templates.firm.pinned.get(intent, ()):
                for source, known in self._by_source.items():
                    if _is_below(source, start) and known.language in ("", language):
                        found.setdefault(source, Passage(source, known.text, 1.0))
            if not found:
                for passage in self._retriever.find(
                    reading.text, language, intent, most, self._templates.firm.languages[0]
                ):
                    found.setdefault(passage.source, passage)
        return tuple(found.values())[:most]

    def _cited(self, case: _Case, cut: list[str]) -> list[list[Line]]:
        """One paragraph per passage; before one in another language it is said that it is."""
        most = self._templates.firm.passages
        paragraphs: list[list[Line]] = []
        found = self._found(case.reading, case.prediction, case.language, most) if most else ()
        for passage in found:
            if passage.score < _CLOSE_SECOND * found[0].score:
                continue
            known = self._by_source[passage.source]
            lines, faults = case.sources.add(known.source, known.sentences)
            cut += faults
            fresh = [line for line in lines if line.citation == known.source]
            if fresh:
                paragraphs += [[*self._foreign(case, known)], fresh]
        return paragraphs

    def _foreign(self, case: _Case, passage: KnownPassage) -> tuple[Line, ...]:
        if passage.language in ("", case.language):
            return ()
        return self._phrase(case, "foreign", case.wording.foreign)

    def _written(
        self, case: _Case, written: str, cited: list[list[Line]], cut: list[str]
    ) -> list[list[Line]]:
        """What stands of a writer's proposal, in place of the passages; those again when nothing does."""
        for passage in self._found(case.reading, case.prediction, case.language, BRIEF_PASSAGES):
            known = self._by_source[passage.source]
            case.sources.add(known.source, known.sentences)
        verified = case.sources.verify(written, case.language)
        cut += verified.cut
        # greeting, thanks and facts are there already; twice would be odd
        chosen = [line for line in verified.lines if line.citation in self._by_source]
        return [chosen] if chosen else cited


def _intents(prediction: Prediction) -> tuple[str, ...]:
    return tuple(part for part in prediction.label.split("|") if part)


def _is_below(source: str, start: str) -> bool:
    """Whether `en/returns.md#1` is meant by `returns.md`, `en/returns.md` or `returns.md#1`."""
    path = source.partition("#")[0]
    return any(given == start or given.endswith(f"/{start}") for given in (source, path))


def _tone(prediction: Prediction) -> Tone:
    levels = {quantity.name: quantity.value for quantity in prediction.quantities}
    if levels.get("sentiment", 1) < 0.5:
        return "negative"
    if _is_urgent(levels.get("urgency", 0), prediction):
        return "urgent"
    return "positive" if levels.get("sentiment", 1) > 1.5 else "neutral"


def _is_urgent(level: float, prediction: Prediction) -> bool:
    """Whether a level lies in the upper half of its scale, where that is known, and is more than usual."""
    scales = prediction.details.get("scales")
    known = scales.get("urgency") if isinstance(scales, dict) else None
    scale = [n for n in known if isinstance(n, float | int)] if isinstance(known, list) else []
    if not scale:
        return level >= _SOON
    low, high = min(scale), max(scale)
    return level > (low + high) / 2 and (level >= _SOON or low == 0)


def _tone_of(name: str) -> Tone:
    tones: dict[str, Tone] = {
        "thanks-neutral": "neutral",
        "thanks-negative": "negative",
        "thanks-positive": "positive",
        "thanks-urgent": "urgent",
    }
    return tones[name]


def _had_passed(record: Facts, reading: Reading) -> bool:
    """Whether the day an order was expected on had passed when the mail was written: to tell it then is wrong."""
    written = reading.message.date
    try:
        expected = date.fromisoformat(str(record.fields.get("expected_on"))[:10])
    except ValueError:
        return False
    return written is not None and expected < written.date()


def _paragraph(lines: Sequence[Line]) -> str:
    """Sentences in a row; one without an end of its own, as of a list, stands on its own line."""
    whole = ""
    for line in lines:
        listed = (
            len(lines) > 1
            and line.text[-1] not in _ENDINGS
            and not line.text.endswith((")", '"', "“", "»"))
        )
        if listed:
            whole += ("\n" if whole else "") + f"- {line.text}\n"
        else:
            whole += ("" if not whole or whole.endswith("\n") else " ") + line.text
    return whole.strip("\n")
