"""Simulation: which verdicts a proposed list would change, before anybody signs it.

Puts the proposal in the place of its state's list, everything else staying as it is, and asks the same questions of
both: the cases of the pretend region, and requests that somebody recorded. Decides nothing; whether the proposal would
be accepted at all is for ``trusted_set``. A proposal that nobody has signed yet is signed here, for the simulation
alone: nothing of it leaves.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import base64url
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import Signer
from idbridge.errors import InputError, TrustError
from idbridge.model.randomness import Randomness
from idbridge.model.region import MemberState
from idbridge.model.request import VerifyRequest
from idbridge.reasons import Indication
from idbridge.sandbox.case import Case, Kind
from idbridge.sandbox.catalogue import cases
from idbridge.sandbox.mint import mint
from idbridge.sandbox.region import Region
from idbridge.sandbox.run import reported
from idbridge.sandbox.statuses import statuses_of
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust import jades, ledger, profile
from idbridge.trust.errors import violation
from idbridge.trust.floor import Floor
from idbridge.trust.profile import TrustList
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from idbridge.trust.trusted_set import TrustedSet
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier

SANDBOX: Final = "sandbox"  # the group of the region's own cases
_ASKED: Final = (Kind.VERIFY, Kind.SEQUENCE)
_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one question: the indication, and the code of the reason if it is not passed."""

    indication: Indication
    code: str | None

    def __str__(self) -> str:
        return self.indication.value if self.code is None else f"{self.indication.value} {self.code}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of one question. ``group`` is ``sandbox``, or the name of a bundle."""

    group: str
    name: str
    before: Verdict
    after: Verdict

    @property
    def changed(self) -> bool:
        """Tell whether the verdict is another one, or has another reason."""
        return self.before != self.after

    def document(self) -> dict[str, Any]:
        """Return the comparison as plain JSON values."""
        return {
            "group": self.group,
            "case": self.name,
            "before": self.before.indication.value,
            "before_code": self.before.code,
            "after": self.after.indication.value,
            "code": self.after.code,
        }


@dataclass(frozen=True, slots=True)
class Question:
    """A recorded request, and the instant at which it is asked."""

    group: str
    name: str
    request: VerifyRequest
    at: datetime


def unsigned_payload(offered: bytes) -> bytes:
    """Return the payload of a proposal: of a list that somebody signed already, or of a draft in JSON.

    Raises:
        TrustError: ``trust.profile_violation``: it is neither.
    """
    if offered.lstrip()[:1] == b"{":
        return offered
    parts = offered.split(b".")
    try:
        if len(parts) != _PARTS:
            raise violation("neither a signed list nor a draft of one")
        return base64url.decode(parts[1].decode("ascii"))
    except (InputError, UnicodeDecodeError):
        raise violation("neither a signed list nor a draft of one") from None


def proposed_list(
    offered: bytes, *, state: MemberState, present: TrustSnapshot, signer: Signer, at: datetime
) -> TrustList:
    """Return the list that ``offered`` holds, as ``state`` would have it, signed for the simulation by ``signer``.

    Raises:
        TrustError: It breaks the profile, or speaks for another state or environment.
    """
    resigned = jades.sign(unsigned_payload(offered), signer, at=at).encode("ascii")
    key = parse_jwk(signer.public_jwk)
    listed = profile.parse(resigned, state=state, environment=present.environment, keys=(key,))
    others = (one.issuers for other, one in present.lists.items() if other is not state)
    return profile.without_foreign_issuers(listed, foreign=frozenset().union(*others))


def with_list(present: TrustSnapshot, listed: TrustList, *, signer: Signer) -> TrustSnapshot:
    """Return a snapshot in which ``listed`` is in the place of its state's list, and nothing else differs."""
    state = listed.provenance.member_state
    lists = MappingProxyType({**present.lists, state: listed})
    trusted = TrustedSet(
        present.environment,
        pins=MappingProxyType({state: (parse_jwk(signer.public_jwk),)}),
        lists=lists,
        arrangement_index=present.arrangements,
        purpose_register=present.purposes,
        denials=present.denials,
    )
    absent = {one: code for one, code in present.states_without_list.items() if one is not state}
    return snapshot_of(trusted, states_without_list=absent, regional=present.regional)


def refusal(present: TrustList | None, proposed: TrustList, *, at: datetime) -> TrustError | None:
    """Return why a node that holds ``present`` would refuse ``proposed`` for what came before, if it would.

    Its own keys, dates and signatures are not looked at: those are still to come.
    """
    if present is None:
        return None
    held = ledger.extended(ledger.EMPTY, present, at=at)
    try:
        Floor(present.provenance.sequence, present.content).admits(proposed.provenance.sequence, proposed.content)
        ledger.extended(held, proposed, at=at)
    except TrustError as refused:
        return refused
    return None


def asked_cases(region: Region) -> tuple[Case, ...]:
    """Return the cases whose verdict depends on the lists, for nodes of this region's environment."""
    return tuple(case for case in cases() if case.kind in _ASKED and case.environment is region.environment)


def compare_cases(
    chosen: Iterable[Case],
    *,
    region: Region,
    present: TrustSnapshot,
    proposed: TrustSnapshot,
    at: datetime,
    randomness: Randomness,
) -> Iterator[Comparison]:
    """Yield what becomes of each case: the very same input, put to a node with either snapshot."""
    nodes = [(trust, statuses_of(region, trust=trust, at=at)) for trust in (present, proposed)]
    made_by = region.snapshot(at=at)
    for case in chosen:
        minted = mint(case, region=region, at=at, randomness=randomness, trust=made_by)
        before, after = (
            _verdict(reported(minted, region=region, trust=trust, statuses=statuses, at=at))
            for trust, statuses in nodes
        )
        yield Comparison(SANDBOX, case.name, before, after)


def compare_questions(
    questions: Iterable[Question], *, present: TrustSnapshot, proposed: TrustSnapshot
) -> Iterator[Comparison]:
    """Yield what becomes of each recorded request; at an instant that is past nothing is accepted by it."""
    verifiers = [Verifier(trust=one, status=EMPTY_STATUS) for one in (present, proposed)]
    for one in questions:
        before, after = (_verdict(verifier.verify(one.request, at=one.at, historical=True)) for verifier in verifiers)
        yield Comparison(one.group, one.name, before, after)


def _verdict(report: Report) -> Verdict:
    return Verdict(report.indication, report.reason.code if report.reason is not None else None)
