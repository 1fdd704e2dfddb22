"""Attestations: an integrator's word that a run came out as it did, as a compact JWS with the key of who gives it.

A signature says who vouches, and nothing more: whoever signs could have invented the run. What is attested therefore
names the corpus and the record by digest, so that the run can be made again and held against it. Nothing in it is
secret or about a person: of the target's address it has the kind alone. Clauses: RFC 7515 section 7.1; RFC 8725.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import jcs, strict_json
from idbridge.conformance import schemas
from idbridge.conformance.answer import FaultKind
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.declaration import undeclarable, unknown_name
from idbridge.conformance.judge import Outcome
from idbridge.conformance.opening import parse_address
from idbridge.conformance.profiles import Profile, Reach
from idbridge.conformance.record import Record, Row
from idbridge.conformance.reports.shown import is_name
from idbridge.conformance.run import counts
from idbridge.crypto import jws
from idbridge.crypto.header import HeaderCache, HeaderRules
from idbridge.crypto.keys import JwkPublicKey, parse_jwk
from idbridge.crypto.signer import Signer
from idbridge.errors import ConfigurationError, InputError, JoseError
from idbridge.limits import LIMITS
from idbridge.model.time import instant_text, parse_instant

TYPE: Final = "idbridge-conformance+jwt"
SCHEMA: Final = "idbridge-conformance-attestation-1"
ALGORITHMS: Final = frozenset({"ES256", "ES384", "ES512", "Ed25519", "PS256"})
_NOT_TOLD: Final = "(address not told)"
_RULES: Final = HeaderRules(types=frozenset({TYPE}), allow_jwk=True)


@dataclass(frozen=True, slots=True)
class Tally:
    """How the cases of one profile came out; ``in_corpus`` is how many of them there are."""

    in_corpus: int
    cases: int
    passed: int
    failed: int
    errors: int
    not_implemented: int
    expected_failures: int

    @property
    def adds_up(self) -> bool:
        """Tell whether every case came out in one way, and there were no more than there are."""
        ways = self.passed, self.failed, self.errors, self.not_implemented, self.expected_failures
        return sum(ways) == self.cases <= self.in_corpus

    @property
    def is_whole(self) -> bool:
        """Tell whether every case of the profile passed: what was declared or waived proves nothing."""
        return 0 < self.passed == self.in_corpus

    @property
    def is_run(self) -> bool:
        """Tell whether every case of the profile has an outcome, were it that the target declares not to do it."""
        return 0 < self.cases == self.in_corpus


@dataclass(frozen=True, slots=True)
class Attestation:
    """What somebody attests. ``signer`` is the key that signed, which says nothing about whose key it is.

    ``minted`` is how many of the cases were made for the run, and stand in no corpus.

    Made by ``open_attestation`` only, when the signature verified.
    """

    signer: JwkPublicKey
    name: str
    target_name: str
    target_version: str
    reach: Reach
    not_implemented: tuple[str, ...]
    run_at: datetime
    signed_at: datetime
    chosen_by: tuple[str, ...]
    passed: bool
    minted: int
    corpus_version: str
    corpus_digest: str
    suite_version: str
    profiles: Mapping[Profile, Tally]
    waivers: Mapping[str, str]
    record_digest: str


def attest(record: Record, corpus: Corpus, *, name: str, at: datetime, signer: Signer, allow_failures: bool) -> str:
    """Return the attestation of ``record`` by ``name``, signed at ``at`` with the key of ``signer``.

    Raises:
        ConfigurationError: The record is not good and that is not allowed, it is not of ``corpus`` or contradicts it,
            the key has no algorithm for this, or the attestation would be too large.
    """
    if not record.is_good and not allow_failures:
        raise ConfigurationError("the run is not passed, and nothing else is attested")
    if wrong := disagreement(record, corpus):
        raise ConfigurationError(f"the record does not agree with the corpus: {wrong}")
    if signer.algorithm not in ALGORITHMS:
        raise ConfigurationError(f"a key for {signer.algorithm} signs no attestation")
    if not is_name(name):
        raise ConfigurationError("this cannot be attested: a name has a letter or a digit in it, and nothing hidden")
    payload = payload_of(record, corpus, name=name, at=at)
    if wrong := schemas.fault(payload, schemas.ATTESTATION):
        raise ConfigurationError(f"this cannot be attested: {wrong}")
    text = jws.sign_compact({"typ": TYPE, "jwk": dict(signer.public_jwk)}, jcs.canonicalize(payload), signer)
    if len(text) > LIMITS.conformance_attestation_bytes:
        raise ConfigurationError(f"the attestation would have more than {LIMITS.conformance_attestation_bytes} octets")
    return text


def payload_of(record: Record, corpus: Corpus, *, name: str, at: datetime) -> dict[str, Any]:
    """Return what is attested of ``record`` as JSON values."""
    described, reached = record.description, parse_address(record.target)
    return {
        "schema": SCHEMA,
        "iat": int(at.timestamp()),
        "name": name,
        "subject": {
            "name": _without(reached.where, described.name),
            "version": described.version,
            "reach": reached.reach.value,
            "not_implemented": sorted(described.not_implemented),
        },
        "run": {
            "at": instant_text(record.at),
            "chosen_by": list(record.chosen_by),
            "passed": record.is_good,
            **({"minted": minted} if (minted := sum(row.fresh for row in record.rows)) else {}),
        },
        "corpus": {"version": record.corpus_version, "digest": record.corpus_digest},
        "suite_version": record.suite_version,
        "profiles": {profile.value: asdict(_tally(record, corpus, profile)) for profile in record.profiles},
        "waivers": _waivers(record),
        "record": {"sha256": digest_of(record)},
    }


def digest_of(record: Record) -> str:
    """Return the SHA-256 of the canonical JSON of ``record``, however the file spells it."""
    return jcs.digest_hex(record.document())


def _without(where: str, name: str) -> str:
    """Return what a target is called without where it is, which is nobody's business but that of who ran it."""
    bare = where.rstrip("/")
    return name.replace(where, _NOT_TOLD).replace(bare, _NOT_TOLD) if bare else name


