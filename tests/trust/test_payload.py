"""The payload of a list: two ways to read it that must end in the same values."""

import json
from typing import Any

import pytest

from idbridge.codec import jcs
from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.trust import payload
from tests.trust.editions import (
    ENTITY,
    EXTENSION,
    SCHEME,
    SERVICE,
    attestation,
    changed,
    edition,
    lote,
    refusal,
    service,
    signed,
    statuses,
    trusted,
)

RICH = lote(
    service(status=statuses(("granted", "2026-01-01"), ("superseded", "2026-03-01"))),
    attestation(name={"en": "Example pid", "zh": "身份"}),
)
CANONICAL = jcs.canonicalize(RICH)
HISTORY = (*ENTITY, "TrustedEntityServices", 0, "ServiceHistory", 0)
DEEP: Any = json.loads('{"a":' * LIMITS.nesting_depth + "1" + "}" * LIMITS.nesting_depth)


def refused(octets: bytes) -> str:
    """The code with which ``octets`` are refused."""
    with pytest.raises(TrustError) as caught:
        payload.read(octets)
    return caught.value.code


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"LoTE":', b'{"LoTE":1,"LoTE":'),
        (b'"LoTESequenceNumber":7', b'"LoTESequenceNumber":7,"LoTESequenceNumber":7'),
        (b'"issuer":"https://login.sg.example"', b'"issuer":"https://x.example","issuer":"https://login.sg.example"'),
        (b'"kid":"login-1"', b'"kid":"other","kid":"login-1"'),
        (b'"ServiceInformation":{', b'"ServiceInformation":{},"ServiceInformation":{'),
        (b'"TrustedEntityServices":[', b'"TrustedEntityServices":[],"TrustedEntityServices":['),
        (b'"TrustedEntityInformation":{', b'"TrustedEntityInformation":{},"TrustedEntityInformation":{'),
        (b'"leewaySeconds":60', b'"leewaySeconds":NaN'),
        (b'"value":"Example Office"', b'"value":"\\ud800"'),
        (b'"value":"Example Office"', b'"value":"\xff"'),
    ],
    ids=lambda octets: octets.decode("latin-1")[-50:],
)
def test_a_list_with_a_second_reading_is_refused_though_its_value_would_pass(old: bytes, new: bytes) -> None:
    assert old in CANONICAL
    assert refused(CANONICAL.replace(old, new, 1)) == "trust.profile_violation"


@pytest.mark.parametrize(
    "place",
    [
        (*SCHEME, "SchemeExtensions", 0, "Other"),
        (*ENTITY, "TrustedEntityInformation", "TEInformationExtensions"),
        (*SERVICE, "ServiceInformationExtensions"),
        (*SERVICE, "ServiceDigitalIdentity", "PublicKeyValues", 0, "x5c"),
        (*HISTORY, "ServiceInformationExtensions"),
        (*HISTORY, "ServiceDigitalIdentity", "PublicKeyValues", 0, "x5c"),
    ],
    ids=lambda place: str(place[-2:]),
)
def test_what_the_model_takes_as_it_stands_is_no_deeper_than_any_other_json(place: Any) -> None:
    extensions = "Extensions" in str(place[-1])
    document = changed(RICH, *place, to=[{"New": DEEP}] if extensions else DEEP)

    assert refused(json.dumps(document).encode()) == "trust.profile_violation"
    assert refused(jcs.canonicalize(document)) == "trust.profile_violation"


def test_rules_are_read_to_the_last_member_however_deep_it_stands() -> None:
    document = changed(lote(), *EXTENSION, "claims", "map", to=DEEP)

    assert refusal(trusted(edition(6)), signed(document)).code == "trust.profile_violation"


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("indent", [None, 1])
def test_a_list_in_any_spelling_is_the_same_list_with_the_same_digests(ascii_only: bool, indent: int | None) -> None:
    spelled = json.dumps(RICH, ensure_ascii=ascii_only, indent=indent).encode()
    assert spelled != CANONICAL

    listed, digests = payload.read(CANONICAL)

    assert payload.read(spelled) == (listed, digests)
    entries = RICH["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"]
    assert digests == tuple(jcs.digest_hex(entry) for entry in entries)


def test_a_fraction_where_the_model_takes_anything_has_the_digest_of_its_canonical_form() -> None:
    document = changed(RICH, *SERVICE, "ServiceDigitalIdentity", "PublicKeyValues", 0, "remark", to=1.5)
    document = changed(document, *HISTORY, "ServiceDigitalIdentity", "PublicKeyValues", 0, "remark", to=1.5)

    _, digests = payload.read(jcs.canonicalize(document))

    entry = document["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"][0]
    assert digests[0] == jcs.digest_hex(entry)


def test_a_number_that_no_reader_keeps_gives_an_entry_no_digest() -> None:
    place = (*SERVICE, "ServiceDigitalIdentity", "PublicKeyValues", 0, "remark")

    assert refused(json.dumps(changed(RICH, *place, to=2**60)).encode()) == "trust.profile_violation"


def test_a_list_without_entries_is_one_and_has_no_digests() -> None:
    empty = {"LoTE": {"ListAndSchemeInformation": RICH["LoTE"]["ListAndSchemeInformation"]}}

    listed, digests = payload.read(jcs.canonicalize(empty))

    assert (listed.entities, digests) == ((), ())
