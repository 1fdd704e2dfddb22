"""Who vouches for an issuer: the list that its certificates lead to, by an address that no other list has."""

from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from idbridge.codec import base64url
from idbridge.crypto.certificate_origin import unverified_origin
from idbridge.model.check import Result
from idbridge.model.query import Query
from idbridge.model.region import MemberState
from idbridge.presentation.dcql import parse_query
from idbridge.reasons import Indication
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.services import Service
from idbridge.sandbox.vp_tokens import Sent, VpToken
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust.profile import TrustList
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.verify.verifier import Verifier
from tests.verify.pretend import NOON, answered, asked, reasons, region

SG_LIST = "https://trust.sg.example/"
FOREIGN = b"\x11" * 20
TH_LIST = "https://trust.th.example/"
TAN = Presentation("sg-pid", "sg-tan")
THANAPORN = Presentation("th-pid", "th-thanaporn")


def asks(kind: str, *values: str) -> Query:
    named = {"type": kind, "values": list(values)}
    return parse_query(
        {"credentials": [{"id": "pid", "format": "dc+sd-jwt", "meta": {}, "trusted_authorities": [named]}]}
    )


def shown(kind: str, *values: str, source: Presentation = TAN, **changes: Any) -> list[str]:
    return reasons(answered(VpToken((Sent("pid", source),)), query=asks(kind, *values), **changes))


def with_lists(trust: TrustSnapshot, **addresses: set[str]) -> TrustSnapshot:
    lists = {
        state: replace(held, addresses=frozenset(addresses.get(state.value, held.addresses)))
        for state, held in trust.lists.items()
    }
    return replace(trust, lists=lists)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        pytest.param("etsi_tl", TH_LIST, id="the list of another state"),
        pytest.param("etsi_tl", SG_LIST.rstrip("/"), id="an address that is only alike"),
        pytest.param("etsi_tl", "https://lotl.example", id="a list of lists that nobody here holds"),
        pytest.param("etsi_tl", "https://lionpass.sg.example/", id="the address of a provider in the list"),
        pytest.param("aki", SG_LIST, id="the address of a list as a key identifier"),
        pytest.param("openid_federation", SG_LIST, id="the address of a list as an entity of a federation"),
        pytest.param("openid_federation", "https://pid.sg.example", id="the issuer as an entity of a federation"),
    ],
)
def test_nobody_vouches_whom_the_query_does_not_name_by_the_right_name(kind: str, value: str) -> None:
    assert shown(kind, value) == ["query.authority_mismatch"]


def test_a_list_does_not_vouch_for_an_issuer_whose_key_it_lists_without_certificate() -> None:
    """A certificate of the credential's chain has to match an entry (OpenID4VP 1.0, 6.1.1.2), and there is none."""
    assert shown("etsi_tl", TH_LIST, source=THANAPORN, party_id="sg-bank") == ["query.authority_mismatch"]


def leaf_of_another(service: Service, bench: Bench) -> tuple[bytes, ...]:
    """The service's certificate, signed by its own authority and made to say that another key signed it."""
    signs = service.keys.authority
    assert signs is not None
    own = x509.load_der_x509_certificate(service.keys.chain[0])
    builder = x509.CertificateBuilder(
        own.issuer, own.subject, own.public_key(), 12345, own.not_valid_before_utc, own.not_valid_after_utc
    )
    for extension in own.extensions:
        lies = isinstance(extension.value, x509.AuthorityKeyIdentifier)
        value = x509.AuthorityKeyIdentifier(FOREIGN, None, None) if lies else extension.value
        builder = builder.add_extension(value, extension.critical)
    return (builder.sign(signs.private_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER),)


def test_a_certificate_that_names_another_authority_than_the_one_that_signed_it_is_not_believed() -> None:
    lying = replace(TAN, chain=leaf_of_another)
    own = unverified_origin(region().service("sg-pid").keys.chain[0]).authority_key_identifier or b""

    assert shown("etsi_tl", SG_LIST, source=lying) == []
    assert shown("aki", base64url.encode(FOREIGN), source=lying) == ["query.authority_mismatch"]
    assert shown("aki", base64url.encode(own), source=lying) == []  # the listed certificate names its own key
    assert shown("aki", base64url.encode(own)) == []


