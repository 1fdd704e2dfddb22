"""The snapshot: found by issuer and key in one step, named by its content and by nothing else."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.codec import jcs
from idbridge.crypto.certificates import Subject, make_authority, make_leaf
from idbridge.crypto.keys import parse_jwk, public_key_from_certificate
from idbridge.crypto.listed import listed_certificate
from idbridge.crypto.signer import generate
from idbridge.errors import TrustError
from idbridge.model.region import Environment, MemberState
from idbridge.model.time import Validity
from idbridge.trust.snapshot import RefusedOffer, TrustSnapshot, snapshot_of
from idbridge.trust.trusted_set import TrustedSet
from tests.trust.agreements import arrangement, purposes
from tests.trust.editions import (
    DAY,
    HOUR,
    LOGIN,
    LOGIN_KEY,
    NOON,
    OTHER_KEY,
    SERVICE,
    SG,
    TH,
    attestation,
    changed,
    edition,
    lote,
    pins,
    service,
    signed,
    trusted,
)

YEAR = Validity(NOON - 100 * DAY, NOON + 265 * DAY)
ROOT = make_authority(generate("ES384"), subject=Subject("Root", "SG"), validity=YEAR).certificate
LEAF = make_leaf(OTHER_KEY, subject=Subject("login", "SG"), validity=YEAR, issuer=None)
RULE = {"policy": "1.3.6.1.4.1.99999.2"}
CERTIFIED = lote(
    service(), attestation(keys=(), leaf_rule=RULE), attestation("card", credential_types=["urn:example:card"]),
    certificates={"pid": (ROOT, LEAF)}, elsewhere=("https://login.sg.example/live",),
)  # fmt: skip
HELD = trusted(signed(CERTIFIED)).with_list(edition(3, state=TH), state=TH, at=NOON)
SNAPSHOT = snapshot_of(HELD)


def names(snapshot: TrustSnapshot, thumbprint: str) -> list[str]:
    return [one.name for one in snapshot.by_thumbprint(thumbprint)]


def test_services_are_found_by_issuer_character_by_character() -> None:
    assert [one.name for one in SNAPSHOT.by_issuer(LOGIN)] == ["Example login"]
    for other in ("", LOGIN + "/", LOGIN.upper(), LOGIN + " ", "https://login.sg.example/live"):
        assert SNAPSHOT.by_issuer(other) == ()


def test_services_are_found_by_key_as_jwk_or_in_a_certificate() -> None:
    assert names(SNAPSHOT, parse_jwk(LOGIN_KEY.public_jwk).thumbprint) == ["Example login", "Example login"]
    assert names(SNAPSHOT, public_key_from_certificate(ROOT).thumbprint) == ["Example pid"]
    assert names(SNAPSHOT, public_key_from_certificate(LEAF).thumbprint) == ["Example pid", "Example card"]
    assert names(SNAPSHOT, "unknown") == []


def test_services_are_found_by_key_identifier_of_a_certificate() -> None:
    for octets in (ROOT, LEAF):
        identifier = listed_certificate(octets).key_identifier
        assert identifier is not None
        assert [one.name for one in SNAPSHOT.by_ski(identifier)] == ["Example pid"]
    assert SNAPSHOT.by_ski(b"") == ()


def test_an_entry_without_trust_is_not_found_in_any_way() -> None:
    unknown = changed(lote(service(), attestation()), *SERVICE, "ServiceStatus", to="urn:idbridge:status:new")

    snapshot = snapshot_of(trusted(signed(unknown)))

    assert snapshot.by_issuer(LOGIN) == ()
    assert snapshot.by_thumbprint(parse_jwk(LOGIN_KEY.public_jwk).thumbprint) == ()
    assert [one.name for one in snapshot.services_of(SG)] == ["Example pid"]


def test_every_state_has_a_list_or_a_reason_why_not() -> None:
    snapshot = snapshot_of(HELD, states_without_list={MemberState.KH: "trust.rollback", SG: "trust.rollback"})

    assert snapshot.lists.keys() | snapshot.states_without_list.keys() == set(MemberState)
    assert not snapshot.lists.keys() & snapshot.states_without_list.keys()
    assert snapshot.states_without_list[MemberState.KH] == "trust.rollback"
    assert snapshot.states_without_list[MemberState.BN] == "trust.not_configured"
    assert snapshot.services_of(MemberState.KH) == ()
    with pytest.raises(TrustError) as caught:
        snapshot.provenance(MemberState.KH)
    assert caught.value.code == "trust.rollback"


def test_provenance_names_the_edition_and_how_it_came() -> None:
    about = SNAPSHOT.provenance(TH)

    assert (about.member_state, about.sequence, about.distribution) == (TH, 3, "plain")
    assert (about.issued_at, about.next_update) == (NOON - HOUR, NOON - HOUR + 30 * DAY)


def test_issuers_of_the_other_environment_are_known_and_are_no_issuers() -> None:
    assert SNAPSHOT.other_environment("https://login.sg.example/live")
    assert not SNAPSHOT.other_environment(LOGIN)


def test_the_issuers_of_a_state_whose_list_is_gone_are_remembered() -> None:
    restarted = TrustedSet(HELD.environment, HELD.pins, HELD.floors)

    snapshot = snapshot_of(restarted)

    assert snapshot.orphaned(LOGIN) is SG
    assert snapshot.orphaned("https://unknown.example") is None
    assert SNAPSHOT.orphaned(LOGIN) is None


def test_the_id_is_the_digest_of_the_canonical_manifest() -> None:
    assert SNAPSHOT.id == jcs.digest_hex(SNAPSHOT.manifest())
    assert jcs.digest_hex(json.loads(jcs.canonicalize(SNAPSHOT.manifest()))) == SNAPSHOT.id


def test_the_id_does_not_depend_on_the_order_in_which_states_came() -> None:
    other = TrustedSet(Environment.SANDBOX, pins())
    for state, offered in ((TH, edition(3, state=TH)), (SG, signed(CERTIFIED))):
        other = other.with_list(offered, state=state, at=NOON)
    same = replace(other, lists={state: HELD.lists[state] for state in other.lists})

    assert list(other.lists) != list(HELD.lists)
    assert snapshot_of(same).id == SNAPSHOT.id


def test_what_was_refused_is_told_and_is_no_content() -> None:
    refused = (RefusedOffer("lists/KH", "trust.rollback", ""),)

    told = snapshot_of(HELD, refused=refused)

    assert told.refused == refused
    assert told.id == SNAPSHOT.id


AGREED = HELD.with_arrangement(arrangement()).with_purposes(purposes())


def test_any_other_content_has_another_id() -> None:
    live = TrustedSet(Environment.LIVE, pins())
    contents = [
        snapshot_of(HELD),
        snapshot_of(TrustedSet(Environment.SANDBOX, pins())),
        snapshot_of(live),
        snapshot_of(TrustedSet(HELD.environment, HELD.pins, HELD.floors)),
        snapshot_of(HELD, states_without_list={MemberState.KH: "trust.rollback"}),
        snapshot_of(HELD.with_list(edition(4, state=TH), state=TH, at=NOON)),
        snapshot_of(HELD.with_arrangement(arrangement())),
        snapshot_of(AGREED),
        snapshot_of(AGREED.with_arrangement(arrangement(2, status="suspended", by=(TH,)))),
        snapshot_of(AGREED.with_purposes(purposes(2))),
    ]

    assert len({snapshot.id for snapshot in contents}) == len(contents)
    assert all(len(snapshot.id) == 64 for snapshot in contents)


@given(
    sequence=st.integers(1, 50), name=st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=8),
    days=st.integers(1, 100), leeway=st.integers(0, 300),
)  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_the_id_is_a_function_of_the_content_alone(sequence: int, name: str, days: int, leeway: int) -> None:
    document = lote(service(name={"en": name}, leeway_seconds=leeway), sequence=sequence, lifetime=timedelta(days=days))
    one, two = (trusted(signed(document)) for _ in range(2))
    other = trusted(signed(changed(document, *SERVICE, "ServiceName", 0, "value", to=f"{name}x")))

    assert snapshot_of(one).id == snapshot_of(replace(two, lists=one.lists)).id
    assert snapshot_of(one).id != snapshot_of(other).id


def test_a_snapshot_does_not_change_under_its_reader() -> None:
    with pytest.raises(TypeError):
        SNAPSHOT.lists[SG] = SNAPSHOT.lists[TH]  # type: ignore[index]  # the attempt is the claim
    with pytest.raises(AttributeError):
        SNAPSHOT.id = "x"  # type: ignore[misc]  # the attempt is the claim
    SNAPSHOT.manifest()["lists"].clear()
    assert SNAPSHOT.id == jcs.digest_hex(SNAPSHOT.manifest())
