"""Proposals that travel: one new version of one role, what it changes, and the signatures that were collected so far.

Decides whether a proposal is in form, who signed it and whether that is enough; what it changes, every signer works
out anew and compares with the digest inside the signed metadata. Version and expiry are fixed before the first
signature, so that all sign the same octets and signatures made in different places can be merged.

Whoever proposed never publishes alone: beside the role's threshold two keys must have signed, one of them the
proposer's, whoever is named as that. Roles that add no authority, the agreements and the deny list, need no more than
their threshold: what they carry is signed inside.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from tuf.api.metadata import Metadata, Root, Targets

from idbridge.codec import base64std, jcs, strict_json
from idbridge.crypto.signer import Signer
from idbridge.errors import InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment, MemberState
from idbridge.trust import members
from idbridge.trust.tuf import acts, metadata, roles, writing
from idbridge.trust.tuf.acts import Act
from idbridge.trust.tuf.errors import broken, mismatched, unsigned
from idbridge.trust.tuf.keys import MetadataSigner
from idbridge.trust.tuf.metadata import LIBRARY_ERRORS, MetadataFile
from idbridge.trust.tuf.quorum import Quorum, who_signed

SCHEMA: Final = "idbridge-proposal-1"
SUFFIX: Final = ".proposal.json"
_MEMBERS: Final = frozenset({
    "schema", "environment", "role", "act", "reason", "proposer", "diff", "metadata", "targets", "acts",
})  # fmt: skip
_ROLES: Final = frozenset({roles.ROOT, roles.TARGETS, *roles.delegated()})
_WITHOUT_AUTHORITY: Final = frozenset({roles.AGREEMENTS, roles.DENY})
_LEAST_SIGNERS: Final = 2  # of a role with authority
_ACT: Final = re.compile(r"[a-z][a-z-]{0,31}")
_REASON_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal whose form is in order; its signatures are not yet looked at.

    ``diff`` is the change as its proposer saw it, ``targets`` the new files by path, ``acts`` what was done to it.
    """

    environment: Environment
    role: str
    act: str
    reason: str
    proposer: str
    diff: Mapping[str, Any]
    file: MetadataFile[Any]
    targets: Mapping[str, bytes]
    acts: tuple[str, ...]

    @property
    def diff_digest(self) -> str:
        """The SHA-256 (hex) of the change, which the metadata carries under its signatures."""
        return str(self.file.signed.unrecognized_fields[roles.DIFF])

    @property
    def payload_digest(self) -> str:
        """The SHA-256 (hex) of what is signed: the same for every copy of a proposal, however often it was signed."""
        return hashlib.sha256(self.file.payload).hexdigest()

    @property
    def about(self) -> tuple[str, str, str, str]:
        """What every act is about: the role, what is signed, the change and the reason."""
        return self.role, self.payload_digest, self.diff_digest, self.reason

    @property
    def name(self) -> str:
        """The name under which the proposal is laid down: role, version, and a part of what is signed."""
        return f"{self.role}-{self.file.version}-{self.payload_digest[:12]}{SUFFIX}"

    def octets(self) -> bytes:
        """Return the proposal as it travels."""
        return jcs.canonicalize({
            "schema": SCHEMA,
            "environment": self.environment.value,
            "role": self.role,
            "act": self.act,
            "reason": self.reason,
            "proposer": self.proposer,
            "diff": dict(self.diff),
            "metadata": self.file.metadata.to_dict(),
            "targets": {path: base64std.encode(octets) for path, octets in self.targets.items()},
            "acts": list(self.acts),
        })  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """What a proposal is about, before anybody signed: the act, why, the change, and the new files by path."""

    act: str
    reason: str
    diff: Mapping[str, Any]
    targets: Mapping[str, bytes]

    def said(self, proposer: str) -> dict[str, str]:
        """Return the members of signed metadata that tie it to this change, why, and who proposed it."""
        digest, why = jcs.digest_hex(dict(self.diff)), hashlib.sha256(self.reason.encode()).hexdigest()
        return {roles.DIFF: digest, roles.REASON: why, roles.PROPOSER: proposer, roles.ACT: self.act}


def drafted(role: str, draft: Draft, payload: Root | Targets, *, environment: Environment, proposer: str) -> Proposal:
    """Return the proposal of ``payload`` without a signature; ``payload`` carries what ``Draft.said`` returned.

    Raises:
        TrustError: ``trust.metadata_invalid``: it is not in the form that ``parse`` reads.
    """
    file = _file(Metadata(payload), role=role, environment=environment)
    made = Proposal(
        environment=environment,
        role=role,
        act=draft.act,
        reason=draft.reason,
        proposer=proposer,
        diff=MappingProxyType(dict(draft.diff)),
        file=file,
        targets=MappingProxyType(dict(draft.targets)),
        acts=(),
    )
    return parse(made.octets())


