"""What tests of the release engineer's tools do again and again: bring, release, look, call verbs."""

from __future__ import annotations

from typer.testing import CliRunner

from kits.cli import make_app
from kits.core import bundle as formats
from kits.core.errors import KitwrightError
from kits.core.hub_api import PublishRequest
from kits.core.sample import digest_of
from kits.toolchain.releasing.releases import Signed, all_releases, sign_release
from kits.toolchain.releasing.roots import Desk
from tests.cloud_sync.fleet_builders import make_bundle


def bring(desk: Desk, version: int) -> bytes:
    """A bundle whose bytes the hub has."""
    content = make_bundle(version=version)
    desk.client.put_blob(digest_of(content), content)
    request = PublishRequest(bundle=formats.bundle_id(content), blob=digest_of(content))
    desk.client.publish(request)
    return content


def release(desk: Desk, version: int) -> Signed:
    return sign_release(desk, bring(desk, version))


def numbers(desk: Desk) -> list[tuple[int, int]]:
    """(release, version of its bundle) of everything in force, as this desk verifies it."""
    return [(one.release, one.version) for one in all_releases(desk.trusted.refresh().targets)]


def kit(*words: str) -> tuple[int, str]:
    """Exit code and standard output of a command, as the program would end."""
    done = CliRunner().invoke(make_app(), words)
    if isinstance(done.exception, KitwrightError):
        return done.exception.exit_code, str(done.exception)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout


def served(desk: Desk, name: str) -> bytes:
    content = desk.client.metadata(name, 5_000_000)
    assert content is not None
    return content
