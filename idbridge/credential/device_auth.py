"""Device authentication: does whoever presented the mdoc hold the key that the issuer named, in this very session?

Decides M12, M13 and M15 (ISO 18013-5, 9.1.3; OpenID4VP 1.0, B.2.6), by what ``device_proof`` says of the proof itself.
The proof covers a session, so without the session that the relying party expects there is nothing to verify it over,
and the presentation is that of a bearer, where that is allowed. What the device signed of its own is never released: it
is the holder's word, not the issuer's.
"""

from typing import Final, NamedTuple

from idbridge.credential.device_proof import Proof, device_key, holds, parse_proof
from idbridge.credential.key_binding import expects_answer, expects_holder
from idbridge.credential.mdoc_document import DeviceSigned
from idbridge.credential.mso import Mso
from idbridge.credential.session_transcript import session_transcript, variations
from idbridge.errors import Refusal
from idbridge.model.check import Check, CheckPoint, Step
from idbridge.model.credential import HolderMethod
from idbridge.model.keys import PublicKey
from idbridge.model.request import Session, VerifyRequest
from idbridge.model.trust import HolderBindingRule

DEVICE: Final = CheckPoint("mdoc.12", Step.V5, "ISO 18013-5 section 9.1.3")
AUTHORISED: Final = CheckPoint("mdoc.13", Step.V5, "ISO 18013-5 section 9.1.2.4")
SESSION: Final = CheckPoint("mdoc.15", Step.V5, "OpenID4VP 1.0 section B.2.6")

_ORIGIN_PREFIX: Final = "origin:"
_NO_SESSION: Final = SESSION.skipped("the request gives no session, so anyone with a copy could show this")
_UNVERIFIED: Final = DEVICE.skipped("there is no session to verify the device's proof over")
_NO_DEVICE: Final = "no device presented it"
_NOT_SIGNED: Final = (AUTHORISED.skipped(_NO_DEVICE), SESSION.skipped(_NO_DEVICE))


class DeviceVerdict(NamedTuple):
    """What came of the device's proof: the checks of M12, M13 and M15, and how possession was proven, if it was."""

    device: Check
    authorised: Check
    session: Check
    method: HolderMethod = HolderMethod.NONE
    key_thumbprint: str | None = None


_BEARER: Final = DeviceVerdict(DEVICE.skipped(_NO_DEVICE), *_NOT_SIGNED)


class Presenting(NamedTuple):
    """What a device's proof has to fit: the security object, the issuer's key, the list's rule, and who asks."""

    mso: Mso
    doc_type: str
    issuer_key: PublicKey
    rule: HolderBindingRule
    request: VerifyRequest

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


def judge_device(device: DeviceSigned | None, presenting: Presenting) -> DeviceVerdict:
    """Return the verdict on what the device signed, ``None`` for an IssuerSigned that came without a device."""
    if device is None:
        return _without_device(presenting)
    authorised = _authorised(device, presenting.mso)
    try:
        proof = parse_proof(device, doc_type=presenting.doc_type)
        session, nonce = presenting.request.expected.session, presenting.request.expected.nonce
        if session is None or nonce is None:
            return DeviceVerdict(_UNVERIFIED, authorised, _sessionless(presenting))
        return _in_session(proof, presenting, session, nonce)._replace(authorised=authorised)
    except Refusal as refusal:
        why = SESSION.skipped(f"{DEVICE.id} refused")
        return DeviceVerdict(DEVICE.refused(refusal.code, refusal.detail), authorised, why)


def _without_device(presenting: Presenting) -> DeviceVerdict:
    """Judge whether a device was needed where there is none: by the listing, or by what the request expects."""
    request = presenting.request
    if presenting.rule is HolderBindingRule.REQUIRED or expects_holder(request):
        return DeviceVerdict(DEVICE.refused("holder.binding_missing", _NO_DEVICE), *_NOT_SIGNED)
    return _BEARER


def _sessionless(presenting: Presenting) -> Check:
    """Judge a presentation whose session the request does not give, or not in full (M15)."""
    if presenting.rule is HolderBindingRule.REQUIRED or expects_answer(presenting.request):
        return SESSION.refused("mdoc.session_missing", "needed are `expected.nonce` and `expected.session`")
    return _NO_SESSION


def _authorised(device: DeviceSigned, mso: Mso) -> Check:
    """Judge whether the issuer allowed the device to sign each of its elements (M13)."""
    for name_space, elements in device.elements.items():
        if not all(mso.authorizations.cover(name_space, element) for element in elements):
            return AUTHORISED.refused("mdoc.element_not_authorised")
    return AUTHORISED.passed


def _in_session(proof: Proof, presenting: Presenting, session: Session, nonce: str) -> DeviceVerdict:
    """Return the verdict on a proof that should be over ``session`` and ``nonce``.

    Raises:
        Refusal: As for ``device_key`` and ``holds``.
    """
    key = device_key(presenting.mso.device_key, issuer_key=presenting.issuer_key)
    reader, audience = presenting.request.reader_key, _audience(session, presenting.request)
    if holds(proof, session_transcript(session, nonce), key=key, reader=reader):
        if presenting.rule is HolderBindingRule.NONE:
            return DeviceVerdict(DEVICE.passed, AUTHORISED.passed, audience)
        return DeviceVerdict(DEVICE.passed, AUTHORISED.passed, audience, proof.method, key.thumbprint)
    for difference, transcript in variations(session, nonce):
        if holds(proof, transcript, key=key, reader=reader):
            mismatch = SESSION.refused("mdoc.session_mismatch", f"the device answered to {difference}")
            return DeviceVerdict(DEVICE.passed, AUTHORISED.passed, mismatch)
    note = "neither this session nor one that differs from it in a likely input"
    return DeviceVerdict(DEVICE.refused("holder.signature_invalid", note), AUTHORISED.passed, audience)


def _audience(session: Session, request: VerifyRequest) -> Check:
    """Judge for whom the session was (M15): who asks, and whom the request expects; nobody passes on what they saw."""
    registered, expected = request.relying_party.audiences, request.expected.audience
    if session.origin is not None:
        names = frozenset({session.origin, _ORIGIN_PREFIX + session.origin})
    else:
        names = frozenset({session.client_id or ""})
    if not names.isdisjoint(registered if expected is None else registered & {expected}):
        return SESSION.passed
    accepted = ", ".join(sorted(registered if expected is None else registered & {expected}))
    return SESSION.refused("holder.audience_mismatch", f"accepted here: {accepted or 'no audience is registered'}")
