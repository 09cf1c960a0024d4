"""What a person is told to do about a CRM that is not reached: its keys are not blamed for a network or a bad day."""

from __future__ import annotations

import socket
import ssl

import pytest

from cloud_sync.crm.base import Access
from cloud_sync.crm.kinds import open_crm
from cloud_sync.crm.remedies import LATER
from cloud_sync.crm.settings import CrmSettings
from cloud_sync.crm.simulator import VENDORS, Simulator, serve
from cloud_sync.effects.checks import Check
from cloud_sync.effects.no_answer import no_answer

KINDS = sorted(VENDORS)


def checked(simulator: Simulator, url: str) -> list[Check]:
    settings = CrmSettings.model_validate(simulator.connection(url))
    return open_crm(Access("sales", settings, simulator.secrets.api)).check()


@pytest.mark.parametrize("kind", KINDS)
def test_a_crm_that_is_down_is_not_told_to_have_wrong_keys(kind: str) -> None:
    simulator = Simulator(kind)
    with serve(simulator) as url:
        simulator.troubles.lasting = "503"
        down = [one.fix for one in checked(simulator, url) if not one.ok]
        assert down and set(down) == {LATER}
    gone = [one for one in checked(simulator, url) if not one.ok]
    assert gone and all("this machine reaches it" in one.fix for one in gone)
    assert any("nothing listens there (ConnectionRefusedError)" in one.found for one in gone)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (socket.gaierror(-2, "x"), "no answer: no such name is known (gaierror)"),
        (ssl.SSLCertVerificationError(), "no answer: its certificate is not believed (SSLCertVerificationError)"),
        (ssl.SSLError(), "no answer: it does not speak TLS as this machine does (SSLError)"),
        (BrokenPipeError(), "no answer: BrokenPipeError"),
    ],
)  # fmt: skip
def test_why_nobody_answered_is_said_in_words_where_there_are_some(
    error: Exception, said: str
) -> None:
    assert no_answer(error) == said
