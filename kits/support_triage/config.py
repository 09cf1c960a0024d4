"""The `model` section of a support-triage project: one checked model, every field with its unit.

No defaults are hidden elsewhere. Costs, splits and the device target belong to the project, not to the kit;
where mails are read and where they are moved to belongs to the agent's configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, PrivateAttr, field_validator

from kits.core.section import Section
from kits.support_triage._entities.spec import EntitiesConfig

Approach = Literal["auto", "names", "ngrams", "encoder"]
OUT_OF_SCOPE = "oos"
ANY_LANGUAGE = "any"


class EncoderConfig(Section):
    """The network that turns a mail into a vector."""

    source: str = Field(
        "",
        description="folder with a transformers model, or a hub id; empty: all-MiniLM-L6-v2 of the extra `pretrained`"
        " (English)",
    )
    allow_download: bool = Field(
        False, description="whether a hub id may be fetched; nothing is downloaded otherwise"
    )
    max_tokens: int = Field(
        128,
        ge=16,
        le=512,
        description="pieces of words that the network looks at, about 90 words; counted words see the whole mail",
    )
    layers: Literal["auto", "last"] = Field(
        "auto",
        description="`auto` also looks at the means of the first and the middle layer, where cross-validation gains",
    )


class TuningConfig(Section):
    """Fine-tuning of the encoder on the project's own mails."""

    enabled: Literal["auto", "never", "always"] = Field(
        "auto",
        description="`auto` where there is a GPU and at least `min_labels` labels; `always` also on a CPU, however"
        " long it takes. The tuned encoder ships only where it beats the frozen one on held-out mails",
    )
    teacher: str = Field(
        "",
        description="folder or hub id of a larger network: it is tuned on the labels instead, and teaches the encoder, on"
        " mails without a label too (distillation); empty: the encoder itself is tuned",
    )
    method: Literal["lora", "full"] = Field(
        "lora", description="`lora` learns small additions to the weights, `full` all weights"
    )
    min_labels: int = Field(500, ge=20, description="labelled mails below which nothing is tuned")
    epochs: int = Field(5, ge=1, le=100, description="passes over the training mails")
    batch: int = Field(32, ge=2, le=512, description="mails per step")
    learning_rate: float = Field(
        3e-4, gt=0, lt=0.1, description="largest step size; a tenth of it for `full`"
    )
    rank: int = Field(16, ge=1, le=256, description="rank of the additions of `lora`")
    alpha: int = Field(32, ge=1, le=1024, description="scale of the additions of `lora`")


class BoundConfig(Section):
    """What is promised about mails that are decided without a person."""

    epsilon: float = Field(
        0.02, gt=0, lt=0.5, description="largest share of wrong decisions among them, 0 to 1"
    )
    delta: float = Field(
        0.05, gt=0, lt=0.5, description="how often the promise may fail to hold, 0 to 1"
    )
    floor: float = Field(
        0.1,
        gt=0,
        le=1,
        description="an intent that is surely wrong more often than `epsilon`, and in more than this share of the mails"
        " decided as it, is left to a person; so is a text of whose mails a larger share has another label than the rest,"
        " 0 to 1",
    )


class Config(Section):
    """The kit's part of `kit.yaml`, under `model`."""

    approach: Approach = Field(
        "auto",
        description="`names` needs no labelled mail, only `labels`, and only suggests; `ngrams` counts words;"
        " `encoder` always asks a network as well; `auto` takes what cross-validation gains",
    )
    labels: dict[str, str] = Field(
        default_factory=dict,
        description="intents and what each is about, in one line; needed where nothing is labelled, and told to a"
        " language model that suggests",
    )
    out_of_scope: tuple[str, ...] = Field(
        (OUT_OF_SCOPE,),
        description="labels that mean: none of the intents; the first stands for all of them",
    )
    languages: tuple[str, ...] = Field(
        (),
        description="ISO 639-1 codes of languages that mails may be decided in without a person, beside those that"
        " labelled mails are in; `any`: all, as for an encoder of many languages",
    )
    encoder: EncoderConfig = EncoderConfig()
    tuning: TuningConfig = TuningConfig()
    bound: BoundConfig = BoundConfig()
    shortcut: Literal["auto", "never"] = Field(
        "auto",
        description="whether mails that counting words decides as well as all models together skip the network",
    )
    entities: EntitiesConfig = EntitiesConfig.model_validate({})
    knowledge: str = Field(
        "", description="folder with what replies may cite (Markdown, HTML, PDF, CSV); empty: none"
    )
    templates: str = Field(
        "", description="folder with the firm's own phrases and answers (YAML); empty: the kit's"
    )

    _root: Path | None = PrivateAttr(None)

    @property
    def root(self) -> Path | None:
        """The project's folder, where it is known."""
        return self._root

    def located(self, root: Path) -> Config:
        """The same with relative paths taken from the project's folder; a hub id stays one."""
        entities, tuning = self.entities, self.tuning
        encoder = self.encoder.model_copy(update={"source": _placed(root, self.encoder.source)})
        tuning = tuning.model_copy(update={"teacher": _placed(root, tuning.teacher)})
        if entities.catalogue:
            catalogue = str(root / Path(entities.catalogue).expanduser())
            entities = entities.model_copy(update={"catalogue": catalogue})
        folders = {
            name: str(root / Path(getattr(self, name)).expanduser())
            for name in ("knowledge", "templates")
            if getattr(self, name)
        }
        parts = {"encoder": encoder, "entities": entities, "tuning": tuning}
        placed = self.model_copy(update={**parts, **folders})
        placed._root = root
        return placed

    def named(self) -> Mapping[str, str]:
        """Key → file or folder whose content goes into the bundle."""
        files = {
            "knowledge": self.knowledge,
            "templates": self.templates,
            "entities.catalogue": self.entities.catalogue,
        }
        return {key: name for key, name in files.items() if name}

    @field_validator("out_of_scope")
    @classmethod
    def _one_name(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names or not all(name.strip() for name in names):
            raise ValueError("at least one name for what is out of scope")
        return names

    @field_validator("labels")
    @classmethod
    def _plain_labels(cls, labels: dict[str, str]) -> dict[str, str]:
        wrong = [name for name in labels if not name.strip() or "|" in name]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is no name of an intent: it is empty or holds `|`")
        return labels


def _placed(root: Path, network: str) -> str:
    """A network's folder taken from the project's folder; a hub id stays one."""
    inside = bool(network) and (root / network / "config.json").is_file()
    return str(root / network) if inside else network
