"""Paths judged here and by ``pyhanko-certvalidator``: what the peer refuses is never accepted here.

Both are asked about the same certificates, anchors, instant and demand, without revocation. The peer is held to what a
listed certificate says of itself, its dates, constraints and length, which RFC 5280 section 6.1 leaves open, and has no
tolerance for clocks. Every kind of difference is named with its reason, and a name without a difference is stale.
"""

import asyncio
from base64 import b64decode
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Final

import pytest
from asn1crypto import x509 as asn1
from pyhanko_certvalidator import CertificateValidator, PKIXValidationParams, ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor, derive_quals_from_cert
from pyhanko_certvalidator.errors import PathBuildingError, ValidationError
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.validate import async_validate_path, validate_usage

from idbridge.crypto.x509 import verify_path
from idbridge.errors import IssuerError
from idbridge.model.trust import LeafRule
from tests.crypto.chains import POLICY
from tests.crypto.hostile_chains import Chain, every_flaw_alone, flaws_together, make_chain
from tests.judges.court import Case, named
from tests.judges.paths import NOT_ASKED, rules
from tests.vectors import shared_vectors

SEED: Final = 20260601
TOGETHER: Final = 200

# What the peer accepts and we refuse: the flaw, and why we are stricter.
_ANCHOR: Final = "what a listed authority says of itself is held against it; to the peer an anchor is a name and a key"
_WEB: Final = "RFC 5280 demands it of whoever issues, and the library of whoever is followed"
_CONSTRAINTS: Final = "constraints on names of this kind are not evaluated, so a path under them is not followed"
_POLICIES: Final = (
    "policy constraints, mappings and inhibition are not evaluated, so an authority with any is not followed"
)
STRICTER: Final[Mapping[str, str]] = {
    "longer than four": "a path has at most four certificates, and self-issued ones count",
    "self-issued": "self-issued certificates count towards the length of a path (the peer exempts them)",
    "URI permitted": _CONSTRAINTS,
    "URI excluded": _CONSTRAINTS,
    "directory name permitted": _CONSTRAINTS,
    "policy constraints": _POLICIES,
    "inhibits any policy": _POLICIES,
    "maps the listed policy": _POLICIES,
    "maps the listed policy, critically": _POLICIES,
    "authority without usage": _WEB,
    "basic constraints not critical": _WEB,
    "empty subject": _WEB,
    "critical issuer names": _ANCHOR,
    "unknown critical extension": _ANCHOR,
    "usage without signing certificates": _ANCHOR,
    "authority for another usage": "who names usages issues for those alone; the peer asks the leaf alone",
    "issuer's name in other letters": "names are compared octet by octet; RFC 5280 section 7.1 folds letters",
    "leaf is an authority": "an authority signs no credentials",
    "leaf that signs certificates": "a key that signs certificates signs no credentials",
    "leaf of any policy": "the leaf states the listed policy itself, not any policy",
    "the anchor is the leaf": "a listed leaf keeps rule and profile; the peer asks for dates and usage alone",
}
MISLEADING: Final = {"key identifier of a stranger", "signed by a stranger"}  # whose identifier names another key
PEERS_ARE_WRONG: Final = frozenset({"an instant inside the last second", "a key identifier that points elsewhere"})

