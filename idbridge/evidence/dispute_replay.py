"""Replay: a decision made again of its bundle, by this version, with nothing but what the bundle holds.

Decides whether the very same came of it, octet for octet, and where not, in which members. That the version of the
verifier is another one is no difference of meaning, and neither is a member that one of two versions did not have yet.
Clauses: architecture section 1 (fourth promise) and section 4; interface page (``decision``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from idbridge import __version__
from idbridge.codec import jcs
from idbridge.errors import ConfigurationError, IdBridgeError
from idbridge.evidence.dispute import Bundle, DisputeError, OneTime, Undelivered
from idbridge.evidence.dispute_material import StatusMaterial, types_of
from idbridge.evidence.dispute_request import Brought, Circumstances, body_without, question
from idbridge.model.request import Detail, RelyingParty
from idbridge.model.time import parse_instant
from idbridge.reasons import REASONS
from idbridge.trust.portable import TrustMaterial
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.verify.report import DELIVERY, ONE_TIME, Report, without_circumstances
from idbridge.verify.verifier import Verifier

_VERSION: Final = "verifier_version"
_ROOT: Final = "$"
_NEEDED: Final = ("report_id", "trust_snapshot", "status_snapshot", "evaluated_at", _VERSION)


@dataclass(frozen=True, slots=True)
class Difference:
    """One place in which two decisions differ: a path in JSON, and what stands there; ``None`` if nothing does."""

    place: str
    was: str | None = field(repr=False)
    now: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Replayed:
    """A decision made again. ``differences`` are those of meaning; of one version any differing octet is one."""

    report: Report
    decision: bytes = field(repr=False)
    identical: bool
    same_version: bool
    differences: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Tell whether the decision is the same: octet for octet by one version, and in meaning by another."""
        return self.identical if self.same_version else not self.differences


def exported(
    told: Mapping[str, Any],
    *,
    body: Mapping[str, Any],
    brought: Brought,
    party: RelyingParty,
    trust: TrustMaterial,
    status: StatusMaterial,
    circumstances: Circumstances | None = None,
    types: tuple[bytes, ...] = (),
    receipt: str | None = None,
    assertion: str | None = None,
) -> Bundle:
    """Return the bundle of the report ``told``, whose decision it makes again: a bundle that does not hold is none.

    ``told`` is a report in any detail; every member of the decision that it has must come out the same.

    Raises:
        DisputeError: It is no report, or of what is here another decision comes.
    """
    named = _named_in(told)
    bundle = Bundle(
        report_id=named["report_id"],
        verifier_version=named[_VERSION],
        evaluated_at=_instant(named["evaluated_at"]),
        relying_party=party,
        request=body_without(body),
        trust=trust,
        status=status,
        decision=jcs.canonicalize({name: named[name] for name in _NEEDED[1:]}),
        one_time=_one_time(told),
        delivery=_delivery(told),
        circumstances=circumstances or Circumstances(),
        brought=brought,
        types=types,
        receipt=receipt,
        assertion=assertion,
    )
    if named[_VERSION] != __version__:
        raise DisputeError(f"version {named[_VERSION]} of the verifier decided, and this is {__version__}")
    made = _made(bundle, brought)
    decided = _decided(made)
    expected = without_circumstances(told)
    found = tuple(_differences(expected, {name: decided.get(name) for name in expected}, same_version=True))
    if found:
        raise DisputeError(f"of what is here another decision comes: it differs at {found[0].place}")
    return bundle.with_decision(made.decision())


def replay(bundle: Bundle, *, brought: Brought | None = None) -> Replayed:
    """Return what comes of ``bundle`` now; ``brought`` is the credential of a bundle without one.

    Raises:
        DisputeError: It cannot be made again: something is missing, damaged, or not what the decision names.
    """
    credential = brought if bundle.brought is None else bundle.brought
    if credential is None:
        raise DisputeError("the bundle holds no credential: whoever has it has to bring it")
    report = _made(bundle, credential)
    told, decision = bundle.decided(), report.decision()
    same_version = bundle.verifier_version == __version__
    found = tuple(_differences(told, _decided(report), same_version=same_version))
    return Replayed(report, decision, decision == bundle.decision, same_version, found)