def parse(octets: bytes) -> Proposal:
    """Return the proposal that ``octets`` hold.

    Raises:
        TrustError: ``trust.metadata_invalid``: another form, or parts that do not belong together;
            ``trust.environment_mismatch``, ``trust.lifetime_too_long`` as for metadata.
    """
    try:
        said = members.table(
            strict_json.parse(octets, max_bytes=LIMITS.proposal_bytes), required=_MEMBERS, where="a proposal"
        )
        environment = members.word(said["environment"], Environment, where="environment")
        role = members.text(said["role"], where="role")
        act = members.text(said["act"], where="act")
        reason = members.text(said["reason"], where="reason")
        proposer = members.text(said["proposer"], where="proposer")
        targets = {path: base64std.decode(text) for path, text in _strings(said["targets"]).items()}
        done = tuple(members.string(one, where="an act") for one in _list(said["acts"]))
    except (InputError, TrustError) as refusal:
        raise broken(f"a proposal: {refusal.detail}") from refusal
    if said["schema"] != SCHEMA or role not in _ROLES or _ACT.fullmatch(act) is None or not _is_plain(reason):
        raise broken("a proposal of another schema or role, or with an act or a reason that cannot be shown")
    if type(said["diff"]) is not dict or type(said["metadata"]) is not dict or len(done) > LIMITS.role_keys:
        raise broken("a proposal without a change or without metadata, or with too many acts")
    file = _file(_metadata(said["metadata"]), role=role, environment=environment)
    found = Proposal(
        environment=environment,
        role=role,
        act=act,
        reason=reason,
        proposer=proposer,
        diff=MappingProxyType(said["diff"]),
        file=file,
        targets=MappingProxyType(targets),
        acts=done,
    )
    _require_whole(found)
    return found


def _strings(value: Any) -> dict[str, str]:
    if type(value) is not dict or not all(type(text) is str for text in value.values()):
        raise broken("the targets of a proposal are texts by path")
    return value


def _list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise broken("the acts of a proposal are a list")
    return value


def _is_plain(reason: str) -> bool:
    return reason.isprintable() and len(reason) <= _REASON_CHARACTERS


def _metadata(value: dict[str, Any]) -> Metadata[Any]:
    try:
        return Metadata.from_dict(value)
    except LIBRARY_ERRORS:
        raise broken("the metadata of a proposal is not in the form of the specification") from None


def _file(found: Metadata[Any], *, role: str, environment: Environment) -> MetadataFile[Any]:
    kind: type[Any] = Root if role == roles.ROOT else Targets
    return metadata.read(writing.octets_of(found), kind, role=role, environment=environment)


def _require_whole(found: Proposal) -> None:
    """Return if the signed metadata names the change, why, who and the act, and every file that comes along."""
    wanted = Draft(found.act, found.reason, found.diff, found.targets).said(found.proposer)
    if not wanted.items() <= found.file.signed.unrecognized_fields.items():
        raise broken("the metadata of a proposal names another change, reason, act or proposer than the proposal")
    listed = {} if found.role == roles.ROOT else found.file.signed.targets
    for path, octets in found.targets.items():
        if path not in listed or listed[path].hashes.get("sha256") != writing.digest(octets):
            raise broken(f"the metadata of a proposal does not name the file {path[:80]} that comes along")


# Signing


@dataclass(frozen=True, slots=True)
class Voters:
    """Who may sign a role, by the word of whoever delegates it. A new root needs those of the old one, and its own."""

    quorum: Quorum
    delegator: Root | Targets

    def signed(self, file: MetadataFile[Any]) -> frozenset[str]:
        """Return the thumbprints of the keys of the role whose signature on ``file`` verifies.

        Raises:
            TrustError: ``trust.metadata_invalid``.
        """
        return who_signed(file, delegator=self.delegator)


def keys_of(voters: Sequence[Voters]) -> dict[str, PublicKey]:
    """Return every key that may sign, by thumbprint."""
    return {name: key.key for one in voters for name, key in one.quorum.keys.items()}


def state_of(thumbprint: str, voters: Sequence[Voters]) -> MemberState:
    """Return the state whose key in the role this is.

    Raises:
        TrustError: ``trust.signer_unknown``: it has no part in the role.
    """
    for one in voters:
        found = one.quorum.keys.get(thumbprint)
        if found is not None and found.state is not None:
            return found.state
    raise TrustError("trust.signer_unknown", f"the key {thumbprint} has no part in the role")


def signed(proposal: Proposal, signer: Signer, *, voters: Sequence[Voters], at: datetime) -> Proposal:
    """Return ``proposal`` with one more signature, and the act of making it.

    Raises:
        TrustError: ``trust.signer_unknown``: the key has no part in the role; ``trust.metadata_invalid``: it signed
            already.
    """
    own = MetadataSigner(signer, state=None).public_key.keyid
    state = state_of(own, voters)
    if any(own in one.signed(proposal.file) for one in voters):
        raise broken("this key has signed the proposal already")
    held = _metadata(proposal.file.metadata.to_dict())
    held.sign(MetadataSigner(signer, state=state), append=True)
    done = acts.written(
        acts.act_of(own, proposer=proposal.proposer),
        role=proposal.role,
        payload=proposal.payload_digest,
        diff=proposal.diff_digest,
        reason=proposal.reason,
        signer=signer,
        at=at,
    )
    file = _file(held, role=proposal.role, environment=proposal.environment)
    return replace(proposal, file=file, acts=(*proposal.acts, done))


