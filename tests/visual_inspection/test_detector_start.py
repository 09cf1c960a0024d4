"""What a detector starts from: nothing that a project brings is executed, nothing is fetched from where it says."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kits.core.annotation import Annotation
from kits.core.blobs import FolderBlobStore
from kits.core.errors import ConfigError, MachineError
from kits.visual_inspection._detector_train import _lay_out, _start, quiet_ultralytics
from kits.visual_inspection.config import Config, DetectorConfig
from tests.needing import needing
from tests.visual_inspection.builders import dataset, parts
from tests.visual_inspection.conftest import run_training

pytestmark = needing("ultralytics")


def test_weights_that_would_be_fetched_are_named_and_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"github\.com/ultralytics/assets"):
        _start(DetectorConfig(weights="yolo11n.pt"), tmp_path)


@pytest.mark.parametrize("weights", ["https://elsewhere.example/x.pt", "gs://b/x.pt", "no/x.pt"])
def test_weights_are_fetched_from_no_address_that_a_project_names(
    tmp_path: Path, weights: str
) -> None:
    with pytest.raises(ConfigError, match="there are no weights"):
        _start(DetectorConfig(weights=weights, allow_download=True), tmp_path)


def test_what_nobody_annotated_is_no_good_part_to_the_trainer(tmp_path: Path) -> None:
    items = parts(FolderBlobStore(tmp_path / "blobs"), "train", 2, 3, seed=1)
    items[0] = replace(items[0], annotation=None)
    items[4] = replace(items[4], annotation=Annotation(label="dent"))
    told = _lay_out(dataset(FolderBlobStore(tmp_path / "blobs"), items), tmp_path / "yolo")
    laid = {path.stem for path in (tmp_path / "yolo/images/train").iterdir()}
    assert laid == {item.sample.id for item in items[1:4]}
    assert told == [
        "1 training pictures that nobody annotated take no part",
        "1 training pictures of defects without a box take no part",
    ]


EXECUTED = "import sys; sys.modules['kw_executed'] = sys"


@pytest.mark.slow
def test_a_description_of_a_network_that_lies_in_the_project_is_not_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    for name in ("yolo11.yaml", "yolo11n.yaml", "own.yaml"):
        Path(name).write_text(f'nc: 1\nactivation: exec("{EXECUTED}")\nbackbone: []\nhead: []\n')
    quick = {"approach": "detector", "detector": {"epochs": 1, "image_size": 64, "batch": 4}}
    store = FolderBlobStore(tmp_path / "blobs")
    data = dataset(
        store, [*parts(store, "train", 1, 3, seed=6), *parts(store, "val", 1, 2, seed=7)]
    )
    run_training(data, Config.model_validate(quick), tmp_path / "run")
    with pytest.raises(ConfigError, match="there are no weights"):
        _start(DetectorConfig(weights="own.yaml"), tmp_path)
    for name in (
        "own.yaml",
        "./yolo11n.yaml",
        str(project / "own.yaml"),
        "https://x.example/y.yaml",
    ):
        with pytest.raises(ConfigError, match="no architecture"):
            _start(DetectorConfig(architecture=name), tmp_path)
    assert "kw_executed" not in sys.modules


LOADS = """
import sys
from pathlib import Path
from kits.visual_inspection._detector_train import quiet_ultralytics
with quiet_ultralytics(Path(sys.argv[1])) as ultralytics:
    try:
        ultralytics.YOLO(sys.argv[2], task="detect")
    except TypeError as error:
        print("refused" if "outside the supported" in str(error) else error, "kw_executed" in sys.modules, file=sys.stderr)
"""


def test_weights_that_would_execute_something_are_refused(tmp_path: Path) -> None:
    import torch

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return exec, (EXECUTED,)

    trap = tmp_path / "trap.pt"
    torch.save({"model": Trap()}, trap)
    # a process of its own: ultralytics asks once, when it is imported, how it shall load
    words = [sys.executable, "-c", LOADS, str(tmp_path / "home"), str(trap)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stderr.split()[-2:] == ["refused", "False"]


def test_where_weights_would_be_executed_no_detector_is_trained_or_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setenv("ULTRALYTICS_SAFE_LOAD", "1")
    monkeypatch.delattr(torch.serialization, "get_unsafe_globals_in_checkpoint")
    with pytest.raises(MachineError, match="would run them"), quiet_ultralytics(tmp_path):
        pytest.fail("weights are loaded")
