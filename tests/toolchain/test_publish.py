"""Publishing against a real hub: released, complete, repeatable, and clear when it cannot."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud_sync.fleet.pki import Authority
from kits.cli import make_app
from kits.core.bundle import open_file
from kits.core.errors import DataError, UnreachableError, UsageError
from kits.core.kit import Finding
from kits.core.sample import digest_of
from kits.toolchain import publish
from kits.toolchain.hub_client import INSECURE_HTTP, HubClient
from kits.toolchain.project import Project
from kits.toolchain.releasing import tokens
from kits.toolchain.runs import read_run
from kits.toolchain.training import train_project
from tests.tls_server import TlsServer

from .conftest import make_project
from .running_hub import RunningHub

# fastapi builds some body models late and then warns about an alias it set itself
pytestmark = pytest.mark.filterwarnings(
    "ignore:The 'alias' attribute:pydantic.warnings.UnsupportedFieldAttributeWarning"
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    hub = RunningHub(tmp_path_factory.mktemp("hub"))
    yield hub
    hub.stop()


@pytest.fixture
def small_project(dots_folder: Path, tmp_path: Path) -> Project:
    """A trained project with few pictures, so that few requests are needed."""
    few = tmp_path / "few"
    for file in dots_folder.rglob("*-00[0-7].png"):
        target = few / file.relative_to(dots_folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    project = make_project(tmp_path / "project", few)
    train_project(project)
    return project


def kit(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(make_app(), words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout


def test_everything_arrives_released_and_twice_is_once(
    running: RunningHub, small_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("KIT_KEY_PASSPHRASE", "correct horse")
    words = ("publish", "--hub", running.address, "--token", running.tokens["engineer"])
    where = ("-C", str(small_project.root), "--json")
    path = small_project.bundle_path()
    dataset = small_project.dataset()
    code, out = kit(*words, "--dry-run", *where)
    assert code == 0
    assert len(json.loads(out)["missing"]) == len(dataset.items) + 1
    assert not (tmp_path / "config").exists()

    code, out = kit(*words, str(path), *where)
    answer = json.loads(out)
    assert code == 0
    assert answer["bundle"] == open_file(path).id
    assert (answer["release"], answer["signed_now"]) == (1, True)
    assert answer["page"] == f"{running.hub.config.url}/bundles/{answer['bundle']}"
    with HubClient(running.address, running.tokens["viewer"]) as client:
        assert client.has_blob(digest_of(path.read_bytes()))
        assert all(client.has_blob(item.sample.digest) for item in dataset.items)
        assert client.bundle(answer["bundle"])["releases"] == [1]

    _, out = kit(*words, "--dry-run", *where)
    assert json.loads(out)["missing"] == []
    assert json.loads(kit(*words, *where)[1]) == {**answer, "signed_now": False}
    names = sorted(file.name for file in (tmp_path / "config/kitwright/keys").glob("*.pem"))
    assert [name.partition("-")[0] for name in names] == ["root", "targets"]


def test_what_a_training_warned_of_is_said_before_its_bundle_goes(
    running: RunningHub, small_project: Project
) -> None:
    words = ("publish", "--hub", running.address, "--token", running.tokens["engineer"])
    where = ("--dry-run", "-C", str(small_project.root))
    assert "warn" not in kit(*words, *where)[1]
    run = small_project.run_dir()
    warning = Finding("possible-leaks", "warn", "is visit filled in before?", fix="say it")
    record = read_run(run).model_copy(update={"warning": warning})
    (run / "run.json").write_text(record.model_dump_json())
    told = kit(*words, *where)[1]
    assert "warn is visit filled in before?\n     say it\n" in told


def test_a_run_that_was_not_compiled_is_not_taken_for_what_goes(small_project: Project) -> None:
    """After `kit tune` or `kit train` the bundle that was compiled before is still the newest one that is compiled."""
    run = small_project.run_dir()
    assert publish.left_behind(small_project, run / "bundle.kwb") == ""
    compiled = small_project.bundles_dir / f"dots-2-{open_file(run / 'bundle.kwb').id[:12]}.kwb"
    compiled.parent.mkdir(exist_ok=True)
    shutil.copy(run / "bundle.kwb", compiled)
    assert publish.left_behind(small_project, small_project.bundle_path()) == ""
    tuned = shutil.copytree(run, run.with_name("99991231-235959-000-tune-0000"))
    os.utime(tuned / "bundle.kwb")
    assert publish.left_behind(small_project, small_project.bundle_path()) == tuned.name
    os.utime(compiled)  # compiled since, of a run that a person named
    assert publish.left_behind(small_project, small_project.bundle_path()) == ""


def test_wrong_token_says_where_to_get_one(running: RunningHub) -> None:
    with HubClient(running.address, "wrong") as client, pytest.raises(UsageError) as caught:
        client.put_blob(digest_of(b"x"), b"x")
    assert "cloud-sync token add NAME --data DIR" in caught.value.fix


def test_viewer_may_not_publish(running: RunningHub) -> None:
    client = HubClient(running.address, running.tokens["viewer"])
    with client, pytest.raises(UsageError, match="may not do that"):
        client.put_blob(digest_of(b"x"), b"x")


def test_damaged_upload_is_refused_in_the_hubs_words(running: RunningHub) -> None:
    client = HubClient(running.address, running.tokens["engineer"])
    with client, pytest.raises(DataError, match="the hub refuses"):
        client.put_blob(digest_of(b"this"), b"that")


def test_hub_that_does_not_answer_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    client = HubClient(f"http://127.0.0.1:{port}", "t", connect_s=0.2)
    with client, pytest.raises(UnreachableError, match="does not answer"):
        client.has_blob("0" * 64)


def test_address_without_scheme_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no address of a hub"):
        HubClient("hub.example", "t")


def test_plain_http_to_another_machine_is_refused_unless_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(UsageError, match="everyone on the network"):
        HubClient("http://hub.example:8080", "t")
    monkeypatch.setenv(INSECURE_HTTP, "1")
    HubClient("http://hub.example:8080", "t")


def test_a_hub_with_its_own_authority_is_reached_by_fingerprint_and_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    authority = Authority(tmp_path / "pki")
    with TlsServer(authority.server_files([])) as server:
        stranger = HubClient(server.url, "secret")
        with stranger, pytest.raises(UnreachableError, match="could not prove"):
            stranger.has_blob("0" * 64)
        with pytest.raises(UnreachableError, match="nothing was sent"):
            tokens.ca_file(server.url, "0" * 64)
        tokens.ca_file(server.url, authority.fingerprint)
        with HubClient(server.url, "secret", ca=tokens.ca_file(server.url)) as client:
            assert client.has_blob("0" * 64)
        assert server.heard_to_the_end().count(b"secret") == 1


def test_token_is_taken_from_option_environment_then_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv(tokens.TOKEN_VARIABLE, raising=False)
    hub = "https://hub.example"
    with pytest.raises(UsageError, match="no token"):
        tokens.find_token(hub)
    path = tokens.store_token(hub + "/", "from-file")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert tokens.find_token(hub) == "from-file"
    monkeypatch.setenv(tokens.TOKEN_VARIABLE, "from-environment")
    assert tokens.find_token(hub) == "from-environment"
    assert tokens.find_token(hub, "given") == "given"


@pytest.mark.parametrize("given", ["kwt_a\nkwt_b", "kwt_a b", "kwt_ä"])
def test_what_cannot_be_a_token_is_told_and_not_sent(given: str) -> None:
    """Python's HTTP client refuses it as a bug of ours."""
    with pytest.raises(UsageError, match="not a token") as told:
        tokens.find_token("https://hub.example", given)
    assert given not in str(told.value), "it may be two good ones"
    assert tokens.find_token("https://hub.example", "kwt_a\r\n") == "kwt_a"


def test_bundle_of_another_project_is_not_published(own_project: Project) -> None:
    config = own_project.root / "kit.yaml"
    config.write_text(config.read_text().replace("dots-line", "other-line"))
    renamed = Project.open(own_project.root)
    with pytest.raises(DataError, match="belongs to the project 'dots-line'"):
        publish.prepare(renamed, renamed.bundle_path())
