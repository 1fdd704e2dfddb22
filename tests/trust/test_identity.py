"""Which keys an entry may have: attacks 40, 62, 64 and 65 of the trust-list catalogue."""

import json
from typing import Any

import pytest

from idbridge.codec import base64std
from idbridge.crypto.certificates import Subject, make_authority, make_leaf
from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.model.time import Validity
from tests.trust.editions import (
    DAY,
    LOGIN,
    LOGIN_KEY,
    NOON,
    OTHER_KEY,
    SERVICE,
    SG,
    attestation,
    changed,
    edition,
    jwk,
    lote,
    raw,
    refusal,
    service,
    signed,
    statuses,
    trusted,
)

IDENTITY = (*SERVICE, "ServiceDigitalIdentity")
YEAR = Validity(NOON - 100 * DAY, NOON + 265 * DAY)
RULE = {"extended_key_usage": "1.3.6.1.4.1.99999.1"}
GOOD = lote()
HELD = trusted(edition(6))


def code_of(document: Any) -> str:
    """The code with which a list of this content, signed by its state, is refused."""
    return refusal(HELD, raw(json.dumps(document))).code


@pytest.mark.parametrize(
    "identity",
    [
        {},
        {"additionalProperties": False},
        {"X509SubjectNames": ["CN=Example, C=SG"]},
        {"X509SKIs": ["AAAA"]},
        {"OtherIds": ["any"]},
        {"X509SubjectNames": ["CN=Example"], "X509SKIs": ["AAAA"], "OtherIds": ["any"]},
        {"X509Certificates": []},
        {"PublicKeyValues": []},
        {"PublicKeyValues": ["key"]},
        {"PublicKeyValues": [{}]},
        {"PublicKeyValues": [jwk(LOGIN_KEY), jwk(LOGIN_KEY)]},
        {"PublicKeyValues": [{**jwk(LOGIN_KEY), "kid": "two"}, jwk(LOGIN_KEY)]},
        {"PublicKeyValues": [{"kty": "oct", "k": "AAAA", "alg": "HS256"}]},
        {"PublicKeyValues": [{**jwk(LOGIN_KEY), "d": "AAAA"}]},
        {"PublicKeyValues": [{**jwk(LOGIN_KEY), "use": "enc"}]},
        {"PublicKeyValues": [jwk(generate("ES384"))]},
        {"PublicKeyValues": jwk(LOGIN_KEY)},
        {"PublicKeyValue": [jwk(LOGIN_KEY)]},
    ],
)
def test_an_identity_without_a_usable_key_of_its_own_is_refused(identity: Any) -> None:
    assert code_of(changed(GOOD, *IDENTITY, to=identity)) == "trust.profile_violation"


def test_names_and_key_identifiers_beside_a_key_are_allowed_and_trusted_for_nothing() -> None:
    beside = {"PublicKeyValues": [jwk(LOGIN_KEY)], "X509SubjectNames": ["CN=Example"], "X509SKIs": ["AAAA"]}

    listed = HELD.with_list(signed(changed(GOOD, *IDENTITY, to=beside)), state=SG, at=NOON).lists[SG]

    assert [len(one.anchors) for one in listed.services] == [0]


def test_a_public_key_without_certificate_is_enough() -> None:
    listed = HELD.with_list(signed(GOOD), state=SG, at=NOON).lists[SG]

    assert [len(one.keys) for one in listed.services] == [1]


def test_more_keys_than_a_service_may_have_are_refused() -> None:
    keys = [jwk(generate("ES256", f"key-{number}")) for number in range(LIMITS.keys_per_service + 1)]

    assert code_of(changed(GOOD, *IDENTITY, to={"PublicKeyValues": keys})) == "trust.profile_violation"
    allowed = changed(GOOD, *IDENTITY, to={"PublicKeyValues": keys[1:]})
    assert len(HELD.with_list(signed(allowed), state=SG, at=NOON).lists[SG].services[0].keys) == len(keys) - 1


def certified(*octets: bytes, **changes: Any) -> Any:
    """A list whose login service has these certificates and no other key."""
    return lote(service(keys=(), **changes), certificates={"login": octets})


def leaf(country: str | None = "SG") -> bytes:
    return make_leaf(OTHER_KEY, subject=Subject("login", country), validity=YEAR, issuer=None, uris=[LOGIN])


