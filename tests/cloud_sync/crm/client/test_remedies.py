"""What a person is told to do about a CRM that is not reached: its keys are not blamed for a network or a bad day."""

from __future__ import annotations

import json
import socket
import ssl
from datetime import timedelta

import pytest

from cloud_sync.crm.client.remedies import LATER
from cloud_sync.crm.client.window import Window
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds.base import Access, Crm
from cloud_sync.crm.kinds.table import open_crm
from cloud_sync.crm.outbound.refusals import in_words, refusal_of
from cloud_sync.crm.simulator import VENDORS, Simulator, serve
from cloud_sync.effects.checks import Check
from cloud_sync.effects.no_answer import no_answer
from cloud_sync.effects.targets import DeliveryError
from kits.core.sample import utc_now
from tests.cloud_sync.crm.servers import score

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


HUBSPOT = (
    'Property values were not valid: [{"isValid":false,"message":"Property \\"kitwright_score\\" does not exist",'
    '"error":"PROPERTY_DOESNT_EXIST","name":"kitwright_score","localizedErrorMessage":"Property \\"kitwright_score\\" does not exist",'
    '"portalId":12}]'
)


@pytest.mark.parametrize(
    ("fault", "why", "remedy"),
    [
        (f"write: answered with HTTP 400: {HUBSPOT}", 'its score is not written: Property values were not valid: Property "kitwright_score" does not exist', "crm fields sales"),
        (f"write: answered with HTTP 400: {HUBSPOT.partition('itwright')[0]}", 'its score is not written: Property values were not valid: Property "k…', ""),
        ('write: Property values were not valid: [{"message":"hot was not one of the allowed options: [label: \\"Low\\"\\nvalue: \\"low\\"]","error":"INVALID_OPTION"}]', 'its score is not written: Property values were not valid: hot was not one of the allowed options: [label: "Low" value: "low"]', "choices hot, warm and cold"),
        ("write: INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: bad value for restricted picklist field: hot", "its score is not written: INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: bad value for restricted picklist field: hot", "choices hot"),
        ("write: FIELD_CUSTOM_VALIDATION_EXCEPTION: Fill in the budget first", "its score is not written: FIELD_CUSTOM_VALIDATION_EXCEPTION: Fill in the budget first", "a rule of the CRM's own"),
        ("write: DUPLICATES_DETECTED: Use one of these records?", "its score is not written: DUPLICATES_DETECTED: Use one of these records?", "rule against duplicates"),
        ("write: closedate is a required property when dealstage is closedwon", "its score is not written: closedate is a required property when dealstage is closedwon", "a rule of the CRM's own"),
        ("write: answered with HTTP 422: Invalid field 'x_score' on model 'crm.lead'", "its score is not written: Invalid field 'x_score' on model 'crm.lead'", "crm fields sales"),
        ("write: the field 'Kitwright score' is missing", "its score is not written: the field 'Kitwright score' is missing", "crm fields sales"),
        ("write: ", "its score is not written: the CRM does not say why", ""),
        ("read: answered with HTTP 502", "it cannot be read: the CRM answered with HTTP 502", ""),
    ],
)  # fmt: skip
def test_a_refusal_is_told_by_the_crms_own_sentences_and_with_what_to_do(
    fault: str, why: str, remedy: str
) -> None:
    found = refusal_of(fault, "sales")
    assert found is not None and found.why == why
    assert remedy in found.remedy and bool(remedy) == bool(found.remedy)
    assert fault.endswith(found.raw)


def test_only_what_a_crm_refused_is_put_in_other_words() -> None:
    said = 'size is not a number: [{"message":"x"}] (fields.size)'
    assert refusal_of(said, "sales") is None and refusal_of("", "sales") is None
    assert in_words("no JSON [here]") == "no JSON [here]"
    assert in_words('{"status":"error"}') == "", "data without a sentence"
    within = json.dumps({"status": "error", "message": HUBSPOT})
    assert in_words(within) == in_words(HUBSPOT), "data within the sentence of other data"


@pytest.mark.parametrize("kind", sorted({*KINDS} - {"standard", "webhook"}))
def test_a_yes_without_the_crms_own_word_counts_for_nothing(kind: str) -> None:
    """Something between answered: no score is there, no lead is gone, no change was told, and no field is missing."""
    simulator = Simulator(kind)
    [lead] = [one.object_id for one in simulator.make(1, quiet=True)]
    with serve(simulator) as url:
        settings = CrmSettings.model_validate(simulator.connection(url))
        warm, fresh = (open_crm(Access("sales", settings, simulator.secrets.api)) for _ in range(2))
        writes = (
            kind != "salesforce"
        )  # whose fields take seconds to be made, and which names each record
        assert not writes or all(check.ok for check in warm.make_fields())
        [record] = warm.read([lead])
        assert record.fields and (taken(warm, lead) or not writes)
        then = utc_now() - timedelta(hours=1)
        asks = [warm.read, fresh.read, lambda _ids: warm.listed("", None)]
        if warm.polls:
            asks.append(lambda _ids: warm.changed_since(Window(then, then).text()))
        for trouble in ("empty", "hollow"):
            simulator.troubles.lasting = trouble
            for ask in asks:
                with pytest.raises(DeliveryError) as error:
                    ask([lead])
                assert error.value.retry
            if (kind, trouble) != ("dynamics", "hollow"):  # it says nothing of an update
                assert not taken(warm, lead)
        simulator.troubles.lasting = "ok"
        [again] = fresh.read([lead])
        assert (taken(warm, lead) or not writes) and again.fields.keys() == record.fields.keys()


def taken(crm: Crm, lead: str) -> bool:
    try:
        return crm.write([score(lead)])[0].ok
    except DeliveryError as error:
        assert error.retry
        return False
