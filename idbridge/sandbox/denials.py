"""Denials put before a node: deny lists that it is offered, and logins of who is denied.

Whoever may deny, ratify and lift in the pretend region has keys that are made for the attempt. A deny list is written
entry by entry as the states would; what is wrong with a bad one is one named detail.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from idbridge.crypto.keys import parse_jwk, thumbprint
from idbridge.crypto.seeded_keys import RANDOM, KeyMaker
from idbridge.crypto.signer import FileSigner
from idbridge.model.denial import DenialReason, DenialTarget, FollowUpKind
from idbridge.model.region import Environment, MemberState, ServiceType
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.logins import Login
from idbridge.sandbox.questions import question
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust import deny_list
from idbridge.trust.deny import Authorities, Quorum
from idbridge.trust.deny_entry import (
    STATE_TARGET,
    denial_payload,
    entry_id,
    follow_up_payload,
    key_target,
    reread,
    service_target,
    sign_entry,
)
from idbridge.trust.snapshot import snapshot_of
from idbridge.trust.trusted_set import TrustedSet
from idbridge.verify.verifier import Verifier

SG, TH, KH, MY = MemberState.SG, MemberState.TH, MemberState.KH, MemberState.MY
STATES: Final = (SG, TH, KH, MY)
_HELD_NUMBER: Final = 5
_HOUR: Final = timedelta(hours=1)
_OWN_THRESHOLD: Final = 2
_REGIONAL_THRESHOLD: Final = 3

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Officers:
    """Keys of four states: one on call each, three of each state's own role, one of each in the region's quorum."""

    on_call: Mapping[MemberState, FileSigner]
    own: Mapping[MemberState, tuple[FileSigner, ...]]
    regional: Mapping[MemberState, FileSigner]

    @classmethod
    def generate(cls, maker: KeyMaker = RANDOM) -> "Officers":
        """Return officers with keys that ``maker`` makes."""

        def made(office: str) -> FileSigner:
            return maker.make("ES256", name=f"officer/{office}")

        return cls(
            MappingProxyType({state: made(f"{state}-on-call") for state in STATES}),
            MappingProxyType({state: tuple(made(f"{state}-{number}") for number in range(3)) for state in STATES}),
            MappingProxyType({state: made(f"{state}-regional") for state in STATES}),
        )

    def authorities(self) -> Authorities:
        """Return who may say what: two of a state's three keys, three of the four states for the region."""
        return Authorities(
            on_call={state: (parse_jwk(signer.public_jwk),) for state, signer in self.on_call.items()},
            quorums={state: _quorum({state: self.own[state]}, _OWN_THRESHOLD, distinct=False) for state in STATES},
            region=_quorum({state: (self.regional[state],) for state in STATES}, _REGIONAL_THRESHOLD, distinct=True),
        )

    def denial(
        self,
        target: DenialTarget,
        by: tuple[MemberState, ...],
        *,
        at: datetime,
        environment: Environment,
        written: Callable[[Payload], Payload] = dict,
    ) -> bytes:
        """Return a denial of something of Singapore by the on-call keys of the states ``by``."""
        payload = written(
            denial_payload(
                SG, target, environment=environment, since=at, reason=DenialReason.KEY_COMPROMISE, issued_at=at
            )
        )
        signers = {state: (self.on_call[state],) for state in by}
        return sign_entry({**payload, "id": entry_id(payload)}, signers)

    def lift(self, denial: bytes, by: tuple[MemberState, ...], *, at: datetime, environment: Environment) -> bytes:
        """Return a lift of ``denial`` by the regional keys of the states ``by``."""
        payload = follow_up_payload(
            FollowUpKind.LIFT, reread(denial).said.id, environment=environment, issued_at=at
        )  # fmt: skip
        return sign_entry(payload, {state: (self.regional[state],) for state in by})


def _quorum(signers: Mapping[MemberState, tuple[FileSigner, ...]], threshold: int, *, distinct: bool) -> Quorum:
    keys = {
        thumbprint(one.public_jwk): (parse_jwk(one.public_jwk), state)
        for state, held in signers.items()
        for one in held
    }
    return Quorum(MappingProxyType(keys), threshold, distinct)


def grants(payload: Payload) -> Payload:
    """Make of a denial what it denies: a grant."""
    return {**payload, "kind": "grant"}


