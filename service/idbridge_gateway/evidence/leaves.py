"""What the leaf of a verdict says: who was told what, by which material, and nothing about the person.

Decides about the members and their length. A text that is too long or unusual for a leaf is told by its digest, so that
a leaf can always be made: what cannot be written down may not be released.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

from idbridge.codec import base64url
from idbridge.crypto.keys import public_key_from_certificate
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.model.trust import ListProvenance
from idbridge.status.status_list import Vouched
from idbridge.tlog import further
from idbridge.tlog.leaf import Form, LeafType, Value, is_digest, is_text, released
from idbridge.trust.resolver import ResolvedKey
from idbridge.verify.report import Report

_DIGEST_MARK: Final = "#"
_BLANKS: Final = ("com", "req")
_MARKED_BLANKS: Final = ("com", "req", "sub")


def short(text: str) -> str:
    """Return ``text`` as a leaf may hold it, or ``#`` and its digest."""
    if is_text(text) and len(text) <= LIMITS.leaf_text_characters and not text.startswith(_DIGEST_MARK):
        return text
    return _DIGEST_MARK + base64url.encode(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())


def listed(provenance: ListProvenance) -> str:
    """Return what a leaf says of a trust list: its sequence and its digest."""
    return f"{provenance.sequence} {_digest(provenance.digest)}"


def kind_of(report: Report, *, asserted: bool) -> LeafType:
    """Return the type of the leaf: something was asserted, accepted, or refused."""
    if asserted:
        return LeafType.ASSERT
    return LeafType.VERIFY if report.accepted else LeafType.REJECT


def members_of(report: Report, *, report_id: str, commitment: str, day: str) -> dict[str, Value]:
    """Return the members of the leaf of ``report``."""
    return {
        "req": report_id,
        "rp": short(report.request.relying_party.id),
        "res": report.indication.value,
        "com": commitment,
        "day": day,
        "pol": str(report.request.relying_party.policy_version),
        **dict(_of_question(report)),
        **dict(_of_trust(report)),
        **dict(_of_outcome(report)),
    }


class VerdictForms:
    """The forms of leaves that a node writes again and again: one for each party, list, issuer, outcome and day.

    Nothing is told here that ``members_of`` does not tell; it is only written once. Of ``LIMITS.leaf_forms`` all are
    forgotten and made anew, as they are wanted.
    """

    def __init__(self) -> None:
        self._forms: dict[tuple[object, ...], Form] = {}

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._forms)

    def members(
        self,
        report: Report,
        kind: LeafType,
        *,
        report_id: str,
        commitment: str,
        day: str,
        mark: str | None,
        releasing: bool = True,
    ) -> Mapping[str, Value]:
        """Return the members of the leaf of ``report``; ``mark`` is that of the person, if there is one.

        Without ``releasing`` nothing is said to be released: somebody has yet to agree to that.

        Raises:
            EvidenceError: ``time.evidence_malformed``: the leaf cannot be made.
        """
        told = (*_told(report, kind, day, marked=mark is not None), releasing)
        form = self._forms.get(told)
        if form is None:
            if len(self._forms) >= LIMITS.leaf_forms:
                self._forms.clear()
            everything = members_of(report, report_id=report_id, commitment=commitment, day=day)
            left_out = _BLANKS if releasing else (*_BLANKS, "rel")
            constant = {name: value for name, value in everything.items() if name not in left_out}
            form = self._forms[told] = Form(kind, constant, _BLANKS if mark is None else _MARKED_BLANKS)
        return form.filled(commitment, report_id) if mark is None else form.filled(commitment, report_id, mark)


def _told(report: Report, kind: LeafType, day: str, *, marked: bool) -> tuple[object, ...]:
    """Return all that ``members_of`` looks at, but for what is of one request only."""
    findings, request, resolved = report.findings, report.request, report.findings.resolved
    identity, reason, status = report.identity, report.reason, report.findings.status
    return (
        kind, day, marked, report.trust.id, report.statuses.id, report.indication,
        request.relying_party.id, request.relying_party.policy_version, request.purpose, _rests_on(report),
        status.state if status is not None else None,
        (resolved.service.member_state, resolved.service.issuer, resolved.key.thumbprint) if resolved else None,
        findings.unverified.format if findings.unverified is not None else None,
        reason.code if reason is not None else None,
        (identity.level, *report.released()[0]) if identity is not None else None,
    )  # fmt: skip


