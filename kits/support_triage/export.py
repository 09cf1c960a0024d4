"""A run's files → the bundle's models, arrays and config. Mails show which of the encoder's channels stand out.

Counted pieces and heads are arrays that numpy computes with: a graph for them would be slower than they are.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np
from pydantic import BaseModel, JsonValue

from kits.core import belongings
from kits.core.dataset import Dataset
from kits.core.errors import DataError
from kits.core.kit import Exported, left_by_training
from kits.core.runtime import Array
from kits.support_triage._learning.golden import golden_mails
from kits.support_triage._learning.mails import load_mails
from kits.support_triage._mail.reading import read_mail
from kits.support_triage._models.encoder import INPUTS, Tokens
from kits.support_triage._models.spec import ENCODER_ROLE, TOKENIZER_FILE
from kits.support_triage.config import Config
from kits.support_triage.runtime import MEDIA_TYPE, TriageSpec
from kits.support_triage.train import ENCODER_FILE, FILES_FOLDER, SPEC_FILE


def export(run_dir: Path, dataset: Dataset, config: BaseModel) -> Exported:
    """The deployable models of a run.

    Raises:
        DataError: the run holds no training of this kit.
    """
    assert isinstance(config, Config)
    spec = TriageSpec.model_validate_json(left_by_training(run_dir, SPEC_FILE))
    encoder = run_dir / ENCODER_FILE
    has_encoder = spec.classifier.encoder is not None
    roles = (ENCODER_ROLE,) if has_encoder else ()
    labels = tuple(dict.fromkeys((*spec.classifier.intent.classes, *config.out_of_scope[:1])))
    return Exported(
        models={ENCODER_ROLE: encoder.read_bytes()} if has_encoder else {},
        config=cast(dict[str, JsonValue], spec.model_dump(mode="json", by_alias=True)),
        labels=labels,
        quantize_roles=roles,
        precisions=("fp16", "int8"),
        dynamic_roles=roles,
        files={**dict(_files(run_dir / FILES_FOLDER)), **_belongings(run_dir.parents[1], config)},
        golden=tuple((mail, MEDIA_TYPE) for mail in _golden(dataset, labels)),
    )


def calibration_feeds(
    exported: Exported, role: str, contents: Iterable[bytes]
) -> Iterator[Mapping[str, Array]]:
    """Token numbers of mails, by which the encoder's outlying channels are found; unreadable mails give none."""
    encoder = TriageSpec.model_validate(exported.config).classifier.encoder
    if role != ENCODER_ROLE or encoder is None:
        return
    tokens = Tokens(exported.files[TOKENIZER_FILE], encoder.max_tokens)
    for content in contents:
        with contextlib.suppress(DataError):
            numbers = np.array([tokens.of(read_mail(content).text)], np.int64)
            yield dict(zip(INPUTS, (numbers, np.ones_like(numbers)), strict=True))


def _belongings(root: Path, config: Config) -> dict[str, bytes]:
    """What the configuration names in the project's folder: a hub that retrains has nothing else of it."""
    paths = [root / name for name in config.named().values()]
    return {belongings.NAME: belongings.pack_belongings(root, paths)} if paths else {}


def _golden(dataset: Dataset, labels: Sequence[str]) -> Iterator[bytes]:
    items = [item for part in ("val", "train") for item in dataset.of(part) if item.sample.digest]
    yield from golden_mails(load_mails(dataset, items), labels)


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()
