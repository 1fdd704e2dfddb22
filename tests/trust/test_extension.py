"""What a service may be listed for: attacks 51 and 52 of the trust-list catalogue."""

import json
from typing import Any

import pytest

from idbridge.limits import LIMITS
from idbridge.model.region import ServiceType
from tests.trust.editions import (
    EXTENSION,
    NOON,
    SERVICE,
    SG,
    changed,
    edition,
    lote,
    raw,
    refusal,
    service,
    signed,
    trusted,
)

GOOD = lote()
HELD = trusted(edition(6))


def code_of(document: Any) -> str:
    """The code with which a list of this content, signed by its state, is refused."""
    return refusal(HELD, raw(json.dumps(document))).code


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("issuer", "http://login.sg.example"),
        ("issuer", "https://LOGIN.sg.example"),
        ("issuer", "https://login.sg.example:443"),
        ("issuer", "https://login.sg.example?x"),
        ("issuer", "https://login.sg.example#x"),
        ("issuer", "https://user@login.sg.example"),
        ("issuer", "https://"),
        ("issuer", "https://login.sg.example:port"),
        ("issuer", "https://[login"),
        ("issuer", "https://login.sg.example/a b"),
        ("issuer", "https://ログイン.example"),
        ("issuer", "urn:example:login"),
        ("issuer", None),
        ("formats", []),
        ("formats", ["id_token", "id_token"]),
        ("formats", ["dc+sd-jwt"]),
        ("formats", ["vp_token"]),
        ("formats", ["paper"]),
        ("formats", "id_token"),
        ("algorithms", []),
        ("algorithms", ["none"]),
        ("algorithms", ["HS256"]),
        ("algorithms", ["ES256", "ES256"]),
        ("algorithms", [None]),
        ("credentialTypes", ["urn:example:pid"]),
        ("credentialTypes", None),
        ("leewaySeconds", -1),
        ("leewaySeconds", 301),
        ("leewaySeconds", "60"),
        ("leewaySeconds", 1.5),
        ("holderBinding", "sometimes"),
        ("holderBinding", None),
        ("ladder", None),
        ("ladder", [{"national": "x", "identity": "A4", "authentication": "A1"}]),
        ("ladder", [{"national": "x", "identity": 3, "authentication": "A1"}]),
        ("ladder", [{"national": "x", "identity": "A1", "authentication": "A1"}] * 2),
        ("leafRule", {}),
        ("leafRule", {"policy": "1.2.3", "extendedKeyUsage": "1.2.3"}),
        ("leafRule", {"policy": "1.02.3"}),
        ("leafRule", {"policy": "any"}),
        ("leafRule", None),
        ("crl", None),
        ("crl", []),
        ("crl", "https://crl.sg.example/1"),
        ("crl", ["http://crl.sg.example/1"]),
        ("crl", ["crl.sg.example"]),
        ("crl", ["https://crl.sg.example/1"] * 2),
        ("crl", [f"https://crl.sg.example/{number}" for number in range(LIMITS.crl_addresses + 1)]),
        ("statusLists", None),
        ("statusLists", []),
        ("statusLists", ["http://status.sg.example/1"]),
        ("statusLists", ["https://status.sg.example/1"] * 2),
        ("statusLists", [f"https://status.sg.example/{number}" for number in range(LIMITS.status_list_addresses + 1)]),
        ("statusLists", ["https://status.sg.example/1"]),  # this one signs credentials
        ("keySet", None),
        ("keySet", "http://login.sg.example/jwks"),
        ("claims", None),
        ("claims", {"subject": "sub"}),
    ],
    ids=str,
)
def test_a_service_extension_that_says_something_else_is_refused(name: str, value: Any) -> None:
    assert code_of(changed(GOOD, *EXTENSION, name, to=value)) == "trust.profile_violation"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("subject", ""),
        ("persistence", "eternal"),
        ("acr", 1),
        ("nameParts", None),
        ("nameParts", [{"kind": "first", "native": "x"}]),
        ("nameParts", [{"kind": ["given"], "native": "x"}]),
        ("nameParts", [{"kind": "given"}]),
        ("map", None),
        ("map", {"birthdate": None}),
        ("map", {"": "x"}),
        ("display", ""),
        ("mandate", None),
        ("extra", "x"),
    ],
    ids=str,
)
def test_a_claim_map_that_says_something_else_is_refused(name: str, value: Any) -> None:
    assert code_of(changed(GOOD, *EXTENSION, "claims", name, to=value)) == "trust.profile_violation"