LEAF = leaf()


def test_a_listed_certificate_is_one_in_der_and_nothing_else() -> None:
    assert HELD.with_list(signed(certified(LEAF)), state=SG, at=NOON).lists[SG].services[0].anchors == (LEAF,)
    for octets in (b"", b"\x30", LEAF[:-1], LEAF + b"\x00", LEAF + LEAF, b"a" * (LIMITS.certificate_bytes + 1)):
        document = certified(LEAF)
        document = changed(document, *IDENTITY, "X509Certificates", 0, "val", to=base64std.encode(octets))
        assert code_of(document) == "trust.profile_violation", octets[:8]


@pytest.mark.parametrize(
    "value",
    [
        "-----BEGIN CERTIFICATE-----\n" + base64std.encode(LEAF) + "\n-----END CERTIFICATE-----",
        base64std.encode(LEAF)[:64] + "\n" + base64std.encode(LEAF)[64:],
        base64std.encode(LEAF).rstrip("=") + "!",
        "é",
        7,
        None,
    ],
    ids=["pem", "line break", "alphabet", "not ascii", "number", "null"],
)
def test_a_listed_certificate_is_in_plain_base64(value: Any) -> None:
    document = changed(certified(LEAF), *IDENTITY, "X509Certificates", 0, "val", to=value)

    assert code_of(document) == "trust.profile_violation"


def test_what_a_certificate_says_of_its_encoding_is_text_and_not_believed() -> None:
    place = (*IDENTITY, "X509Certificates", 0)
    good = changed(changed(certified(LEAF), *place, "encoding", to="urn:x"), *place, "specRef", to="RFC 5280")

    assert HELD.with_list(signed(good), state=SG, at=NOON).lists[SG].services[0].anchors == (LEAF,)
    assert code_of(changed(good, *place, "encoding", to=None)) == "trust.profile_violation"
    assert code_of(changed(good, *place, "specRef", to=7)) == "trust.profile_violation"


def test_the_same_key_twice_in_one_service_is_refused_in_any_form() -> None:
    document = lote(service(keys=(OTHER_KEY,)), certificates={"login": (LEAF,)})

    assert code_of(document) == "trust.profile_violation"
    assert code_of(certified(LEAF, LEAF)) == "trust.profile_violation"


def test_a_certificate_authority_without_a_rule_for_its_leaves_is_refused() -> None:
    authority = make_authority(generate("ES384"), subject=Subject("Root", "SG"), validity=YEAR).certificate

    assert code_of(certified(authority)) == "trust.profile_violation"
    accepted = HELD.with_list(signed(certified(authority, leaf_rule=RULE)), state=SG, at=NOON)
    assert accepted.lists[SG].services[0].anchors == (authority,)


def test_the_key_of_a_listed_leaf_fits_a_listed_algorithm() -> None:
    assert code_of(certified(LEAF, algorithms=["ES384"])) == "trust.profile_violation"


@pytest.mark.parametrize("country", ["TH", "XX"])
def test_a_certificate_of_another_country_is_refused(country: str) -> None:
    assert code_of(certified(leaf(country))) == "trust.territory_mismatch"


@pytest.mark.parametrize("country", [None, "SG", "sg"])
def test_a_certificate_of_this_state_or_of_no_country_is_accepted(country: str | None) -> None:
    assert HELD.with_list(signed(certified(leaf(country))), state=SG, at=NOON) != HELD


def test_an_issuer_has_one_key_of_each_key_id() -> None:
    same_name = generate("ES256", "login-1")
    both = (service(), service("second", keys=(same_name,), status=statuses(("granted", "2026-02-01"))))

    assert code_of(lote(*both)) == "trust.profile_violation"
    apart = (service(), attestation(keys=(same_name,)))
    assert len(HELD.with_list(signed(lote(*apart)), state=SG, at=NOON).lists[SG].services) == 2


def test_a_key_id_that_is_the_thumbprint_of_another_key_is_refused() -> None:
    nameless = {name: value for name, value in jwk(LOGIN_KEY).items() if name != "kid"}
    thumbprint = HELD.lists[SG].services[0].keys[0].thumbprint
    keys = {"PublicKeyValues": [nameless, {**jwk(OTHER_KEY), "kid": thumbprint}]}

    assert code_of(changed(GOOD, *IDENTITY, to=keys)) == "trust.profile_violation"