def merged(proposals: Sequence[Proposal], *, voters: Sequence[Voters]) -> Proposal:
    """Return one proposal with the good signatures of all ``proposals``, which were signed in different places.

    Left behind are signatures that do not verify, or of keys without part in the role, and one without its act.

    Raises:
        TrustError: ``trust.snapshot_mismatch``: they are copies of different proposals, or there is none.
    """
    first = next(iter(proposals), None)
    if first is None or any(one.payload_digest != first.payload_digest for one in proposals):
        raise mismatched("only copies of one proposal can be merged")
    if any((one.diff, one.targets, one.reason) != (first.diff, first.targets, first.reason) for one in proposals):
        raise mismatched("copies of one proposal differ in what comes along")
    held = _metadata({**first.file.metadata.to_dict(), "signatures": []})
    for one in proposals:
        good = {name for voter in voters for name in voter.signed(one.file)}
        for name, signature in one.file.metadata.signatures.items():
            if name in good:
                held.signatures.setdefault(name, signature)
    done: dict[str, str] = {}
    for act in _good_acts(proposals, keys_of(voters)):
        fits = act.about == first.about and act.act == acts.act_of(act.by, proposer=first.proposer)
        if fits and act.by in held.signatures:
            done.setdefault(act.by, act.jws)
    held.signatures = {name: one for name, one in held.signatures.items() if name in done}
    file = _file(held, role=first.role, environment=first.environment)
    return replace(first, file=file, acts=tuple(done.values()))


def _good_acts(proposals: Sequence[Proposal], keys: Mapping[str, PublicKey]) -> Iterator[Act]:
    for compact in (act for one in proposals for act in one.acts):
        try:
            yield acts.opened(compact, keys=keys)
        except TrustError:
            continue  # what somebody else wrote into a copy ends nobody's signature


# Readiness


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one quorum is: ``signed`` are thumbprints of its keys."""

    quorum: Quorum
    signed: frozenset[str]

    @property
    def counted(self) -> int:
        """How many count: keys, or for a regional role states."""
        return self.quorum.count(self.signed)

    @property
    def missing(self) -> tuple[str, ...]:
        """The keys that have not signed."""
        return tuple(sorted(self.quorum.keys.keys() - self.signed))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a proposal is.

    ``alone`` means that one key signed at most, where that is not enough; ``proposed`` that its proposer did.
    """

    proposer: str
    standings: tuple[Standing, ...]
    alone: bool
    proposed: bool

    @property
    def ready(self) -> bool:
        """Tell whether the proposal may be published."""
        return self.proposed and not self.alone and all(one.counted >= one.quorum.threshold for one in self.standings)

    def require_ready(self, role: str) -> None:
        """Return if the proposal may be published.

        Raises:
            TrustError: ``trust.threshold_missing``.
        """
        for one in self.standings:
            if one.counted < one.quorum.threshold:
                who = "states" if one.quorum.regional else "keys"
                raise unsigned(f"{role} was signed by {one.counted} of the {one.quorum.threshold} {who} needed")
        if self.alone:
            raise unsigned(f"{role} was signed by one key alone; a second one has to sign")
        if not self.proposed:
            raise unsigned(f"{role} is nobody's proposal: its proposer has not signed it")


def progress(proposal: Proposal, *, voters: Sequence[Voters]) -> Progress:
    """Return how far ``proposal`` is.

    Raises:
        TrustError: ``trust.metadata_invalid``: its signatures cannot be read; ``trust.signer_unknown``: its proposer
            has no part in the role.
    """
    standings = tuple(Standing(one.quorum, one.signed(proposal.file)) for one in voters)
    signers = _signers(proposal, voters)
    alone = len(signers) < _LEAST_SIGNERS and proposal.role not in _WITHOUT_AUTHORITY
    # The online role drafts with what the region begins; the officers alone sign that, each of them for a state.
    founding = proposal.file.version == 1 and proposal.role not in MemberState.__members__
    if not founding:
        state_of(proposal.proposer, voters)
    return Progress(proposal.proposer, standings, alone=alone, proposed=founding or proposal.proposer in signers)


def _signers(proposal: Proposal, voters: Sequence[Voters]) -> frozenset[str]:
    return frozenset(name for one in voters for name in one.signed(proposal.file))


def acts_of(proposal: Proposal, *, voters: Sequence[Voters]) -> tuple[Act, ...]:
    """Return what was done to ``proposal``, if there is one act in order for each signature, about just this.

    Raises:
        TrustError: ``trust.metadata_invalid``.
    """
    found = tuple(acts.opened(one, keys=keys_of(voters)) for one in proposal.acts)
    signers = _signers(proposal, voters)
    acts.require_complete(found, about=proposal.about, proposer=proposal.proposer, signers=signers)
    return found
