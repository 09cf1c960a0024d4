"""No number that people write or programs send may be infinite or none, but where it is said why."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, Field, JsonValue

from cloud_sync.config import HubConfig
from cloud_sync.crm.connection.settings import CrmSettings
from edge_agent.config import AgentConfig
from kits.core.errors import ConfigError
from kits.core.hub_api import Reported
from kits.core.section import Section
from kits.core.settings import parse_settings
from kits.toolchain.project_config import ProjectConfig

PACKAGES = ("kits", "cloud_sync", "edge_agent")
_ANSWER = "an answer of the hub, read by nobody of us"
_OWN = "what a program of ours keeps for itself"
_LEARNED = "what training measured; a bundle is signed, and refused without finite thresholds"
_EVENTS = (
    "a row of a device is never refused for a figure: the hub blanks it (test_ingest_hostile.py)"
)
MAY = {
    "cloud_sync.api.jobs.DriftOut": _ANSWER,
    "cloud_sync.api.jobs.WorthOut": _ANSWER,
    "cloud_sync.api.reviews.QueueItem": _ANSWER,
    "cloud_sync.api.samples.Sample": _ANSWER,
    "cloud_sync.api.device.ReportedIn.figures": "left out one by one, the report counts",
    "kits.core.hub_api.Reported.figures": "left out one by one, the report counts",
    "edge_agent.alarms.courses.": _OWN,
    "edge_agent.alarms.memory.": _OWN,
    "edge_agent.update.": _OWN,
    "kits.core.alarm.AlarmMemory": _OWN,
    "kits.core.monitor.": _OWN,
    "kits.core.stats.": _LEARNED,
    "kits.core.bundle.": _LEARNED,
    "kits.core.operating_point.Band": "compiling and bundling refuse it, with the threshold's name",
    "kits.core.events.": _EVENTS,
    "kits.toolchain.runs.Run": _LEARNED,
    "kits.lead_scoring._features.spec.": _LEARNED,
    "kits.lead_scoring._models.spec.": _LEARNED,
    "kits.lead_scoring._reasons.spec.": _LEARNED,
    "kits.lead_scoring._spec.": _LEARNED,
    "kits.predictive_maintenance._device.": _LEARNED,
    "kits.predictive_maintenance._signals.": _LEARNED,
    "kits.support_triage._drafting.knowledge.Link": _LEARNED,
    "kits.support_triage._entities.spec.": _LEARNED,
    "kits.support_triage._models.spec.": _LEARNED,
    "kits.visual_inspection._head.": _LEARNED,
    "kits.visual_inspection._places.": _LEARNED,
    "kits.visual_inspection.runtime.": _LEARNED,
}
"""Beginning of `module.Model.field` → why its numbers need not be finite."""


def models() -> list[type[BaseModel]]:
    """All of our packages."""
    for package in PACKAGES:
        found = importlib.import_module(package)
        for module in pkgutil.walk_packages(found.__path__, package + "."):
            if ".migrations" not in module.name and not module.name.endswith("__main__"):
                load(module.name)
    return sorted(set(below(BaseModel)), key=lambda one: (one.__module__, one.__name__))


def load(module: str) -> None:
    """All but what needs an extra that is not installed."""
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in PACKAGES:
            raise


def below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for one in model.__subclasses__():
        if one.__module__.partition(".")[0] in PACKAGES:
            yield one
        yield from below(one)


def unbounded(schema: Any, finite: bool) -> bool:
    """Whether a schema of pydantic's has a number in it that may be infinite or none; not looking into other models."""
    if isinstance(schema, (list, tuple)):
        return any(unbounded(part, finite) for part in schema)
    if not isinstance(schema, dict) or schema.get("type") == "model":
        return False
    if schema.get("type") == "float":
        both = schema.keys() & {"ge", "gt"} and schema.keys() & {"le", "lt"}
        return not both and schema.get("allow_inf_nan", not finite)
    return any(unbounded(part, finite) for key, part in schema.items() if key != "metadata")


def fields_of(model: type[BaseModel]) -> list[str]:
    """Its fields that take such a number."""
    model.model_rebuild()
    core: Any = model.__pydantic_core_schema__
    definitions = {one["ref"]: one for one in core.get("definitions", ())}
    own = next(find(core, "model-fields"), None) if core["type"] != "definitions" else None
    own = own or next(find(core["schema"], "model-fields"), None)
    if own is None:
        own = next(find(definitions[core["schema"]["schema_ref"]], "model-fields"))
    finite = model.model_config.get("allow_inf_nan") is False
    return [
        name
        for name, field in own["fields"].items()
        if unbounded(resolved(field, definitions), finite)
    ]


def resolved(schema: Any, definitions: dict[str, Any]) -> Any:
    """A reference in a field leads to a model, which is looked at itself, or to a type by name."""
    if isinstance(schema, (list, tuple)):
        return [resolved(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "definition-ref":
        return definitions[schema["schema_ref"]] if "JsonValue" not in schema["schema_ref"] else {}
    return {key: resolved(part, definitions) for key, part in schema.items()}


def find(schema: Any, kind: str) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == kind:
            yield schema
        else:
            for part in schema.values():
                yield from find(part, kind)
    elif isinstance(schema, (list, tuple)):
        for part in schema:
            yield from find(part, kind)


def test_no_number_of_a_setting_or_request_is_infinite_or_none() -> None:
    found = [f"{m.__module__}.{m.__name__}.{name}" for m in models() for name in fields_of(m)]
    assert [name for name in found if not name.startswith(tuple(MAY))] == [], (
        "derive the model from kits.core.section.Section, or say in MAY why not"
    )
    idle = [start for start in MAY if not any(name.startswith(start) for name in found)]
    assert idle == [], "nothing left to excuse"


class Open(BaseModel):
    a: float
    b: float = Field(ge=0)
    c: tuple[float | None, ...] = ()
    d: JsonValue = None
    e: float = Field(0, ge=0, le=1)
    f: float = Field(0, allow_inf_nan=False)
    g: dict[str, list[float]] = Field(default_factory=dict)


class Closed(Section):
    a: float
    b: tuple[Open, ...] = ()
    c: JsonValue = None


def test_such_a_number_would_be_found() -> None:
    assert fields_of(Open) == ["a", "b", "c", "g"]
    assert fields_of(Closed) == []


@pytest.mark.parametrize("number", [".inf", "-.inf", ".nan", "1e999"])
@pytest.mark.parametrize(
    ("model", "text"),
    [
        (ProjectConfig, "kit: x\nname: x\ncosts: {{escape: {}}}"),
        (ProjectConfig, "kit: x\nname: x\nmetric: {{target: {}}}"),
        (HubConfig, "jobs: {{timeout_h: {}}}"),
        (AgentConfig, "selection: {{novelty: {}}}"),
        (CrmSettings, "kind: webhook\npoll_s: {}"),
    ],
)
def test_a_configuration_with_such_a_number_is_refused_with_its_key(
    model: type[BaseModel], text: str, number: str
) -> None:
    with pytest.raises(
        ConfigError, match=r"must be (a number with an end|-?[0-9.]+ or)|must be more"
    ):
        parse_settings(text.format(number), model, where="x.yaml")


def test_a_report_with_such_a_figure_counts_without_it() -> None:
    report = Reported.model_validate_json('{"bundle": "b", "figures": {"p95": NaN, "verdict": 3}}')
    assert report.figures == {"verdict": 3.0} and report.bundle == "b"
