"""What an mdoc costs: the issuer's part alone, with the device's signature, and what two peers spend on the same."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from isomdoc.verify.verify_mdoc import verify_device_response  # type: ignore[import-untyped]  # it ships no types
from pymdoccbor.mdoc.verifier import MdocCbor  # type: ignore[import-untyped]  # as above

from benchmarks.corpus import Question
from benchmarks.harness import Subject
from benchmarks.subjects import Bench, verifications
from idbridge.codec import base64url, cbor
from idbridge.credential.session_transcript import session_transcript
from idbridge.crypto.signature import VerifiedSignatures
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import MemberState
from idbridge.model.request import Expectations, Session, VerifyRequest
from idbridge.sandbox.bench import Bench as Workbench
from idbridge.sandbox.mdocs import Mdoc
from idbridge.sandbox.region import Region
from idbridge.sandbox.sources import Sources, read_sources
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.verify.verifier import Verifier

ISSUER_PART: Final = "mdoc, 10 elements, issuer part"
DEVICE_SIGNED: Final = "mdoc, 10 elements, device signature"
TARGETS: Final = MappingProxyType({ISSUER_PART: 1.9, DEVICE_SIGNED: 3.2})
_SERVICE: Final = "sg-mdoc"
_TEN: Final = Mdoc(_SERVICE, "sg-tan", withheld=("sex",))


def mdocs(*, at: datetime, distinct: int) -> tuple[Subject, ...]:
    """Return the subjects, over a region of their own whose list lets a document be shown without its device."""
    region = Region.generate(at=at, sources=_device_optional(read_sources()))
    signatures = VerifiedSignatures()
    verifier = Verifier(trust=region.snapshot(at=at), status=EMPTY_STATUS, signatures=signatures)
    bench = Bench(verifier, signatures)
    workbench = Workbench(region, at, SystemRandomness())
    alone = [_question(workbench, replace(_TEN, alone=True), purpose="building-visit") for _ in range(distinct)]
    bound = [_question(workbench, _TEN, purpose="account-opening") for _ in range(distinct)]
    return (
        *verifications(ISSUER_PART, alone, bench, at=at),
        *verifications(DEVICE_SIGNED, bound, bench, at=at),
        _isomdoc(bound),
        _pymdoccbor(bound),
    )


def _isomdoc(questions: list[Question]) -> Subject:
    """It verifies issuer and device, and trusts every signer."""
    asked = [(base64url.decode(one.request.credential), _transcript(one.request)) for one in questions]

    def turn() -> None:
        for octets, transcript in asked:
            verify_device_response(octets, transcript)

    return Subject("peer: isomdoc, device signature", len(asked), turn)


def _pymdoccbor(questions: list[Question]) -> Subject:
    """It verifies the issuer's part alone, and trusts every signer."""
    logging.getLogger("pymdoccbor").setLevel(logging.ERROR)  # it warns once a document that it trusts every signer
    asked = [base64url.decode(one.request.credential).hex() for one in questions]

    def turn() -> None:
        for octets in asked:
            document = MdocCbor()
            document.loads(octets)
            if not document.verify():
                raise ValueError("a measured document was refused")

    return Subject("peer: pymdoccbor, issuer part", len(asked), turn)


def _transcript(request: VerifyRequest) -> list[Any]:
    session, nonce = request.expected.session, request.expected.nonce
    if session is None or nonce is None:
        raise ValueError("a measured document was shown in no session")
    transcript: list[Any] = cbor.decode(session_transcript(session, nonce), max_bytes=LIMITS.token_bytes)
    return transcript


def _question(bench: Workbench, source: Mdoc, *, purpose: str) -> Question:
    asking = bench.region.registration("th-bank")
    shown = source.shown(bench, to=asking)
    session = shown.expected.get("session")
    request = VerifyRequest(
        credential=shown.credential,
        relying_party=asking.relying_party,
        purpose=purpose,
        expected=Expectations(nonce=shown.nonce, session=Session(**session) if session is not None else None),
        claims=("name",),
    )
    return Question(request, MemberState.SG, bench.region.keys.api["th-bank"], _SERVICE)


def _device_optional(written: Sources) -> Sources:
    """Return the documents with one service of Singapore that demands no device."""

    def changed(service: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**service, "holder_binding": "optional"} if service["id"] == _SERVICE else service

    source = written.lists[MemberState.SG]
    providers = [
        {**provider, "service": [changed(service) for service in provider["service"]]}
        for provider in source["provider"]
    ]
    lists = {**written.lists, MemberState.SG: {**source, "provider": providers}}
    return replace(written, lists=MappingProxyType(lists))
