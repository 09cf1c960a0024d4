"""A secret is looked at as it is given, not when the first message cannot be signed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cloud_sync.cli import make_app
from cloud_sync.config import dump
from cloud_sync.crm.connection.secrets import read_secrets
from kits.core.errors import ConfigError
from tests.cloud_sync.crm.builders import HUB, write_private
from tests.cloud_sync.fleet_builders import make_hub

WHSEC = "whsec_" + "QUFB" * 8


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "hub"
    with make_hub(folder, public_url=HUB) as hub:
        (folder / "hub.yaml").write_text(dump(hub.config))
    return folder


def run(data: Path, *words: str, refused: bool = False) -> Result:
    found = CliRunner().invoke(make_app(), ["crm", *words, "--data", str(data)])
    assert isinstance(found.exception, ConfigError) if refused else not found.exit_code, found
    return found


def test_a_secret_of_another_form_than_is_signed_with_is_not_taken(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secrets.json"
    own = ("--kind", "webhook", "--url", "https://leads.example", "--secrets-file", str(file))
    for wrong in ('{"api": {"secret": "s3cr3t"}}', f'{{"webhook": ["s3cr3t"], "api": {{"secret": "{WHSEC}"}}}}'):  # fmt: skip
        write_private(file, wrong)
        said = run(data, "add", "own", *own, refused=True)
        assert "openssl rand -base64 32" in str(said.exception)
        assert "s3cr3t" not in str(said.exception)
    assert json.loads(run(data, "list", "--json").stdout) == []
    write_private(file, f'{{"api": {{"secret": "{WHSEC}"}}}}')
    run(data, "add", "own", *own)
    before = read_secrets(data / "keys", "own")
    monkeypatch.setenv("KITWRIGHT_CRM_OWN_WEBHOOK", "s3cr3t")
    monkeypatch.setenv("KITWRIGHT_CRM_OWN_SECRET", "s3cr3t")
    run(data, "secret", "own", refused=True)
    run(data, "secret", "own", "--api", "secret", refused=True)
    write_private(file, '{"api": {"secret": "s3cr3t"}}')
    run(
        data, "set", "own", "--url", "https://us.example", "--secrets-file", str(file), refused=True
    )
    assert read_secrets(data / "keys", "own") == before
    # whoever signs otherwise may have any text
    run(data, "set", "own", "scheme=stripe")
    run(data, "secret", "own")
    assert read_secrets(data / "keys", "own").webhook[0] == "s3cr3t"
