"""A bundle is one repeatable file in which every flipped byte is found."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from pydantic import BaseModel, ConfigDict

from kits.core import bundle
from kits.core.errors import BundleError
from kits.core.sample import digest_of
from tests.core.builders import bundle_bytes
from tests.core.nested_zip import nested


def test_same_content_gives_the_same_bytes():
    assert bundle_bytes() == bundle_bytes()


def test_other_content_gives_another_id():
    assert bundle.bundle_id(bundle_bytes()) != bundle.bundle_id(bundle_bytes(model=b"onnx2"))


def test_a_bundle_reads_back_what_was_packed():
    opened = bundle.open_bytes(bundle_bytes())
    assert opened.manifest.name == "line-1"
    assert opened.artefact("model") == b"onnx"
    assert opened.card == "# line-1"


def test_every_flipped_byte_is_refused():
    content = bundle_bytes()
    for position in range(len(content)):
        broken = bytearray(content)
        broken[position] ^= 0x10
        with pytest.raises(BundleError):
            bundle.open_bytes(bytes(broken))


@pytest.mark.parametrize("length", [0, 1, 50, 500])
def test_a_truncated_bundle_is_refused(length):
    with pytest.raises(BundleError, match=r"cut off|not a bundle"):
        bundle.open_bytes(bundle_bytes()[:length])


def test_appended_bytes_are_refused():
    with pytest.raises(BundleError):
        bundle.open_bytes(bundle_bytes() + b"x")


def test_a_missing_artefact_says_how_to_make_it():
    opened = bundle.open_bytes(bundle_bytes())
    with pytest.raises(BundleError) as error:
        opened.artefact("backbone", "tensorrt")
    assert "kit compile --target tensorrt" in str(error.value)


def test_the_file_name_carries_version_and_id(tmp_path):
    path = bundle.write(bundle_bytes(version=3), tmp_path)
    assert path.name == f"line-1-3-{bundle.open_file(path).id[:12]}.kwb"


@pytest.mark.parametrize("key", ["name", "project"])
@pytest.mark.parametrize("value", ["../../line-1", "a/b", "", ".line", "line 1", "x" * 40])
def test_a_name_that_could_lead_out_of_a_folder_is_refused(key, value):
    opened = bundle.open_bytes(bundle_bytes())
    manifest = opened.manifest.model_copy(update={key: value})  # as another packer could
    content = bundle.pack(manifest, opened.operating_point, opened.golden, opened.files)
    with pytest.raises(BundleError, match=key):
        bundle.open_bytes(content)


def test_a_missing_file_is_a_clear_error(tmp_path):
    with pytest.raises(BundleError, match="no such bundle"):
        bundle.open_file(tmp_path / "absent.kwb")


def test_random_bytes_are_no_bundle():
    noise = np.random.default_rng(0).bytes(4096)
    with pytest.raises(BundleError):
        bundle.open_bytes(noise)


def sealed(body: bytes) -> bytes:
    """Bytes with the mark and the digest of a bundle, whoever packed them."""
    marked = body + b"kitwright-sha256:"
    return marked + digest_of(body).encode()


def zipped(compression: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr("manifest.json", "{}" * 1000)
        archive.comment = b"kitwright-sha256:" + b"0" * 64
    return sealed(buffer.getvalue()[: -len(archive.comment)])


@pytest.mark.parametrize(
    "content",
    [sealed(b"PK" + b"\0" * 500), zipped(zipfile.ZIP_DEFLATED), zipped(zipfile.ZIP_STORED)],
    ids=["no zip", "compressed", "no manifest"],
)
def test_what_another_packer_made_is_a_clear_error(content: bytes) -> None:
    with pytest.raises(BundleError, match="malformed"):
        bundle.open_bytes(content)


def with_key(part: str, key: str, value: object) -> bytes:
    """A whole bundle, of which one part says more."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(bundle_bytes())) as one,
        zipfile.ZipFile(buffer, "w") as other,
    ):
        for name in one.namelist():
            content = one.read(name)
            if name == part:
                content = json.dumps({**json.loads(content), key: value}).encode()
            other.writestr(name, content)
        other.comment = one.comment
    return sealed(buffer.getvalue()[: -len(one.comment)])


def test_a_part_of_a_newer_version_says_which_key_is_not_known_and_what_to_do() -> None:
    for part in ("manifest.json", "operating_point.json", "golden/reference.json"):
        with pytest.raises(BundleError, match=f"{part} has 'season', which this version") as told:
            bundle.open_bytes(with_key(part, "season", {}), where="line.kwb")
        assert "update Kitwright here" in told.value.fix and told.value.where == "line.kwb"


def test_a_part_that_is_wrong_says_where() -> None:
    with pytest.raises(
        BundleError, match=r"manifest\.json is malformed: version: .*integer"
    ) as told:
        bundle.open_bytes(with_key("manifest.json", "version", "first"))
    assert told.value.fix == ""


def test_a_newer_format_is_told_from_a_malformed_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BundleError, match="format 2 is newer") as told:
        monkeypatch.setattr(bundle, "BundleManifest", None)  # whatever it may look like then
        bundle.open_bytes(with_key("manifest.json", "format", 2))
    assert "update Kitwright here" in told.value.fix


def test_files_that_hold_each_other_are_refused_unread() -> None:
    comment = len(b"kitwright-sha256:") + 64
    content = sealed(nested([f"f{n}" for n in range(50)], b"x" * 1000, comment=comment))
    with pytest.raises(BundleError, match="within each other"):
        bundle.open_bytes(content)


def test_a_file_that_cannot_be_read_is_a_clear_error(tmp_path):
    path = tmp_path / "loop.kwb"
    path.symlink_to(path)
    with pytest.raises(BundleError, match="cannot be read"):
        bundle.open_file(path)


class _Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    size: int = 1


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid")

    inner: _Inner = _Inner()


def test_a_config_of_a_newer_version_says_which_key_is_not_known_and_what_to_do():
    opened = bundle.open_bytes(bundle_bytes())
    manifest = opened.manifest.model_copy(update={"config": {"inner": {"size": 2, "season": {}}}})
    with pytest.raises(BundleError, match=r"'inner\.season', which this version") as told:
        replace(opened, manifest=manifest).config_as(_Config)
    assert "update Kitwright here" in told.value.fix


def test_a_config_that_is_wrong_says_where():
    opened = bundle.open_bytes(bundle_bytes())
    manifest = opened.manifest.model_copy(update={"config": {"inner": {"size": "large"}}})
    with pytest.raises(BundleError, match=r"malformed: inner\.size: .*integer"):
        replace(opened, manifest=manifest).config_as(_Config)
