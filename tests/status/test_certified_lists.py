"""Status lists under certificates: good by a path to what the revocation service lists, and silent by any other."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from idbridge.crypto.certificates import Authority, Subject, make_crl, make_leaf, serial_number
from idbridge.crypto.crl import verify_crl
from idbridge.crypto.signer import generate
from idbridge.errors import StatusError
from idbridge.limits import LIMITS
from idbridge.model.check import Result
from idbridge.model.time import Validity
from idbridge.status import issue
from idbridge.status.packing import packed, packed_bitstring
from idbridge.status.signers import still_vouches
from idbridge.status.snapshot import status_snapshot
from idbridge.status.status_list import StatusList
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from tests.status.listing import ISSUER, ONE, SG, THREE, VALUES, jwt, making, revocation, taken
from tests.status.test_statements import SILENT, refused, token
from tests.trust.editions import DAY, HOUR, NOON, attestation, lote, service, signed, trusted
from tests.trust.test_paths import LISTED_RULE, MIDDLE, ROOT, RULE, SIGNER, STRANGER, YEAR

UNAUTHORISED = "status.signer_unauthorised"
CRL = "https://crl.sg.example/root"
Make = Callable[..., bytes]


def leaf(issuer: Authority | None = ROOT, *uris: str, country: str | None = "SG", **changes: Any) -> bytes:
    """A certificate for the key of the revocation service, in its name unless told otherwise."""
    subject, said = Subject("status lists", country), {"validity": YEAR, "rule": RULE, **changes}
    return make_leaf(SIGNER, subject=subject, issuer=issuer, uris=uris or (ISSUER,), **said)


LEAF = leaf()
NAMELESS = make_leaf(SIGNER, subject=Subject("status lists", "SG"), validity=YEAR, issuer=ROOT, rule=RULE)
OF_A_HOST = make_leaf(
    SIGNER, subject=Subject("x", "SG"), validity=YEAR, issuer=ROOT, dns_names=["status.sg.example"], rule=RULE
)


def over(*anchors: bytes, also: tuple[dict[str, Any], ...] = (), **changes: Any) -> TrustSnapshot:
    """A list whose revocation service has these certificates, ROOT by default, and no key."""
    own = revocation(**{"keys": (), "leaf_rule": LISTED_RULE, **changes})
    certificates = {"revocation": anchors or (ROOT.certificate,), "pid": (ROOT.certificate,)}
    return snapshot_of(trusted(signed(lote(own, *also, certificates=certificates))))


LISTED = over()
OF_ANOTHER_TYPE = attestation(keys=(), leaf_rule=LISTED_RULE)


def certified(*chain: bytes, make: Make | None = None, by: Any = SIGNER, address: str = ONE) -> bytes:
    made = replace(making(address), certificates=chain)
    return (make or issue.sign_jwt)(issue.claims_of(made, packed(VALUES, 2), 2), made, by)


def w3c(*chain: bytes) -> bytes:
    made = replace(making(THREE), certificates=chain)
    octets = packed_bitstring([0, 1] + [0] * 131_070)
    return issue.sign_bitstring(issue.bitstring_of(made, octets, issuer=ISSUER, purpose="revocation"), made, SIGNER)


def code_of(octets: bytes, trust: TrustSnapshot = LISTED, *, at: datetime = NOON) -> str:
    with pytest.raises(StatusError) as caught:
        taken(octets, over=trust, at=at)
    return caught.value.code


@pytest.mark.parametrize(
    "chain",
    [
        (leaf(STRANGER),),
        (leaf(STRANGER), STRANGER.certificate),
        (leaf(None),),
        (leaf(MIDDLE),),
        (ROOT.certificate,),
        (leaf(rule=None),),
        (leaf(country="TH"),),
        (leaf(ROOT, "https://pid.sg.example"),),
        (leaf(ROOT, f"{ISSUER}/"),),
        (leaf(validity=Validity(NOON - 2 * DAY, NOON - DAY)),),
        (leaf(validity=Validity(NOON + DAY, NOON + 2 * DAY)),),
    ],
    ids=[
        "namesake of the authority", "namesake sent along", "self-signed", "intermediate missing",
        "the authority itself", "another usage", "another state", "another service", "almost this service", "expired",
        "not begun",
    ],
)  # fmt: skip
@pytest.mark.parametrize("make", [issue.sign_jwt, issue.sign_cwt], ids=["jwt", "cwt"])
def test_a_list_by_any_other_path_is_not_taken_up(make: Make, chain: tuple[bytes, ...]) -> None:
    assert code_of(certified(*chain, make=make)) == UNAUTHORISED


@pytest.mark.parametrize("make", [issue.sign_jwt, issue.sign_cwt], ids=["jwt", "cwt"])
def test_more_certificates_than_a_path_may_have_are_not_looked_at(make: Make) -> None:
    assert code_of(certified(*(LEAF,) * (LIMITS.path_candidates + 1), make=make)) == "status.list_invalid"


@pytest.mark.parametrize(
    "trust",
    [
        over(STRANGER.certificate),
        over(leaf()),
        over(status_lists=[THREE]),
        snapshot_of(trusted(signed(lote(revocation())))),
        snapshot_of(trusted(signed(lote(OF_ANOTHER_TYPE, certificates={"pid": (ROOT.certificate,)})))),
    ],
    ids=["another authority", "another leaf", "another address", "keys only", "a service of another type"],
)
def test_a_list_of_what_the_revocation_service_does_not_list_is_not_taken_up(trust: TrustSnapshot) -> None:
    assert code_of(certified(LEAF), trust) == UNAUTHORISED


def test_a_certificate_vouches_for_nothing_that_its_key_did_not_sign() -> None:
    thief = generate("ES256")

    assert code_of(certified(LEAF, by=thief)) == "status.list_invalid"
    assert code_of(certified(make_leaf(thief, subject=Subject("x", "SG"), validity=YEAR, issuer=ROOT, uris=[ISSUER],
                                       rule=RULE))) == "status.list_invalid"  # fmt: skip


@pytest.mark.parametrize(
    ("chain", "trust"),
    [
        ((LEAF,), LISTED),
        ((leaf(MIDDLE), MIDDLE.certificate), LISTED),
        ((LEAF, ROOT.certificate), LISTED),
        ((OF_A_HOST,), LISTED),
        ((NAMELESS,), LISTED),
        ((leaf(ROOT, "https://pid.sg.example", ISSUER),), LISTED),
        ((LEAF,), over(STRANGER.certificate, LEAF)),
    ],
    ids=["authority", "intermediate", "authority sent along", "host", "no name", "two names", "listed leaf"],
)
@pytest.mark.parametrize("make", [issue.sign_jwt, issue.sign_cwt], ids=["jwt", "cwt"])
def test_a_list_by_the_path_of_the_revocation_service_is_taken_up(
    make: Make, chain: tuple[bytes, ...], trust: TrustSnapshot
) -> None:
    found = taken(certified(*chain, make=make), over=trust)

    assert found.signer.thumbprint == SIGNER.kid
    assert found.signer.path is not None
    assert [found.value(index, size=2) for index in range(4)] == [0, 1, 2, 3]
    assert still_vouches(found, trust, at=NOON)


def test_a_bitstring_by_its_path_is_taken_up_and_by_another_not() -> None:
    assert taken(w3c(LEAF), address=THREE, over=LISTED).value(1, size=1) == 1
    with pytest.raises(StatusError) as caught:
        taken(w3c(leaf(STRANGER)), address=THREE, over=LISTED)
    assert caught.value.code == UNAUTHORISED


def held_by(*chain: bytes, trust: TrustSnapshot = LISTED) -> StatusList:
    return taken(certified(*chain), over=trust)


@pytest.mark.parametrize(
    ("trust", "at"),
    [
        (over(STRANGER.certificate), NOON),
        (over(status_lists=[THREE]), NOON),
        (over(issuer="https://new.sg.example"), NOON),
        (LISTED, NOON + HOUR),
    ],
    ids=["authority left the list", "address left the list", "service has another name", "certificate ended"],
)
@pytest.mark.parametrize("index", [0, 1])
def test_a_list_whose_path_no_longer_counts_says_nothing(index: int, trust: TrustSnapshot, at: datetime) -> None:
    short = leaf(validity=Validity(NOON - DAY, NOON + HOUR / 2))
    held = status_snapshot(lists=[held_by(short)])

    assert refused(token(index), held, over=trust, at=at) == ("tsl.3", UNAUTHORISED, *SILENT)


@pytest.mark.parametrize("index", [0, 1])
def test_a_list_under_a_revoked_certificate_or_without_the_crl_that_is_demanded_says_nothing(index: int) -> None:
    demanding = over(crl=[CRL])
    listed = held_by(LEAF, trust=demanding)

    def known(*revoked: bytes) -> Any:
        crl = make_crl(
            ROOT,
            number=1,
            validity=Validity(NOON - HOUR, NOON + DAY),
            revoked={serial_number(one): NOON - HOUR for one in revoked},
        )
        return status_snapshot([verify_crl(crl, issuer=ROOT.certificate, at=NOON)], lists=[listed])

    silent = status_snapshot(lists=[listed])
    assert refused(token(index), silent, over=demanding) == ("tsl.3", UNAUTHORISED, *SILENT)
    for trust in (demanding, LISTED):
        assert refused(token(index), known(LEAF), over=trust) == ("tsl.3", UNAUTHORISED, *SILENT)
    assert refused(token(1), known(), over=demanding)[1:3] == ("status.revoked", Result.FAILED)


def test_a_list_of_another_service_below_the_same_authority_speaks_for_its_own_addresses_alone() -> None:
    other = revocation("other", issuer="https://other.sg.example", keys=(), leaf_rule=LISTED_RULE, status_lists=[THREE])
    own = revocation(keys=(), leaf_rule=LISTED_RULE, status_lists=[ONE])
    certificates = {"revocation": (ROOT.certificate,), "other": (ROOT.certificate,)}
    both = snapshot_of(trusted(signed(lote(own, other, service(), certificates=certificates))))

    assert taken(certified(LEAF), over=both).place == (SG, ONE)
    assert code_of(certified(leaf(ROOT, "https://other.sg.example")), both) == UNAUTHORISED
    with pytest.raises(StatusError) as caught:
        taken(certified(LEAF, address=THREE), address=THREE, over=both)
    assert caught.value.code == UNAUTHORISED


def test_a_list_under_a_key_is_not_taken_up_where_certificates_are_listed() -> None:
    assert code_of(jwt()) == UNAUTHORISED