def _waivers(record: Record) -> dict[str, str]:
    """Return the waivers that were needed: of the cases that failed as expected."""
    return {
        row.case: record.waivers.get(row.case, "") for row in record.rows if row.outcome is Outcome.EXPECTED_FAILURE
    }


def _tally(record: Record, corpus: Corpus, profile: Profile) -> Tally:
    told = counts([(row.outcome, row.negative) for row in record.rows if row.profile is profile])
    del told["negative_share"]
    return Tally(in_corpus=len(corpus.chosen([profile])), **told)


def disagreement(record: Record, corpus: Corpus) -> str:
    """Return what ``record`` says otherwise than ``corpus`` or than itself; empty if it agrees."""
    if record.corpus_digest != corpus.digest():
        return "it was made with another corpus than the one of this installation"
    if refused := undeclarable(record.description.not_implemented):
        return f"it declares {refused[0]}, which nobody can"
    if unknown := unknown_name(record.description.not_implemented, corpus):
        return f"it declares {unknown}, which is nothing in the corpus"
    for row in record.rows:
        if wrong := _row_disagreement(row, corpus):
            return f"{row.case} {wrong}"
        if row.outcome is Outcome.NOT_IMPLEMENTED and not record.description.declines(corpus.cases[row.case]):
            return f"{row.case} is called not implemented, and nothing declares that"
        if row.outcome is Outcome.PASSED and row.case in record.waivers:
            return f"{row.case} is called passed, and was expected to fail"
        if row.outcome is Outcome.EXPECTED_FAILURE and not record.waivers.get(row.case):
            return f"{row.case} is expected to fail, and no waiver says why"
        if row.outcome is Outcome.EXPECTED_FAILURE and _is_right(row, record.waivers[row.case]):
            return f"{row.case} is called an expected failure, and was answered as expected"
    return ""


