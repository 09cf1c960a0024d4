"""Verifying messages of CRMs: the vendors' own examples, and all that must not pass."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cloud_sync.crm.connection.adding import OPTIONS
from cloud_sync.crm.connection.settings import KINDS, CrmSettings
from cloud_sync.crm.inbound.schemes.described import Shown, Signed
from cloud_sync.crm.inbound.schemes.table import OWN, SCHEMES, scheme_of
from cloud_sync.crm.inbound.schemes.verifying import REASONS, UnverifiedError, Verified, verify
from cloud_sync.crm.kinds.base import Request
from cloud_sync.crm.kinds.webhook.events import PLACES
from kits.core.errors import ConfigError
from tests.cloud_sync.crm.builders import NOW, TEXT_SECRET, WAYS, WHSEC, signed

HUBSPOT_URL = "https://www.example.com/webhook_uri"
STANDARD = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
STANDARD_BODY = b'{"test": 2432232314}'
STANDARD_AT = 1614265330.0
Options = Mapping[str, str]
NONE: Options = {}
TIMED = ("hubspot-v3", "standard", "stripe", "twenty")


def tried(
    scheme: str, made: Request, secrets: tuple[str, ...], now: float = NOW, options: Options = NONE
) -> Verified:
    return verify(scheme_of(scheme, options), made, secrets, now, options)


def refused(
    scheme: str, made: Request, secrets: tuple[str, ...], now: float = NOW, options: Options = NONE
) -> str:
    """The reason."""
    with pytest.raises(UnverifiedError) as told:
        tried(scheme, made, secrets, now, options)
    return told.value.reason


# published by the vendors


def test_hubspots_example_of_v1_is_known() -> None:
    body = (
        b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,"subscriptionType":'
        b'"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM","changeFlag":"NEW","appId":54321}]'
    )
    signature = "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de"
    made = Request("POST", HUBSPOT_URL, {"x-hubspot-signature": signature}, body)
    assert tried("hubspot-v1", made, (TEXT_SECRET,)).at is None


@pytest.mark.parametrize(
    ("method", "body", "signature"),
    [
        ("GET", b"", "eee2dddcc73c94d699f5e395f4b9d454a069a6855fbfa152e91e88823087200e"),
        ("POST", b'{"example_field":"example_value"}',
         "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900"),
    ],
)  # fmt: skip
def test_hubspots_examples_of_v2_are_known(method: str, body: bytes, signature: str) -> None:
    made = Request(method, HUBSPOT_URL, {"x-hubspot-signature": signature}, body)
    assert tried("hubspot-v2", made, (TEXT_SECRET,)).digest
    assert refused("hubspot-v1", made, (TEXT_SECRET,)) == "signature"


def test_hubspots_example_of_v3_is_known() -> None:
    headers = {
        "x-hubspot-signature-v3": "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y=",
        "x-hubspot-request-timestamp": "1693657560000",
    }
    made = Request("POST", HUBSPOT_URL, headers, b"{'example_field':'example_value'}")
    found = tried("hubspot-v3", made, (TEXT_SECRET,), 1693657560.0)
    assert found.at is not None
    assert found.at.timestamp() == 1693657560.0


def test_the_example_of_standard_webhooks_is_known() -> None:
    made = Request("POST", "https://x", STANDARD, STANDARD_BODY)
    found = tried("standard", made, (WHSEC,), STANDARD_AT)
    assert found.message_id == "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_the_example_of_standard_webhooks_with_a_public_key_is_known() -> None:
    seed = base64.b64decode("VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=")
    public = (
        Ed25519PrivateKey.from_private_bytes(seed)
        .public_key()
        .public_bytes(Encoding.Raw, PublicFormat.Raw)
    )
    secret = "whpk_" + base64.b64encode(public).decode()
    signature = "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
    made = Request(
        "POST", "https://x", {**STANDARD, "webhook-signature": f"v1,AAAA {signature}"}, STANDARD_BODY
    )  # fmt: skip
    assert tried("standard", made, (secret,), STANDARD_AT).message_id
    changed = replace(made, body=STANDARD_BODY + b" ")
    assert refused("standard", changed, (secret,), STANDARD_AT) == "signature"
    # a secret of the one kind never makes a signature of the other right
    assert refused("standard", made, (WHSEC,), STANDARD_AT) == "signature"
    assert refused("standard", made, ("whpk_AAAA",), STANDARD_AT) == "signature"


def test_githubs_example_is_known() -> None:
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    made = Request("POST", "https://x", {"x-hub-signature-256": signature}, b"Hello, World!")
    assert tried("github", made, ("It's a Secret to Everybody",)).digest


# what passes


@pytest.mark.parametrize("scheme", list(SCHEMES))
def test_a_message_of_each_scheme_passes_with_either_of_two_secrets(scheme: str) -> None:
    secret = WAYS[scheme].secret
    other = "whsec_" + "QUFB" * 8
    for secrets in ((secret,), (other, secret), (secret, other)):
        assert tried(scheme, signed(scheme), secrets).digest
    assert refused(scheme, signed(scheme), (other,)) == "signature"


@pytest.mark.parametrize("form", ["raw", "decoded"])
def test_hubspot_may_sign_the_address_as_it_is_or_decoded(form: str) -> None:
    raw = "https://hub.example/v1/crm/crm?back=https%3A%2F%2Fx%2Cy%3Bz&at=a%40b%21&kept=%20%25&low=%3a"
    decoded = "https://hub.example/v1/crm/crm?back=https://x,y;z&at=a@b!&kept=%20%25&low=:"
    signed = raw if form == "raw" else decoded
    headers = WAYS["hubspot-v3"].headers(TEXT_SECRET, "POST", signed, b"[]", NOW)
    assert tried("hubspot-v3", Request("POST", raw, headers, b"[]"), (TEXT_SECRET,)).digest
    other = signed.replace("kept", "left")
    headers = WAYS["hubspot-v3"].headers(TEXT_SECRET, "POST", other, b"[]", NOW)
    made = Request("POST", raw, headers, b"[]")
    assert refused("hubspot-v3", made, (TEXT_SECRET,)) == "signature"


@pytest.mark.parametrize("scheme", TIMED)
@pytest.mark.parametrize(
    ("age_s", "passes"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)]
)
def test_five_minutes_are_taken_on_both_sides(scheme: str, age_s: float, passes: bool) -> None:
    made, secrets = signed(scheme, at=NOW - age_s), (WAYS[scheme].secret,)
    if passes:
        assert tried(scheme, made, secrets).at is not None
    else:
        assert refused(scheme, made, secrets) == "time"


# what does not


@pytest.mark.parametrize(
    ("scheme", "header"),
    [("hubspot-v3", "x-hubspot-request-timestamp"), ("standard", "webhook-timestamp"),
     ("twenty", "x-twenty-webhook-timestamp")],
)  # fmt: skip
def test_a_time_in_another_unit_or_form_is_never_taken(scheme: str, header: str) -> None:
    """Signed rightly, all of them: only the time is wrong."""
    seconds, ms = str(int(NOW)), str(int(NOW * 1000))
    wrong = seconds if scheme != "standard" else ms
    stamps = [
        wrong,
        f"{seconds}.0",
        f"{ms}.0",
        f" {ms}",
        f"+{ms}",
        f"{ms}\n",
        "",
        "1e12",
        "９" * 13,
        "9" * 400,
    ]
    for stamp in stamps:
        for secret in (WAYS[scheme].secret,):
            made = _signed_with(scheme, secret, stamp)
            assert made.headers[header] == stamp
            assert refused(scheme, made, (secret,)) == "unit", stamp


def _signed_with(scheme: str, secret: str, stamp: str) -> Request:
    import hashlib
    import hmac

    body = b"[]"
    text, key = {
        "hubspot-v3": (b"POSThttps://x" + body + stamp.encode(), secret.encode()),
        "standard": (f"m1.{stamp}.".encode() + body, base64.b64decode(secret[6:] if secret.startswith("whsec_") else b"")),
        "twenty": (f"{stamp}:".encode() + body, secret.encode()),
    }[scheme]  # fmt: skip
    digest = hmac.new(key, text, hashlib.sha256).digest()
    encoded = base64.b64encode(digest).decode()
    headers = {
        "hubspot-v3": {"x-hubspot-signature-v3": encoded, "x-hubspot-request-timestamp": stamp},
        "standard": {"webhook-id": "m1", "webhook-timestamp": stamp, "webhook-signature": f"v1,{encoded}"},
        "twenty": {"x-twenty-webhook-signature": digest.hex(), "x-twenty-webhook-timestamp": stamp},
    }[scheme]  # fmt: skip
    return Request("POST", "https://x", headers, body)


@pytest.mark.parametrize("scheme", list(SCHEMES))
def test_without_a_secret_nothing_passes(scheme: str) -> None:
    assert refused(scheme, signed(scheme), ()) == "no-secret"
    # an empty one is none: the digest of nothing can be made by anybody
    assert refused(scheme, signed(scheme), ("",)) == "signature"


@pytest.mark.parametrize("scheme", [s for s in SCHEMES if SCHEMES[s].way == "signed"])
def test_a_changed_body_does_not_pass(scheme: str) -> None:
    made = signed(scheme)
    for body in (made.body + b" ", made.body[:-1], b"", made.body.replace(b"7", b"8")):
        assert refused(scheme, replace(made, body=body), (WAYS[scheme].secret,)) == "signature"


@pytest.mark.parametrize("scheme", ["hubspot-v3", "hubspot-v2"])
def test_another_address_or_method_does_not_pass(scheme: str) -> None:
    made = signed(scheme)
    for other in (
        replace(made, url=made.url + "?x=1"), replace(made, url=made.url.replace("hub.", "hob.")),
        replace(made, method="PUT"), replace(made, url=made.url.replace("https", "http")),
    ):  # fmt: skip
        assert refused(scheme, other, (TEXT_SECRET,)) == "signature"


@pytest.mark.parametrize(
    "signature",
    [
        "abc", "v1,a,b", "v1,YQ", "v1,é", "v1,", "v1", "", " ", "v1,\x00", "v1a,AAAA", "v1," + "A" * 5000,
        "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE", " ".join(["v1,AAAA"] * 11),
        "v1,g0hM9SsE+OTPJTGt\n/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ],
)  # fmt: skip
def test_signatures_that_break_others_are_refused(signature: str) -> None:
    made = Request("POST", "https://x", {**STANDARD, "webhook-signature": signature}, STANDARD_BODY)
    assert refused("standard", made, (WHSEC,), STANDARD_AT) == "signature"
    body = replace(made, body=b"\xff\xfe")
    assert refused("standard", body, (WHSEC,), STANDARD_AT) == "signature"


@pytest.mark.parametrize("secret", ["whsec_YWJj", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_é", "whsec_" + "QUFB" * 22])  # fmt: skip
def test_a_secret_that_is_none_makes_nothing_right(secret: str) -> None:
    made = Request("POST", "https://x", STANDARD, STANDARD_BODY)
    assert refused("standard", made, (secret,), STANDARD_AT) == "signature"


@pytest.mark.parametrize("name", ["", "a\x00", "i" * 300])
def test_an_id_that_cannot_be_kept_is_refused(name: str) -> None:
    import hashlib
    import hmac

    text = f"{name}.{int(NOW)}.".encode() + b"{}"
    signed = hmac.new(base64.b64decode(WHSEC[6:]), text, hashlib.sha256).digest()
    headers = {
        "webhook-id": name, "webhook-timestamp": str(int(NOW)),
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
    }  # fmt: skip
    assert refused("standard", Request("POST", "https://x", headers, b"{}"), (WHSEC,)) == "id"


def test_of_two_times_in_stripes_header_none_is_believed() -> None:
    made = signed("stripe")
    header = f"t={int(NOW) + 1}," + made.headers["stripe-signature"]
    two = replace(made, headers={"stripe-signature": header})
    assert refused("stripe", two, (WAYS["stripe"].secret,)) in ("signature", "time")


def test_a_secret_shown_twice_or_with_more_in_the_query_is_none() -> None:
    made = signed("dataverse")
    for more in ("&code=other", "\t", "%20"):
        other = replace(made, url=made.url + more)
        assert refused("dataverse", other, (WAYS["dataverse"].secret,)) == "signature"


# demanded besides


@pytest.mark.parametrize(
    ("peer", "passes"),
    [("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("2001:db8::7", True), ("10.2.0.1", False),
     ("", False), ("not an address", False)],
)  # fmt: skip
def test_networks_are_demanded_besides_the_secret(peer: str, passes: bool) -> None:
    made = replace(signed("odoo"), peer=peer)
    secrets, networks = (WAYS["odoo"].secret,), "10.1.0.0/16, 2001:db8::/32"
    if passes:
        assert tried("odoo", made, secrets, options={"networks": networks}).digest
        assert (
            refused("odoo", replace(made, tail="x"), secrets, options={"networks": networks})
            == "signature"
        )
    else:
        assert refused("odoo", made, secrets, options={"networks": networks}) == "network"


def test_salesforce_may_be_known_by_its_networks_alone() -> None:
    made = replace(signed("salesforce-outbound"), tail="", peer="13.108.0.9")
    assert tried("salesforce-outbound", made, (), options={"networks": "13.108.0.0/14"}).digest
    assert refused("salesforce-outbound", made, ()) == "no-secret"
    assert refused("salesforce-outbound", made, (), options={"networks": "10.0.0.0/8"}) == "network"
    assert refused("odoo", made, (), options={"networks": "13.108.0.0/14"}) == "no-secret"


def test_what_a_proxy_says_of_a_certificate_is_demanded_word_by_word() -> None:
    options = {"proxy_header": "X-Client-DN", "proxy_value": "CN=proxy.salesforce.com"}
    secrets = (WAYS["salesforce-outbound"].secret,)
    right = signed("salesforce-outbound", headers={"x-client-dn": "CN=proxy.salesforce.com"})
    assert tried("salesforce-outbound", right, secrets, options=options).digest
    for value in ("", "CN=proxy.salesforce.com, CN=x", "cn=proxy.salesforce.com", "é"):
        wrong = signed("salesforce-outbound", headers={"x-client-dn": value})
        assert refused("salesforce-outbound", wrong, secrets, options=options) == "proxy"
    nothing = {"proxy_header": "X-Client-DN"}
    assert refused("salesforce-outbound", right, secrets, options=nothing) == "proxy"


# schemes of one's own


def test_a_scheme_of_ones_own_is_a_few_options() -> None:
    options = {
        "scheme.like": "stripe", "scheme.header": "x-acme-signature", "scheme.prefix": "s",
        "scheme.unit": "ms", "scheme.timestamp": "when",
    }  # fmt: skip
    import hashlib
    import hmac

    stamp = str(int(NOW * 1000))
    signed = hmac.new(b"acme", f"{stamp}.".encode() + b"{}", hashlib.sha256).hexdigest()
    made = Request("POST", "https://x", {"x-acme-signature": f"when={stamp}, s={signed}"}, b"{}")
    assert tried(OWN, made, ("acme",), options=options).digest
    assert refused(OWN, made, ("acmE",), options=options) == "signature"
    shown = {"scheme.way": "shown", "scheme.place": "header", "scheme.name": "x-token"}
    assert tried(
        OWN, Request("POST", "https://x", {"x-token": "acme"}, b"{}"), ("acme",), options=shown
    ).digest


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "header"),
        ({"scheme.header": "X-Sig"}, "small letters"),
        ({"scheme.header": "x-sig", "scheme.signed": "{id}{body}"}, "go together"),
        ({"scheme.header": "x-sig", "scheme.signed": "{bodi}"}, "is no part"),
        ({"scheme.header": "x-sig", "scheme.signed": "{timestamp}", "scheme.timestamp": "x-t"}, "must sign"),
        ({"scheme.header": "x-sig", "scheme.keyed": "false"}, "{secret}"),
        ({"scheme.header": "x-sig", "scheme.signed": "{secret}{body}"}, "{secret}"),
        ({"scheme.header": "x-sig", "scheme.timestamp": "x-t"}, "go together"),
        ({"scheme.heder": "x-sig", "scheme.like": "github"}, "heder"),
        ({"scheme.like": "hubspot"}, "did you mean 'hubspot-v"),
        ({"scheme.way": "shown", "scheme.place": "header"}, "name"),
        ({"scheme.way": "seen"}, "way"),
    ],
)  # fmt: skip
def test_options_that_describe_no_scheme_are_told_with_their_place(
    options: dict[str, str], told: str
) -> None:
    with pytest.raises(ConfigError) as error:
        scheme_of(OWN, options)
    assert told in str(error.value)


def test_a_misspelt_scheme_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'pipedrive'"):
        scheme_of("pipedriv", {})


def test_every_scheme_kind_setting_and_option_is_in_the_reference() -> None:
    text = (Path(__file__).parents[4] / "docs" / "reference" / "crm.md").read_text(encoding="utf-8")
    keys = {f"scheme.{key}" for model in (Signed, Shown) for key in model.model_fields}
    names = {*SCHEMES, *KINDS, *OPTIONS, *PLACES, *CrmSettings.model_fields, *keys, "scheme.like"}
    assert sorted(name for name in names if f"`{name}`" not in text) == []


def test_every_reason_of_a_refusal_is_in_the_how_to() -> None:
    text = (Path(__file__).parents[4] / "docs" / "how-to" / "connect-a-crm.md").read_text("utf-8")
    assert sorted(reason for reason in REASONS if f"`{reason}`" not in text) == []