def trust_of(bundle: Bundle) -> TrustSnapshot:
    """Return the trust snapshot that the decision names, made anew.

    Raises:
        DisputeError: The material is not that of this snapshot.
    """
    try:
        return bundle.trust.snapshot(named=str(bundle.decided().get("trust_snapshot")))
    except ConfigurationError as refusal:
        raise DisputeError(str(refusal)) from refusal


def _made(bundle: Bundle, brought: Brought) -> Report:
    """Return the report that comes of ``bundle`` with its credential."""
    trust = trust_of(bundle)
    try:
        statuses = bundle.status.snapshot(trust, named=str(bundle.decided().get("status_snapshot")))
        verifier = Verifier(trust=trust, status=statuses, types=types_of(bundle.types))
        asked = question(bundle.request, brought, party=bundle.relying_party, circumstances=bundle.circumstances)
        report = verifier.verify(asked, at=bundle.evaluated_at, historical=True)
    except (IdBridgeError, ValueError) as refusal:
        raise DisputeError(f"it cannot be decided again: {refusal}") from refusal
    if bundle.one_time is OneTime.SPENT:
        report = report.spent()
    if bundle.delivery is not None:
        report = report.undeliverable(bundle.delivery.code, bundle.delivery.note)
    return report


def _decided(report: Report) -> dict[str, Any]:
    return without_circumstances(report.render(Detail.EVIDENCE, report_id=""))


def _named_in(told: Mapping[str, Any]) -> dict[str, str]:
    named = {name: told.get(name) for name in _NEEDED}
    if any(type(one) is not str for one in named.values()) or "reason" not in told:
        raise DisputeError("this is no report")
    return {name: str(one) for name, one in named.items()}


def _instant(text: str) -> datetime:
    try:
        return parse_instant(text)
    except ValueError as refusal:
        raise DisputeError("this is no report: it names no instant") from refusal


def _refusal_at(told: Mapping[str, Any], point: str) -> Mapping[str, Any] | None:
    checks = told.get("checks")
    found = checks if type(checks) is list else []
    return next((one for one in found if type(one) is dict and one.get("id") == point and "code" in one), None)


def _one_time(told: Mapping[str, Any]) -> OneTime:
    """Return what the node found of the one-time values: the report says so where they had been spent before."""
    reason = told.get("reason")
    first = type(reason) is dict and reason.get("code") == "holder.replayed"
    return OneTime.SPENT if first or _refusal_at(told, ONE_TIME.id) is not None else OneTime.FRESH


def _delivery(told: Mapping[str, Any]) -> Undelivered | None:
    refused = _refusal_at(told, DELIVERY.id)
    if refused is None or refused["code"] not in REASONS:
        return None
    return Undelivered(str(refused["code"]), str(refused.get("note", "")))


def _differences(was: Any, now: Any, *, same_version: bool, place: str = _ROOT) -> Iterator[Difference]:
    """Yield where two decisions differ; between versions not in what one of them could not say."""
    if type(was) is dict and type(now) is dict:
        for name in sorted({*was, *now}):
            below = f"{place}.{name}"
            if not same_version and (below == f"{_ROOT}.{_VERSION}" or _is_new(name, was, now)):
                continue
            if name not in was or name not in now:
                yield Difference(below, _shown(was, name), _shown(now, name))
            else:
                yield from _differences(was[name], now[name], same_version=same_version, place=below)
    elif type(was) is list and type(now) is list and len(was) == len(now):
        for number, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from _differences(one, other, same_version=same_version, place=f"{place}[{number}]")
    elif type(was) is not type(now) or was != now:
        yield Difference(place, jcs.canonicalize(was).decode(), jcs.canonicalize(now).decode())


def _is_new(name: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Tell whether only one of two versions has a member, and has nothing to say there."""
    return (name in was) is not (name in now) and (was.get(name) or now.get(name)) in (None, [], {})


def _shown(members: Mapping[str, Any], name: str) -> str | None:
    return jcs.canonicalize(members[name]).decode() if name in members else None