def _of_question(report: Report) -> Iterator[tuple[str, Value]]:
    """Yield the purpose, if it is one for which the relying party is registered: no leaf repeats what is no code."""
    purpose = report.request.purpose
    if purpose in report.request.relying_party.purposes:
        yield "pur", short(purpose)


def _of_trust(report: Report) -> Iterator[tuple[str, Value]]:
    """Yield what the verdict rests on: issuer, key, list, status snapshot, and what else a recall may name."""
    findings = report.findings
    fresh = findings.status.state.value if findings.status is not None else "none"
    yield "st", f"{_digest(report.statuses.id)} {fresh}"
    if findings.resolved is None:
        return
    service, key = findings.resolved.service, findings.resolved.key
    provenance = report.trust.provenance(service.member_state)
    yield "iss", short(f"{service.member_state.value} {service.issuer}")
    yield "list", listed(provenance)
    if is_digest(key.thumbprint):
        yield "kt", key.thumbprint
    told = further.told({*_further(report)} - {key.thumbprint, _digest(provenance.digest)})
    if told:
        yield "also", told


def _rests_on(report: Report) -> tuple[object, ...]:
    """Return all that decides about what else a verdict rests on: of what misled nobody nothing is told."""
    if not report.accepted:
        return ()
    return (
        _is_userinfo_signed(report),
        *((one.service.member_state, one.key.thumbprint, one.path.chain if one.path is not None else (),
           one.proven.keys if one.proven is not None else (), _vouching(one)) for one in _resolved(report)),
        *((one.thumbprint, one.path.chain if one.path is not None else ()) for one in _signers(report)),
    )  # fmt: skip


def _further(report: Report) -> Iterator[str]:
    """Yield the keys and lists that an accepted answer rests on, those that the leaf names in full among them."""
    if not report.accepted:
        return
    for one in _resolved(report):
        yield one.key.thumbprint
        yield _digest(report.trust.provenance(one.service.member_state).digest)
        if one.path is not None:
            yield from (public_key_from_certificate(der).thumbprint for der in one.path.chain[1:])
        if _is_userinfo_signed(report):  # by which of its keys the provider signed it, nothing says afterwards
            yield from (sibling.key.thumbprint for sibling in one.siblings)
        if one.proven is not None:
            yield from one.proven.keys
        for state in _vouching(one):
            yield _digest(report.trust.provenance(state).digest)
    for signer in _signers(report):
        yield signer.thumbprint
        if signer.path is not None:
            yield from (public_key_from_certificate(der).thumbprint for der in signer.path.chain[1:])


def _resolved(report: Report) -> Iterator[ResolvedKey]:
    """Yield the key of each credential of the presentation."""
    for one in (report.findings, *report.findings.others):
        if one.resolved is not None:
            yield one.resolved


def _signers(report: Report) -> Iterator[Vouched]:
    """Yield those who signed the status lists by which each credential of the presentation is good."""
    for one in (report.findings, *report.findings.others):
        if one.status is not None:
            yield from one.status.signers


def _vouching(one: ResolvedKey) -> frozenset[MemberState]:
    """Return the states whose logs and witnesses were believed about time."""
    proven = one.proven
    return frozenset() if proven is None else frozenset({proven.state, *(state for state, _ in proven.witnesses)})


def _is_userinfo_signed(report: Report) -> bool:
    return report.request.userinfo is not None


def _of_outcome(report: Report) -> Iterator[tuple[str, Value]]:
    """Yield what came of it: format, reason, level, names of released claims."""
    if report.format is not None:
        yield "fmt", report.format.value
    if report.reason is not None:
        yield "code", report.reason.code
    if report.identity is not None:
        yield "loa", report.identity.level.name
        yield "rel", released(report.released()[0])


def _digest(text: str) -> str:
    """Return a hexadecimal SHA-256 in fewer characters; any other name as it is, if it is short."""
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        return short(text)
    return base64url.encode(octets) if len(octets) == hashlib.sha256().digest_size else short(text)