OF_A_WRONG_TYPE = {"meta": {"vct_values": ["urn:example:another"]}}
VOUCHED = {"trusted_authorities": [{"type": "etsi_tl", "values": [SG_LIST]}]}
BY_NOBODY = {"trusted_authorities": [{"type": "etsi_tl", "values": ["https://nobody.example/"]}]}
NOT_LOOKED_AT = "what comes before it was refused of a credential"


@pytest.mark.parametrize(
    ("query", "refused", "open_points"),
    [
        ({"meta": {}, **BY_NOBODY}, "vp.11", {"vp.3", "vp.4"}),
        ({**OF_A_WRONG_TYPE, **BY_NOBODY}, "vp.3", {"vp.4", "vp.11"}),
        ({**OF_A_WRONG_TYPE, **VOUCHED}, "vp.3", {"vp.4", "vp.11"}),
        ({"meta": {}, "claims": [{"path": ["no_such_claim"]}]}, "vp.3", set()),
    ],
)
def test_of_what_a_query_asks_nothing_that_was_not_looked_at_is_told_as_passed(
    query: dict[str, Any], refused: str, open_points: set[str]
) -> None:
    asks_for = parse_query({"credentials": [{"id": "pid", "format": "dc+sd-jwt", **query}]})
    report = answered(VpToken((Sent("pid", TAN),)), query=asks_for)
    found = {check.id: check for check in report.checks if check.id.startswith("vp.")}

    assert found.keys() == {"vp.1", "vp.2", "vp.3", "vp.4", "vp.11"}
    assert {name for name, check in found.items() if check.result is Result.FAILED} == {refused}
    assert {name for name, check in found.items() if check.result is Result.SKIPPED} == open_points
    assert {found[name].note for name in open_points} <= {NOT_LOOKED_AT}


def test_a_holder_is_told_as_proved_only_where_the_query_got_that_far() -> None:
    bearer = Presentation("ph-pid", "ph-luisa", bound=False)
    expected = {"party_id": "sg-bank", "purpose": "building-visit", "claims": ("name",), "expected": {"nonce": None}}
    for meta, refused, skipped in (({}, "vp.4", "vp.3"), (OF_A_WRONG_TYPE["meta"], "vp.3", "vp.4")):
        asks_for = parse_query({"credentials": [{"id": "pid", "format": "dc+sd-jwt", "meta": meta}]})
        report = answered(VpToken((Sent("pid", bearer),)), query=asks_for, **expected)
        found = {check.id: check.result for check in report.checks}

        assert (found[refused], found[skipped]) == (Result.FAILED, Result.SKIPPED)


def test_an_address_that_two_lists_call_themselves_by_is_neithers() -> None:
    trust = region().snapshot(at=NOON)
    claimed = with_lists(trust, VN={SG_LIST, "https://trust.vn.example/"})

    assert claimed.addresses_of(MemberState.SG) == frozenset()
    assert claimed.addresses_of(MemberState.VN) == {"https://trust.vn.example/"}
    request = asked(VpToken((Sent("pid", TAN),)), query=asks("etsi_tl", SG_LIST))
    report = Verifier(trust=claimed, status=EMPTY_STATUS).verify(request, at=NOON)
    assert reasons(report) == ["query.authority_mismatch"]


def test_no_address_counts_while_a_list_is_lost_whose_it_might_be() -> None:
    trust = region().snapshot(at=NOON)
    left: dict[MemberState, TrustList] = {
        state: held for state, held in trust.lists.items() if state is not MemberState.VN
    }
    lost = replace(trust, lists=left, states_without_list={MemberState.VN: "trust.unreachable"})
    never = replace(trust, lists=left, states_without_list={MemberState.VN: "trust.not_configured"})

    assert lost.addresses_of(MemberState.SG) == frozenset()
    assert lost.addresses_of(MemberState.VN) == never.addresses_of(MemberState.VN) == frozenset()
    assert never.addresses_of(MemberState.SG) == {SG_LIST}


@pytest.mark.parametrize("values", [(SG_LIST,), (TH_LIST, SG_LIST)])
def test_the_list_vouches_for_an_issuer_whose_certificates_lead_to_it(values: tuple[str, ...]) -> None:
    report = answered(VpToken((Sent("pid", TAN),)), query=asks("etsi_tl", *values))

    assert report.indication is Indication.PASSED, reasons(report)
    assert [check.note for check in report.checks if check.id == "vp.11"] == [""]
