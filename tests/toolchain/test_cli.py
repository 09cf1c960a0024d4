"""The `kit` program as a user meets it: answers, exit codes, speed."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

from tests.third_party import register
from tests.toolchain.plugin import numbers, plugin, project, write_samples

__all__ = ["plugin", "project"]

PROGRAM = "from kits.cli import main; main()"


def kit(*words: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {"PATH": "/usr/bin:/bin", **({"PYTHONPATH": str(path)} if path else {})}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        capture_output=True,
        text=True,
        check=False,
        env=env,
    )


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom kits.cli import make_app\nimport typer\n"
        "typer.main.get_command(make_app())\n"
        "print([m for m in ('torch', 'cv2', 'copier', 'rich', 'onnxruntime', 'numpy.random')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_what_to_type_next_can_be_typed_where_a_folder_has_a_blank(
    plugin: Path, tmp_path: Path
) -> None:
    made = kit("new", "tiny-kit", str(tmp_path / "Grüne Leads"), "--defaults", path=plugin)
    folder = shlex.quote(str(tmp_path / "Grüne Leads"))
    assert made.stdout.splitlines()[-1].startswith(f"next: cd {folder} && kit "), made.stderr


def test_from_nothing_to_a_checked_project(plugin: Path, tmp_path: Path) -> None:
    data = write_samples(tmp_path / "data", "good", numbers(1, 60))
    write_samples(data, "bad", numbers(5, 20))
    made = kit("new", "tiny-kit", str(tmp_path / "line"), "--data", str(data), path=plugin)
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("made ")
    assert made.stdout.splitlines()[-1].startswith("next: cd ")
    where = ("-C", str(tmp_path / "line"))
    assert kit("check", *where, "-q", path=plugin).stdout.splitlines()[1:] == []
    checked = kit("check", *where, "--json", path=plugin)
    assert checked.returncode == 0
    document = json.loads(checked.stdout)
    assert document["passed"] and document["counts"]["fail"] == 0
    shown = json.loads(kit("data", "show", *where, "--json", path=plugin).stdout)
    assert shown["n"] == 80 and shown["id"] == document["dataset"]
    assert kit("config", "show", *where, path=plugin).returncode == 0
    assert json.loads(kit("runs", "list", *where, "--json", path=plugin).stdout) == []


def test_check_of_a_project_without_data_ends_with_6(plugin: Path, tmp_path: Path) -> None:
    kit("new", "tiny-kit", str(tmp_path / "line"), path=plugin)
    done = kit("check", "-C", str(tmp_path / "line"), "--json", path=plugin)
    assert done.returncode == 6
    assert json.loads(done.stdout)["passed"] is False


def test_no_project_ends_with_3_and_no_traceback(tmp_path: Path) -> None:
    done = kit("check", "-C", str(tmp_path))
    assert done.returncode == 3
    assert "no project here" in done.stderr and "Traceback" not in done.stderr


def test_an_unknown_verb_ends_with_2() -> None:
    assert kit("chek").returncode == 2


def test_a_usage_error_is_one_json_document_when_that_was_asked_for() -> None:
    done = kit("list", "--json", "--bogus")
    assert done.returncode == 2
    said = json.loads(done.stdout)
    assert (said["error"], said["where"], said["fix"]) == (
        "UsageError", "kit list", "kit list --help",
    )  # fmt: skip
    assert "--bogus" in said["what"]
    assert "--bogus" in done.stderr


def test_an_error_of_the_file_system_is_told_without_traceback(
    plugin: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    done = kit("new", "tiny-kit", str(tmp_path / "file" / "line"), "--json", path=plugin)
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    said = json.loads(done.stdout)
    assert said["where"] == str(tmp_path / "file" / "line")
    assert "in the way" in said["fix"]


def test_missing_data_makes_no_project(plugin: Path, tmp_path: Path) -> None:
    done = kit("new", "tiny-kit", str(tmp_path / "p"), "--data", str(tmp_path / "no"), path=plugin)
    assert done.returncode == 3
    assert not (tmp_path / "p").exists()


def test_data_that_cannot_be_read_leaves_a_project_and_says_how_to_go_on(
    plugin: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad").mkdir()
    done = kit("new", "tiny-kit", str(tmp_path / "p"), "--data", str(tmp_path / "bad"), path=plugin)
    assert done.returncode == 3
    assert f"the project is made: kit data import PATH -C {tmp_path / 'p'}" in done.stderr
    data = write_samples(tmp_path / "good", "good", numbers(1, 20))
    assert kit("data", "import", str(data), "-C", str(tmp_path / "p"), path=plugin).returncode == 0


def test_a_broken_kit_is_listed_with_its_reason(tmp_path: Path) -> None:
    register(tmp_path, "ruin_kit", "ruin")
    document = json.loads(kit("list", "--json", path=tmp_path).stdout)
    broken = document["broken"]
    assert broken[0]["name"] == "ruin" and "ruin_kit" in broken[0]["reason"]
    assert "visual-inspection" in [k["name"] for k in document["kits"]]


def test_the_version_is_printed() -> None:
    assert kit("--version").stdout.startswith("kit 0.")


def test_it_runs_where_no_script_was_installed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kits.cli", "--version"], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("kit 0.")
