"""The in-process subjects: the unit, whole verifications and the trust path, each over distinct input."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.corpus import Corpus, Question
from benchmarks.harness import Subject
from idbridge.credential.envelope import FORMATS, open_credential
from idbridge.credential.protocol import Reading
from idbridge.crypto.jws import HeaderCache
from idbridge.crypto.signature import VerifiedSignatures
from idbridge.limits import LIMITS
from idbridge.model.request import Detail
from idbridge.reasons import Indication
from idbridge.trust.resolver import KeyResolver
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier

UNIT: Final = "one raw P-256 verification"
ID_TOKEN: Final = "ES256 ID token"  # noqa: S105 - what is measured, and no secret
WIDE: Final = "SD-JWT VC, 10 disclosures, KB-JWT"
REPEATED: Final = "... shown again with another KB-JWT"
_MESSAGE_OCTETS: Final = 600


@dataclass(frozen=True, slots=True)
class Bench:
    """The verifier that is measured, and the memory of signatures that it uses."""

    verifier: Verifier
    signatures: VerifiedSignatures


def unit(count: int) -> Subject:
    """Return what everything else is measured in: the primitive alone, with a parsed key, over distinct messages."""
    private_key = ec.generate_private_key(ec.SECP256R1())
    scheme = ec.ECDSA(hashes.SHA256())
    messages = [number.to_bytes(_MESSAGE_OCTETS) for number in range(count)]
    signed = [(private_key.sign(message, scheme), message) for message in messages]
    verify = private_key.public_key().verify

    def turn() -> None:
        for signature, message in signed:
            verify(signature, message, scheme)

    return Subject(UNIT, count, turn)


def verifications(
    name: str, questions: Sequence[Question], bench: Bench, *, at: datetime, known: bool = False
) -> tuple[Subject, ...]:
    """Return two subjects that answer each question once: the verdict (V2 to V9), and with it the simple report.

    Every issuer's signature is verified in every turn, unless it is ``known``.
    """
    requests = [question.request for question in questions]
    verifier = bench.verifier

    def verdict() -> None:
        if not known:
            bench.signatures.clear()
        for request in requests:
            _require_passed(verifier.verify(request, at=at))

    def reported() -> None:
        if not known:
            bench.signatures.clear()
        for request in requests:
            report = verifier.verify(request, at=at)
            _require_passed(report)
            report.render(Detail.SIMPLE, report_id="rep_benchmark")

    return Subject(name, len(requests), verdict), Subject("... and its simple report", len(requests), reported)


def _require_passed(report: Report) -> None:
    if report.indication is not Indication.PASSED:
        raise ValueError("a measured credential was refused")


def paths(questions: Sequence[Question], verifier: Verifier, *, at: datetime) -> tuple[Subject, Subject]:
    """Return step V3 for credentials with ``x5c``: the path known already, and the path verified anew."""
    reading = Reading(HeaderCache())
    opened = [open_credential(question.request.credential, None, reading)[0] for question in questions]
    asked = [
        (unverified, FORMATS[unverified.format].credential_type(unverified))
        for unverified in opened
        if unverified.message.header.certificates
    ]
    warm = KeyResolver(verifier.trust)

    def hit() -> None:
        for unverified, kind in asked:
            warm.resolve(unverified=unverified, credential_type=kind, at=at)

    def miss() -> None:
        for unverified, kind in asked:
            KeyResolver(verifier.trust).resolve(unverified=unverified, credential_type=kind, at=at)

    hit()
    return Subject("X.509 path, hit", len(asked), hit), Subject("X.509 path, miss", len(asked), miss)


def everything(corpus: Corpus, bench: Bench, *, at: datetime, distinct: int) -> tuple[Subject, ...]:
    """Return every subject; ``distinct`` credentials each, none of them shared."""
    if distinct > LIMITS.header_cache_entries:
        raise ValueError("more issuers' headers than a verifier keeps")
    mixed = corpus.presentations(distinct)
    return (
        unit(distinct),
        *verifications(ID_TOKEN, corpus.id_tokens(distinct, algorithm="ES256"), bench, at=at),
        *verifications(WIDE, corpus.wide_presentations(distinct), bench, at=at),
        *verifications(REPEATED, corpus.repeated_presentations(distinct), bench, at=at, known=True),
        *paths(mixed, bench.verifier, at=at),
        *verifications("ID tokens of all states and algorithms", corpus.id_tokens(distinct), bench, at=at),
        *verifications("SD-JWT VCs of all states and algorithms", mixed, bench, at=at),
    )