# Paths of PKITS that its courts do not name as refused good cases, because the case as a whole is bad.
PKITS_STRICTER: Final[Mapping[str, str]] = {
    "pkits/40415-invalid_negative_serial_number_test15": "a negative serial number; the peer meets it in the CRL alone",
    "pkits/41411-invalid_onlycontainsusercerts_crl_test11": "the leaf is an authority, which signs no credentials",
}
# What alone both refuse, wherever below the anchor it may stand, so that the comparison is known to bite.
BITES: Final = frozenset({
    "expired", "not yet valid", "ended a second ago", "begins in a second", "signed by a stranger",
    "signed by a stranger who says so", "another issuer's name", "unknown critical extension", "not a CA",
    "no basic constraints", "usage without signing certificates", "another host permitted", "host excluded",
    "another URI permitted", "URI excluded", "another directory name permitted", "leaf without usage",
    "leaf for key agreement", "leaf for another usage", "leaf without extended usage", "an authority is missing",
    "the anchor is a stranger", "the anchor is a namesake", "issued by a leaf",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What both said of one chain: the refusals, empty if accepted. ``named`` is why the peer need not be followed."""

    name: str
    flaws: frozenset[str]
    ours: str
    peers: str
    named: str = ""


def anchor(der: bytes) -> CertTrustAnchor:
    """An anchor bound by what its certificate says, but for policies: which are good is what the list says."""
    certificate = asn1.Certificate.load(der)
    quals = derive_quals_from_cert(certificate)
    params = quals.standard_parameters
    if params is not None:
        anything = PKIXValidationParams()
        params = replace(
            params, user_initial_policy_set=anything.user_initial_policy_set, initial_explicit_policy=False
        )
    # The peer fails over a length for one kind of path without one for the other.
    return CertTrustAnchor(
        certificate, replace(quals, standard_parameters=params, max_aa_path_length=quals.max_path_length)
    )


def context(chain: Chain) -> ValidationContext:
    return ValidationContext(
        trust_roots=[anchor(der) for der in chain.anchors],
        other_certs=[asn1.Certificate.load(der) for der in chain.certificates[1:]],
        moment=chain.at,
        allow_fetching=False,
        revocation_mode="none",
        time_tolerance=timedelta(0),
    )


def demand(rule: LeafRule | None, **more: bool) -> PKIXValidationParams:
    if rule is None or rule.policy is None:
        return PKIXValidationParams(**more)
    explicit = {**more, "initial_explicit_policy": True}
    return PKIXValidationParams(user_initial_policy_set=frozenset({rule.policy}), **explicit)


def usages(chain: Chain) -> set[str]:
    return {chain.rule.extended_key_usage} if chain.rule and chain.rule.extended_key_usage else set()


def peer(chain: Chain, params: PKIXValidationParams) -> str:
    """What the peer says against the chain. Anything else that it raises fails the test."""
    leaf = asn1.Certificate.load(chain.certificates[0])
    validator = CertificateValidator(leaf, validation_context=context(chain), pkix_params=params)
    try:
        asyncio.run(validator.async_validate_usage({"digital_signature"}, usages(chain)))
    except (PathBuildingError, ValidationError) as refused:
        return f"{type(refused).__name__}: {refused}"
    return ""


def same_path(chain: Chain, path: tuple[bytes, ...], params: PKIXValidationParams) -> bool:
    """Tell whether the peer's validation lets the very path pass that we found, however the peer looks for paths."""
    leaf, *between = [asn1.Certificate.load(der) for der in path[:-1]]
    walked = ValidationPath(anchor(path[-1]), list(reversed(between)), leaf)
    try:
        asyncio.run(async_validate_path(context(chain), walked, params))
        validate_usage(leaf, {"digital_signature"}, usages(chain), extended_optional=False)
    except ValidationError:
        return False
    return True


def judge(chain: Chain, params: PKIXValidationParams, name: str = "") -> Verdict:
    said = peer(chain, params)
    name = name or f"{', '.join(chain.flaws)} ({chain.rule})"
    try:
        path = verify_path(chain.certificates, anchors=chain.anchors, at=chain.at, rule=chain.rule)
    except IssuerError as refused:
        return Verdict(name, chain.names, refused.code, said)
    return Verdict(name, chain.names, "", said, excuse(chain, path.chain, params) if said else "")


def excuse(chain: Chain, path: tuple[bytes, ...], params: PKIXValidationParams) -> str:
    """Why the peer is not followed, if it is one of two reasons; each is shown by asking the peer once more."""
    whole = replace(chain, at=chain.at.replace(microsecond=0))
    if chain.at != whole.at and not peer(whole, params):
        # RFC 5280 section 4.1.2.5: dates have no fractions, and the last second is part of the validity. The peer
        # tolerates a second unless told otherwise, as it is here.
        return "an instant inside the last second"
    if chain.names & MISLEADING and same_path(chain, path, params):
        # RFC 5280 section 4.2.1.1: key identifiers help to find a path, and section 6.1 does not ask for them. The
        # peer does not look at an issuer whose identifier is another, though its key made the signature.
        return "a key identifier that points elsewhere"
    return ""


@cache
def generated() -> tuple[Verdict, ...]:
    chains = [*every_flaw_alone(), *flaws_together(SEED, TOGETHER)]
    return tuple(judge(chain, demand(chain.rule)) for chain in chains)


@cache
def pkits() -> tuple[Verdict, ...]:
    return tuple(verdict for case in shared_vectors("pkits") for verdict in published(case))


def published(case: Case) -> list[Verdict]:
    """The verdicts on a case of PKITS, one for each rule that a list could state for it."""
    about = case["context"]
    wanted = {name: value for name, value in about.get("params", {}).items() if isinstance(value, bool)}
    certificates = (b64decode(case["input"]), *map(b64decode, about["others"]))
    anchors, at = tuple(map(b64decode, about["trusted"])), datetime.fromisoformat(about["time"])
    return [
        judge(Chain((), certificates, anchors, at, rule), demand(rule, **wanted), case["id"]) for rule in rules(case)
    ]


def alone(verdicts: tuple[Verdict, ...]) -> dict[str, list[Verdict]]:
    """The verdicts on chains with one flaw, by flaw."""
    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if len(verdict.flaws) == 1:
            found.setdefault(*verdict.flaws, []).append(verdict)
    return found


@pytest.mark.parametrize(
    ("critical", "code"), [(False, "issuer.certificate_profile"), (True, "issuer.chain_untrusted")]
)
def test_below_an_authority_that_maps_it_away_nobody_has_the_listed_policy(critical: bool, code: str) -> None:
    mapping = "maps the listed policy" + ", critically" * critical
    chain = make_chain(2, rule=POLICY, flaws={1: [mapping]})
    twin = make_chain(2, rule=POLICY, flaws={})

    assert judge(twin, demand(POLICY)).ours == ""
    assert judge(chain, demand(POLICY)).ours == code


@pytest.mark.parametrize("tree", ["address permitted", "address excluded"])
@pytest.mark.parametrize("place", [0, 1])
def test_an_address_in_the_subject_is_bound_by_constraints_on_addresses(tree: str, place: int) -> None:
    chain = make_chain(2, rule=None, flaws={place: [tree], 2: ["address in the subject"]})
    twin = make_chain(2, rule=None, flaws={2: ["address in the subject"]})

    assert judge(twin, demand(None)).ours == ""
    assert judge(chain, demand(None)).ours == "issuer.certificate_profile"


def test_what_the_peer_refuses_is_not_accepted_here() -> None:
    wrong = [verdict for verdict in generated() if verdict.peers and not verdict.ours and not verdict.named]

    assert wrong == []


def test_where_the_peer_is_not_followed_each_of_the_reasons_is_met() -> None:
    assert {verdict.named for verdict in generated() if verdict.named} == PEERS_ARE_WRONG


def test_where_we_are_stricter_the_reason_is_written() -> None:
    stricter = [verdict for verdict in generated() if verdict.ours and not verdict.peers]

    assert [verdict for verdict in stricter if verdict.flaws.isdisjoint(STRICTER)] == []
    met = {frozenset(verdict.flaws & STRICTER.keys()) for verdict in stricter}
    assert {name for name in STRICTER if {name} not in met} == set()


def test_a_flaw_that_bites_is_refused_by_both() -> None:
    lone = alone(generated())

    assert {name for name in BITES if not any(verdict.ours and verdict.peers for verdict in lone[name])} == set()


def test_chains_without_a_flaw_are_accepted_by_both() -> None:
    plain = [verdict for verdict in generated() if not verdict.flaws]

    assert len(plain) >= 9
    assert all(verdict.ours == verdict.peers == "" for verdict in plain)


def test_the_comparison_has_many_chains_of_every_outcome() -> None:
    outcomes = Counter((bool(verdict.ours), bool(verdict.peers)) for verdict in generated())

    assert outcomes[False, False] > 150
    assert outcomes[True, True] > 150


def test_no_path_of_pkits_is_accepted_here_and_refused_by_the_peer() -> None:
    wrong = {verdict.name for verdict in pkits() if verdict.peers and not verdict.ours and not verdict.named}

    assert wrong == set(NOT_ASKED)


def test_each_path_of_pkits_that_we_alone_refuse_is_named() -> None:
    stricter = {verdict.name for verdict in pkits() if verdict.ours and not verdict.peers}

    assert stricter - set(named("pkits")) == set(PKITS_STRICTER)
