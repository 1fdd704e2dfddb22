"""What people did to a proposal, each act signed by whoever did it, so that it can travel with the proposal.

Decides which acts are signed by the key that they name and are about these octets, and that there is one for each
signature of the metadata; whether those are enough, the metadata alone decides. Acts end up in the records of the
tree, where one that was taken out or retold would be missed by nobody. Clause: architecture D8.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from idbridge.codec import jcs, strict_json
from idbridge.crypto import jws
from idbridge.crypto.header import HeaderCache, HeaderRules
from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import Signer
from idbridge.errors import InputError, JoseError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.model.time import instant_text
from idbridge.trust import members
from idbridge.trust.tuf.errors import broken

TYPE: Final = "idbridge-act+json"
PROPOSE: Final = "propose"
SIGN: Final = "sign"
_RULES: Final = HeaderRules(types=frozenset({TYPE}))
_MEMBERS: Final = frozenset({"act", "at", "by", "role", "payload", "diff", "reason"})


@dataclass(frozen=True, slots=True)
class Act:
    """One act. ``payload`` is the SHA-256 (hex) of the octets that the metadata signs, ``diff`` of the change seen."""

    act: str
    at: datetime
    by: str
    role: str
    payload: str
    diff: str
    reason: str
    jws: str

    @property
    def about(self) -> tuple[str, str, str, str]:
        """What the act is about: the role, the octets, the change, and the reason that was given for it."""
        return self.role, self.payload, self.diff, self.reason

    def document(self) -> dict[str, Any]:
        """Return the act as plain JSON values."""
        return {**_said(self), "jws": self.jws}


def _said(act: Act) -> dict[str, Any]:
    return {
        "act": act.act,
        "at": instant_text(act.at),
        "by": act.by,
        "role": act.role,
        "payload": act.payload,
        "diff": act.diff,
        "reason": act.reason,
    }


def written(
    act: str, *, role: str, payload: str, diff: str, reason: str, signer: Signer, at: datetime
) -> str:  # fmt: skip
    """Return ``act`` as its performer signs it."""
    by = thumbprint(signer.public_jwk)
    done = Act(act, at.replace(microsecond=0), by, role, payload, diff, reason, "")
    return jws.sign_compact({"typ": TYPE, "kid": by}, jcs.canonicalize(_said(done)), signer)


def opened(compact: str, *, keys: Mapping[str, PublicKey]) -> Act:
    """Return the act that ``compact`` holds; ``keys`` are those that may have performed it, by thumbprint.

    Raises:
        TrustError: ``trust.metadata_invalid``: another form, or a signature that is not of the key that it names.
    """
    try:
        unverified = jws.parse_unverified(compact, _RULES, HeaderCache(), max_bytes=LIMITS.act_bytes)
        said = strict_json.parse(unverified.payload, max_bytes=LIMITS.record_bytes)
        act = _act(members.table(said, required=_MEMBERS, where="an act"), compact)
        if unverified.payload != jcs.canonicalize(said):  # blanks would make its record too long to be written
            raise broken("an act is not written canonically")
        key = keys.get(act.by)
        if key is None or unverified.header.kid != act.by:
            raise broken("an act of a key that has no part in this")
        jws.verify(unverified, claims=said, key=key, algorithms=key.algorithms)
    except (InputError, JoseError) as refusal:
        raise broken(f"an act is not signed in order: {refusal.detail}") from refusal
    return act


def require_complete(
    found: Sequence[Act], *, about: tuple[str, str, str, str], proposer: str, signers: Collection[str]
) -> None:
    """Return if each of ``signers`` did one act ``about`` just this, ``proposer`` proposed it, and that is all.

    Raises:
        TrustError: ``trust.metadata_invalid``.
    """
    if any(one.about != about for one in found):
        raise broken("an act that comes along is about another proposal, or gives another reason")
    if sorted(one.by for one in found) != sorted(signers):
        raise broken("the acts that come along are not one for each signature")
    if any(one.act != act_of(one.by, proposer=proposer) for one in found):
        raise broken("an act that comes along is not what its performer did")


def act_of(performer: str, *, proposer: str) -> str:
    """Return what somebody does who signs a proposal of ``proposer``."""
    return PROPOSE if performer == proposer else SIGN


def _act(said: dict[str, Any], compact: str) -> Act:
    try:
        return Act(
            act=members.text(said["act"], where="act"),
            at=members.instant(said["at"], where="at"),
            by=members.text(said["by"], where="by"),
            role=members.text(said["role"], where="role"),
            payload=members.text(said["payload"], where="payload"),
            diff=members.text(said["diff"], where="diff"),
            reason=members.text(said["reason"], where="reason"),
            jws=compact,
        )
    except TrustError as refusal:
        raise broken(f"an act: {refusal.detail}") from refusal