def _row_disagreement(row: Row, corpus: Corpus) -> str:
    case = corpus.cases.get(row.case)
    if case is None or case.profile is not row.profile:
        return "is no case of that profile"
    told = row.title, row.requirements, row.negative, row.expected
    if told != (case.title, case.requirements, case.is_negative, str(case.expect)):
        return "is another case in the corpus"
    if row.outcome is Outcome.PASSED and row.detail:
        return "is called passed, and something was wrong"
    if row.outcome is Outcome.EXPECTED_FAILURE and row.got.partition(":")[0] in (one.value for one in FaultKind):
        return "is called an expected failure, and gave no verdict"
    if row.outcome in (Outcome.PASSED, Outcome.UNEXPECTED_PASS) and row.got != row.expected:
        return "is called passed with another answer than is expected"
    if row.outcome is Outcome.NOT_IMPLEMENTED and row.got:
        return "is called not implemented, and was answered"
    return ""


def _is_right(row: Row, waiver: str) -> bool:
    """Tell whether the verdict is the expected one, and nothing is told of the state or of what came before."""
    wrong = tuple(f"{waiver} ({what} " for what in ("the state afterwards differs:", "look", "question"))
    return row.got == row.expected and not row.detail.startswith(wrong)


def contradicted(attestation: Attestation, record: Record, corpus: Corpus) -> tuple[str, ...]:
    """Return what ``attestation`` says otherwise than ``record``, which it names, counted by ``corpus``; empty if none.

    Raises:
        ConfigurationError: The record is no record that could have been attested.
    """
    if wrong := disagreement(record, corpus):
        raise ConfigurationError(wrong)
    payload = payload_of(record, corpus, name=attestation.name, at=attestation.signed_at)
    due = _attestation(payload, attestation.signer)
    names = [one.name for one in fields(Attestation)]
    return tuple(name.replace("_", " ") for name in names if getattr(attestation, name) != getattr(due, name))


def open_attestation(text: str) -> Attestation:
    """Return what ``text`` attests, if it is signed with the key that it names; whose key that is remains open.

    Raises:
        InputError: ``input.too_large`` or ``input.malformed``: no JWS, or no attestation in it.
        JoseError: Its header, its algorithm, its key or its signature is not acceptable.
    """
    unverified = jws.parse_unverified(
        text.strip(), _RULES, HeaderCache(), max_bytes=LIMITS.conformance_attestation_bytes
    )
    jwk = unverified.header.members.get("jwk")
    if not isinstance(jwk, dict):
        raise JoseError("jose.header_forbidden", "the header does not name the key as one object")
    key = parse_jwk(jwk, allowed=ALGORITHMS)
    claims = strict_json.parse_object(unverified.payload, max_bytes=LIMITS.conformance_attestation_bytes)
    signed = jws.verify(unverified, claims=claims, key=key, algorithms=ALGORITHMS)
    if wrong := schemas.fault(signed.claims, schemas.ATTESTATION):
        raise InputError("input.malformed", f"what was signed is no attestation: {wrong[:300]}")
    if not any(character.isalnum() for character in signed.claims["name"]):
        raise InputError("input.malformed", "what was signed names nobody who signed it")
    return _attestation(signed.claims, key)


def _attestation(claims: Mapping[str, Any], key: JwkPublicKey) -> Attestation:
    subject, run = claims["subject"], claims["run"]
    try:
        run_at = parse_instant(run["at"])
    except ValueError:
        raise InputError("input.malformed", "the run was at no instant") from None
    return Attestation(
        signer=key,
        name=claims["name"],
        target_name=subject["name"],
        target_version=subject["version"],
        reach=Reach(subject["reach"]),
        not_implemented=tuple(subject["not_implemented"]),
        run_at=run_at,
        signed_at=datetime.fromtimestamp(claims["iat"], UTC),
        chosen_by=tuple(run["chosen_by"]),
        passed=run["passed"],
        minted=run.get("minted", 0),
        corpus_version=claims["corpus"]["version"],
        corpus_digest=claims["corpus"]["digest"],
        suite_version=claims["suite_version"],
        profiles=MappingProxyType({Profile(name): Tally(**told) for name, told in claims["profiles"].items()}),
        waivers=MappingProxyType(dict(claims["waivers"])),
        record_digest=claims["record"]["sha256"],
    )