@dataclass(frozen=True, slots=True)
class DenyListOffer:
    """A deny list, offered to a node that holds list 5 with one denial: of Singapore's wallet service, by Thailand.

    ``ahead`` is how many lists it runs ahead; ``keeps`` whether it still lists that denial; ``lifted_by`` the states
    whose regional keys lift it. The list brings a new denial: of Singapore's login key or ``whole_state`` by the
    on-call keys of ``denied_by``, which ``written`` may change. ``environment`` is what the list says it is of.
    """

    ahead: int = 1
    keeps: bool = True
    lifted_by: tuple[MemberState, ...] = ()
    denied_by: tuple[MemberState, ...] = (SG,)
    whole_state: bool = False
    written: Callable[[Payload], Payload] = dict
    issued: timedelta = -_HOUR
    environment: Environment = Environment.SANDBOX

    def made(self, region: Region, *, at: datetime) -> None:
        """Offer the list.

        Raises:
            TrustError: It is refused.
        """
        officers = Officers.generate(region.keys.maker)
        moment = at.replace(microsecond=0)
        wallet = service_target(region.service("sg-pid").issuer, ServiceType.PID)
        known = officers.denial(wallet, (TH,), at=moment - 2 * _HOUR, environment=region.environment)
        held = TrustedSet(region.environment, MappingProxyType(region.pins()))
        before = deny_list.written([known], number=_HELD_NUMBER, environment=region.environment)
        held = held.with_deny_list(before, authorities=officers.authorities(), at=at)
        offered = deny_list.written(
            self._entries(officers, known, region, at=moment),
            number=_HELD_NUMBER + self.ahead,
            environment=self.environment,
        )
        held.with_deny_list(offered, authorities=officers.authorities(), at=at)

    def _entries(self, officers: Officers, known: bytes, region: Region, *, at: datetime) -> list[bytes]:
        key = key_target(thumbprint(region.signer("sg-login").public_jwk))
        target = STATE_TARGET if self.whole_state else key
        new = officers.denial(
            target, self.denied_by, at=at + self.issued, environment=region.environment, written=self.written
        )
        entries = [*([known] if self.keeps else []), new]
        if self.lifted_by:
            entries.append(officers.lift(known, self.lifted_by, at=at, environment=region.environment))
        return entries


@dataclass(frozen=True, slots=True)
class DeniedLogin:
    """A login of Singapore, shown to a bank in Bangkok whose node holds a denial of something of Singapore.

    ``denied`` is the id of the service whose key is denied; ``None`` denies the whole state. ``by`` are the states that
    deny. ``later`` is how long after the denial the login is shown. ``withheld``: the node was started anew since, and
    nobody offers it a deny list any more.
    """

    denied: str | None = "sg-pid"
    by: tuple[MemberState, ...] = (SG,)
    later: timedelta = timedelta(0)
    withheld: bool = False

    def made(self, region: Region, *, at: datetime) -> None:
        """Show the login.

        Raises:
            Refused: It is not accepted.
        """
        officers = Officers.generate(region.keys.maker)
        issued = at.replace(microsecond=0)
        entry = officers.denial(self._target(region), self.by, at=issued, environment=region.environment)
        offered = deny_list.written([entry], number=1, environment=region.environment)
        held = region.trusted_set(at=at).with_deny_list(offered, authorities=officers.authorities(), at=at)
        if self.withheld:
            held = _started_anew(held, region, at=at)
        moment = issued + self.later
        asking = region.registration("th-bank")
        shown = Login("sg-login", "sg-tan").shown(Bench(region, moment, SeededRandomness(b"denied")), to=asking)
        document = {
            "credential": shown.credential,
            "purpose": "account-opening",
            "expected": {"nonce": shown.nonce},
        }
        asked = question(document, relying_party=asking.relying_party)
        Verifier(trust=snapshot_of(held), status=EMPTY_STATUS).verify(asked, at=moment).require_passed()

    def _target(self, region: Region) -> DenialTarget:
        if self.denied is None:
            return STATE_TARGET
        return key_target(thumbprint(region.signer(self.denied).public_jwk))


def _started_anew(held: TrustedSet, region: Region, *, at: datetime) -> TrustedSet:
    """Return what a node holds that remembers its floors and is offered everything but a deny list."""
    remembered = TrustedSet(held.environment, held.pins, held.floors, denials=held.denials)
    for state, offered in region.published.lists.items():
        remembered = remembered.with_list(offered.encode("ascii"), state=state, at=at)
    for versions in region.published.arrangements.values():
        for version in versions:
            remembered = remembered.with_arrangement(version)
    return remembered.with_purposes(region.published.purposes)
