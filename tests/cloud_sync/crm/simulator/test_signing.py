"""The pretended CRM signs as vendors publish it."""

from __future__ import annotations

import pytest

from cloud_sync.crm.simulator.signing import SIGNERS, ToSign

HUBSPOT = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
URL = "https://www.example.com/webhook_uri"


def sign(scheme: str, body: bytes, secret: str = HUBSPOT, **more: object) -> dict[str, str]:
    fields = {"url": URL, "now": 1_693_657_560.0, "message_id": "", "secrets": (secret,), **more}
    return SIGNERS[scheme](ToSign(body=body, **fields))


def test_hubspots_published_vector_of_version_3() -> None:
    headers = sign("hubspot-v3", b"{'example_field':'example_value'}")
    assert headers == {
        "X-HubSpot-Signature-v3": "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y=",
        "X-HubSpot-Request-Timestamp": "1693657560000",
    }


@pytest.mark.parametrize(
    ("method", "body", "wanted"),
    [
        ("POST", b'{"example_field":"example_value"}', "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900"),
        ("GET", b"", "eee2dddcc73c94d699f5e395f4b9d454a069a6855fbfa152e91e88823087200e"),
    ],
)  # fmt: skip
def test_hubspots_published_vectors_of_version_2(method: str, body: bytes, wanted: str) -> None:
    headers = sign("hubspot-v2", body, method=method)
    assert headers["X-HubSpot-Signature"] == wanted


def test_hubspot_decodes_its_escapes_before_it_signs_an_address_but_no_others() -> None:
    plain = sign("hubspot-v3", b"[]", url="https://h.example/a?next=/b:c&d=%20")
    escaped = sign("hubspot-v3", b"[]", url="https://h.example/a?next=%2Fb%3Ac&d=%20")
    other = sign("hubspot-v3", b"[]", url="https://h.example/a?next=/b:c&d= ")
    assert plain == escaped != other


def test_the_published_vector_of_standard_webhooks_and_two_secrets_in_one_header() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    more = {"now": 1_614_265_330.0, "message_id": "msg_p5jXN8AQM9LWM0D4loKWxJek"}
    body = b'{"test": 2432232314}'
    wanted = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert sign("standard", body, secret, **more)["webhook-signature"] == wanted
    both = sign("standard", body, secrets=("whsec_c2hvcnQ=", secret), **more)["webhook-signature"]
    assert len(both.split()) == 2 and both.endswith(wanted)
