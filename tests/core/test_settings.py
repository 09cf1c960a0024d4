"""What a wrong configuration file says: the same words for all three programs."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cloud_sync import config as hub
from edge_agent.config import load_config
from kits.core import settings
from kits.core.errors import ConfigError
from kits.core.settings import parse_yaml, read_settings
from kits.toolchain.project_config import ProjectConfig

SOURCE = "source: {kind: folder, path: x}\n"
KIT = "kit: visual-inspection\nname: line-1\n"


def said(tmp_path: Path, file: str, text: str) -> ConfigError:
    path = tmp_path / file
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        if file == "agent.yaml":
            load_config(path)
        elif file == "hub.yaml":
            hub.load(tmp_path)
        else:
            read_settings(path, ProjectConfig)
    return caught.value


@pytest.mark.parametrize(
    ("file", "text", "line", "what", "fix"),
    [
        ("agent.yaml", "log_level: info\nsource: {kind: foldr, path: x}", 2,
         "source: there is no kind 'foldr', only 'folder', 'hot-folder', 'camera'",
         "did you mean 'folder'?"),
        ("agent.yaml", "source: {path: x}", 1, "source: lacks the key kind", ""),
        ("agent.yaml", "", None, "source: is missing", "where samples come from"),
        ("agent.yaml", SOURCE + "sync:\n  blobs_between: evening", 3,
         "sync.blobs_between: must be HH:MM-HH:MM", "hours of local time"),
        ("agent.yaml", SOURCE + "sync: 7", 2, "sync: must hold keys and values", "travel"),
        ("agent.yaml", SOURCE + "safe_side: maybe", 2,
         "safe_side: must be 'act', 'pass' or 'review'", "no decision came in time"),
        ("agent.yaml", SOURCE + "actions:\n- {kind: http, name: a, url: x}", 3,
         "actions.0.url: must be an address that begins with http:// or https://", "call"),
        ("agent.yaml", SOURCE + "- x", 2, "not valid YAML", ""),
        ("agent.yaml", "- x", None, "must hold keys and values", ""),
        ("hub.yaml", "site_name: x\nlisen: {port: 1}", 2, "unknown key 'lisen'",
         "did you mean 'listen'?"),
        ("hub.yaml", "listen:\n  port: many\n", 2, "listen.port: must be a whole number",
         "TCP port"),
        ("hub.yaml", "listen: {tls: perhaps}", 1, "listen.tls: must be true or false, or 'auto'",
         "HTTPS"),
        ("hub.yaml", "public_url: hub", 1, "public_url: must be an address as people open it",
         "reach the hub"),
        ("hub.yaml", "database_url: foo", 1, "database_url: must be postgresql+psycopg://", ""),
        ("kit.yaml", "kit: visual-inspection\nname: My Line", 2,
         "name: must be 1 to 32 of a-z, 0-9 and '-'", "names the bundles"),
        ("kit.yaml", KIT + "costs: {escape: -1}", 3, "costs.escape: must be 0 or more", ""),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_in_plain_words_with_its_line(
    tmp_path: Path, file: str, text: str, line: int | None, what: str, fix: str
) -> None:
    error = said(tmp_path, file, text)
    assert what in error.what
    assert fix in error.fix
    assert error.where.startswith(str(tmp_path / file))
    if line is not None:
        assert f", line {line}" in error.where
    for word in ("Input", "pattern", "validation", "instance of", "dictionary"):
        assert word not in str(error)


def test_a_misspelt_key_comes_first_and_all_others_follow(tmp_path: Path) -> None:
    error = said(tmp_path, "agent.yaml", "sorce: {}\nlog_level: loud\n")
    first, *others = error.what.splitlines()
    assert first == "unknown key 'sorce'"
    assert error.fix == "did you mean 'source'?"
    assert [line.split(":")[1].strip() for line in others] == ["source", "log_level"]
    assert error.where.endswith("line 1")


LAUGHS = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
"""Ten lines that stand for 10⁹ values."""
MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 30)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1", "not valid YAML"),
        ("a: 2026-02-30", "day .*range"),
        ("a: " + "[" * 100_000 + "]" * 100_000, "not valid YAML"),
        (LAUGHS, "more than 100,000 values"),
        (MERGES, "more than 100,000 values"),
        ("a: &a [*a]", "a part of itself"),
        ("a: " + ":".join(["9"] * 100_000), "a number of more than 400 characters"),
        ("a: !!python/object/apply:os.system ['true']", "could not determine a constructor"),
    ],
)
@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_what_is_no_yaml_is_told_whichever_loader_reads_it(
    monkeypatch: pytest.MonkeyPatch, loader: str, text: str, said: str
) -> None:
    monkeypatch.setattr(settings, "_LOADER", getattr(yaml, loader))
    with pytest.raises(ConfigError, match=said):
        parse_yaml(text, "agent.yaml")


def test_a_key_that_stands_twice_is_told_with_both_lines(tmp_path: Path) -> None:
    """The first one was lost without a word: who is not to be scored, for example."""
    text = (
        KIT + "model:\n  columns:\n    opt_out: [no_mail]\n  trees: {}\n  columns: {exclude: [x]}\n"
    )
    error = said(tmp_path, "kit.yaml", text)
    assert error.what.startswith("'model.columns' stands twice, in lines 4 and 7")
    assert error.where.endswith("kit.yaml, line 7")
    error = said(tmp_path, "hub.yaml", "listen: {port: 1, port: 2}")
    assert "'listen.port' stands twice" in error.what


def test_what_only_looks_alike_does_not_stand_twice() -> None:
    text = (
        "a: {x: 1}\nb: {x: 1}\nc: [{x: 1}, {x: 2}]\n1: one\n'1': text\nd: {<<: {y: 1}, <<: {z: 2}}"
    )
    assert len(parse_yaml(text, "x.yaml")) == 6


def test_what_stands_in_several_places_is_read_in_each() -> None:
    text = "a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 1:30}\n"
    assert parse_yaml(text, "kit.yaml") == {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1, "y": 90}}