def test_an_entry_has_one_idbridge_extension() -> None:
    ours = GOOD["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"][0]["ServiceInformation"]
    ours = ours["ServiceInformationExtensions"][0]
    place = (*SERVICE, "ServiceInformationExtensions")

    for extensions in ([], [{"Other": 1}], [ours, ours], [{**ours, "Other": 1}], [ours, 7]):
        assert code_of(changed(GOOD, *place, to=extensions)) == "trust.profile_violation"
    beside = [ours, {"ServiceUniqueIdentifier": "urn:x", "Critical": True}, {"New": 1}]
    assert HELD.with_list(signed(changed(GOOD, *place, to=beside)), state=SG, at=NOON).lists[SG].services


@pytest.mark.parametrize(
    ("kind", "formats", "types"),
    [
        ("login", ["dc+sd-jwt"], ["urn:x"]),
        ("login", ["idbridge-assertion+jwt"], []),
        ("pid-issuance", ["id_token"], []),
        ("attestation-issuance", ["idbridge-assertion+jwt"], []),
        ("assertion", ["id_token"], []),
        ("assertion", ["dc+sd-jwt"], ["urn:x"]),
        ("revocation", ["id_token"], []),
        ("revocation", ["dc+sd-jwt"], ["urn:x"]),
        ("login", [], []),
        ("pid-issuance", [], []),
        ("pid-issuance", ["dc+sd-jwt"], []),
    ],
)
def test_a_service_signs_only_what_its_type_is_for(kind: str, formats: list[str], types: list[str]) -> None:
    document = lote(service(type=kind, formats=formats, credential_types=types))

    assert code_of(document) == "trust.profile_violation"


def test_a_service_names_where_its_authority_publishes_revocation_lists() -> None:
    addresses = [f"https://crl.sg.example/{number}" for number in range(LIMITS.crl_addresses)]
    accepted = HELD.with_list(signed(lote(service(crl=addresses))), state=SG, at=NOON)

    assert accepted.lists[SG].services[0].profile.crl == set(addresses)
    assert HELD.lists[SG].services[0].profile.crl == frozenset()


def test_a_revocation_service_names_its_status_lists_and_a_login_its_key_set() -> None:
    addresses = [f"https://status.sg.example/{number}" for number in range(LIMITS.status_list_addresses)]
    revocation = service(type="revocation", formats=[], ladder=[], status_lists=addresses)
    login = service(type="login", formats=["id_token"], credential_types=[], key_set="https://login.sg.example/jwks")
    listed = [HELD.with_list(signed(lote(one)), state=SG, at=NOON).lists[SG].services[0] for one in (revocation, login)]

    assert listed[0].profile.status_lists == set(addresses)
    assert listed[1].profile.key_set == "https://login.sg.example/jwks"
    assert (HELD.lists[SG].services[0].profile.status_lists, HELD.lists[SG].services[0].profile.key_set) == (
        set(),
        None,
    )


@pytest.mark.parametrize("kind", ["revocation", "assertion", "pid-issuance"])
def test_only_a_login_has_a_key_set_and_only_revocation_has_status_lists(kind: str) -> None:
    formats = {"revocation": [], "assertion": ["idbridge-assertion+jwt"], "pid-issuance": ["dc+sd-jwt"]}[kind]
    types = ["urn:x"] if kind == "pid-issuance" else []
    rules = {"type": kind, "formats": formats, "credential_types": types}

    assert code_of(lote(service(**rules, key_set="https://x.sg.example/jwks"))) == "trust.profile_violation"
    if kind != "revocation":
        assert code_of(lote(service(**rules, status_lists=["https://x.sg.example/1"]))) == "trust.profile_violation"


def test_a_revocation_service_is_listed_and_signs_no_credential() -> None:
    accepted = HELD.with_list(signed(lote(service(type="revocation", formats=[], ladder=[]))), state=SG, at=NOON)

    (listed,) = accepted.lists[SG].services
    assert listed.service_type is ServiceType.REVOCATION
    assert listed.profile.formats == frozenset()
