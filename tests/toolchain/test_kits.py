"""The contract of a kit, asked of every kit in the house: same files, same manners."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from kits.core.discovery import find_kits
from kits.core.errors import DataError, KitwrightError
from kits.core.kit import Finding, Kit, RawSample
from kits.toolchain.scaffold import templates_dir

KITS = find_kits().kits
FILES = ("config", "data", "train", "evaluate", "export", "runtime", "demo")
HEAVY = (
    "torch",
    "torchvision",
    "ultralytics",
    "xgboost",
    "onnx",
    "pyarrow",
    "scipy",
    "pandas",
    "sklearn",
)


@pytest.fixture(params=sorted(KITS))
def kit(request: pytest.FixtureRequest) -> Kit:
    return KITS[request.param]


def test_a_kit_has_the_same_files_as_every_other(kit: Kit) -> None:
    names = {path.name for path in kit.root.iterdir()}
    assert {f"{name}.py" for name in FILES} | {"kit.yaml", "README.md", "review.html"} <= names
    others = {
        path.name
        for path in kit.root.glob("*.py")
        if path.stem not in (*FILES, "__init__") and not path.stem.startswith("_")
    }
    assert not others, "helpers are private: _name.py"


def test_a_kit_does_all_the_contract_asks(kit: Kit) -> None:
    asked = {
        kit.data: ("detect_format", "read", "check", "near_duplicates"),
        kit.train: ("train",),
        kit.export: ("export", "calibration_feeds"),
        kit.evaluate: ("choose_operating_point", "evaluate"),
        kit.runtime: ("load",),
        kit.demo: ("generate",),
    }
    for module, functions in asked.items():
        for name in functions:
            assert callable(getattr(module, name)), f"{module}: {name}"
            assert getattr(module, name).__doc__ or module is kit.export


def test_a_runtime_loads_nothing_heavy(kit: Kit) -> None:
    code = f"import sys, {kit.package}.runtime; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_configuration_has_defaults_descriptions_and_no_room_for_typing_errors(kit: Kit) -> None:
    model = kit.config_model
    assert isinstance(model(), BaseModel)
    with pytest.raises(ValidationError):
        model.model_validate({"no_such_setting": 1})
    for name, field in _fields(model):
        assert field.description or _is_section(field.annotation), name


def _fields(model: type[BaseModel]):  # type: ignore[no-untyped-def]
    for name, field in model.model_fields.items():
        yield name, field
        if _is_section(field.annotation):
            yield from _fields(field.annotation)


def _is_section(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def test_a_kit_has_a_template_and_a_review(kit: Kit) -> None:
    assert (templates_dir() / kit.name / "copier.yml").is_file()
    assert "{" in kit.review_template


def test_a_folder_of_nothing_is_refused_and_not_read(kit: Kit, tmp_path: Path) -> None:
    with pytest.raises(DataError) as refused:
        kit.data.detect_format(tmp_path)
    assert refused.value.fix


def test_files_of_rubbish_are_findings_or_errors_and_never_a_crash(
    kit: Kit, tmp_path: Path
) -> None:
    for number, suffix in enumerate((".csv", ".png", ".wav", ".json", ".npy", ".parquet", ".cbor")):
        (tmp_path / f"{number}{suffix}").write_bytes(bytes(range(256)) * 3)
    for format in ("auto", *kit.manifest.formats):
        try:
            found = list(kit.data.read(tmp_path, format))
        except KitwrightError as error:
            assert str(error)
            continue
        assert all(isinstance(one, Finding | RawSample) for one in found)


def test_an_export_of_an_empty_run_is_refused(kit: Kit, tmp_path: Path) -> None:
    from tests.predictive_maintenance.reading import version

    with pytest.raises(KitwrightError):
        kit.export.export(tmp_path, version([], tmp_path / "blobs"), kit.config_model())
