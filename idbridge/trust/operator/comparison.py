"""The change that a proposal makes, worked out from what stands now: what every signer looks at and signs along.

Decides what differs, in the one form of ``change.Diff``; the same inputs give the same digest on every machine. It
never looks at what the proposer says of the change, and judges nothing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC
from types import MappingProxyType
from typing import Any, Final

from tuf.api.metadata import Root, TargetFile, Targets

from idbridge.codec import base64url, jcs, strict_json
from idbridge.errors import InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.denial import DenyEntry
from idbridge.model.keys import PublicKey
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.recognition.arrangement import ArrangementVersion, parse_version
from idbridge.recognition.members import invalid
from idbridge.recognition.purpose import PurposeRegister, parse_register
from idbridge.recognition.signed_document import ARRANGEMENT_TYPE, PURPOSES_TYPE, open_signed
from idbridge.trust import deny_list, members, profile
from idbridge.trust.deny_entry import Statement, reread
from idbridge.trust.operator.arrangements import diff_arrangements
from idbridge.trust.operator.change import Change, Diff, Item, Kind, Mark, Value, compared
from idbridge.trust.operator.delegations import Delegations, RoleKeys, diff_delegations
from idbridge.trust.operator.diff import diff_lists
from idbridge.trust.operator.published import Published
from idbridge.trust.operator.purposes import diff_purposes
from idbridge.trust.tuf import entry, roles
from idbridge.trust.tuf.errors import mismatched
from idbridge.trust.tuf.quorum import quorum_of

_ARRANGEMENTS: Final = "arrangements/"
_PURPOSES: Final = "purposes/"
_VERSION: Final = re.compile(r"([0-9]{1,9})\.json")
_ROOT_ROLES: Final = (roles.ROOT, roles.TARGETS, roles.SNAPSHOT, roles.TIMESTAMP)


def change_of(before: Published, role: str, signed: Root | Targets, files: Mapping[str, bytes]) -> Diff:
    """Return what ``signed``, a new version of ``role`` with its new ``files``, changes of what stands now.

    Raises:
        TrustError: What is proposed cannot be read, or a file is neither new nor published.
        FetchError: What stands now cannot be had.
    """
    if isinstance(signed, Root):
        return diff_delegations(_root(before.root) if before.began else None, _root(signed))
    if role == roles.TARGETS:
        return _top_level(before, signed)
    if role == roles.AGREEMENTS:
        found = _agreements(before, signed, files)
    elif role == roles.DENY:
        found = _denials(before, signed, files)
    else:
        found = _list(before, MemberState(role), signed, files)
    facts = compared("role version", before.version(role) or None, signed.version)
    expiry = compared("role expires", None, instant_text(signed.expires.astimezone(UTC)))
    return replace(found, facts=(*found.facts, *facts, *expiry))


# The region's own roles


def _root(root: Root) -> Delegations:
    return _delegations(roles.ROOT, root, _ROOT_ROLES)


def _top_level(before: Published, signed: Targets) -> Diff:
    old = before.top if before.began else None
    named = sorted(signed.delegations.roles or {}) if signed.delegations is not None else []
    held = sorted(old.delegations.roles or {}) if old is not None and old.delegations is not None else []
    found = diff_delegations(
        _delegations(roles.TARGETS, old, held) if old is not None else None,
        _delegations(roles.TARGETS, signed, named),
    )
    paths = _paths(old), _paths(signed)
    sets = _key_sets(old), _key_sets(signed)
    facts = (*compared("handovers", *paths), *compared("key sets", *sets))
    return replace(found, facts=(*found.facts, *facts))


def _delegations(subject: str, delegator: Root | Targets, named: Any) -> Delegations:
    return Delegations(
        subject=subject,
        version=delegator.version,
        expires=delegator.expires.astimezone(UTC),
        roles=tuple(_role_keys(delegator, name) for name in named),
    )


def _role_keys(delegator: Root | Targets, role: str) -> RoleKeys:
    quorum = quorum_of(delegator, role)
    keys = {name: key.state.value if key.state is not None else "" for name, key in quorum.keys.items()}
    delegated = delegator.delegations.roles if isinstance(delegator, Targets) and delegator.delegations else None
    paths = tuple(delegated[role].paths or ()) if delegated else ()
    return RoleKeys(role, quorum.threshold, MappingProxyType(keys), paths)


def _paths(top: Targets | None) -> Value:
    return tuple(sorted(top.targets)) or None if top is not None else None


def _key_sets(top: Targets | None) -> Value:
    if top is None or top.delegations is None:
        return None
    sets = {name: role.unrecognized_fields.get(roles.KEY_SET) for name, role in (top.delegations.roles or {}).items()}
    numbered = ((name, number) for name, number in sorted(sets.items()) if number is not None)
    return tuple(f"{name} {number} {quorum_of(top, name).digest}" for name, number in numbered)


# A state's list


def _list(before: Published, state: MemberState, signed: Targets, files: Mapping[str, bytes]) -> Diff:
    path = roles.list_path(state)
    if path not in signed.targets:
        raise mismatched(f"the role of {state} lists no list")
    named = entry.read(signed.targets[path])
    octets = _file(before, state.value, path, signed, files)
    after = profile.parse(
        octets, state=state, environment=before.environment, keys=tuple(named.keys), distribution="tuf"
    )
    held = before.entry(state)
    found = diff_lists(
        before.list_of(state),
        after,
        keys_before=_thumbprints(held.keys) if held is not None else (),
        keys_after=_thumbprints(named.keys),
    )
    retired = _named(held.document_keys) if held is not None else None
    return replace(
        found, facts=(*found.facts, *compared("retired list keys", retired, _named(named.document_keys)))
    )  # fmt: skip


def _thumbprints(keys: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(key.thumbprint for key in keys)


def _named(keys: tuple[Any, ...]) -> Value:
    return tuple(sorted(_thumbprints(keys))) or None


def _file(before: Published, role: str, path: str, signed: Targets, files: Mapping[str, bytes]) -> bytes:
    """Return a file that the new version lists: new, or one that stands already."""
    if path in files:
        return files[path]
    held = before.targets(role).get(path)
    if held is None or held.hashes != signed.targets[path].hashes:
        raise mismatched(f"{path} is neither new nor published")
    return before.target(role, path)


# Agreements


def _agreements(before: Published, signed: Targets, files: Mapping[str, bytes]) -> Diff:
    keys, listed = document_keys(before), before.targets(roles.AGREEMENTS)
    changed = [path for path, named in sorted(signed.targets.items()) if _is_new(listed, path, named)]
    again = tuple(path for path in changed if path in listed and _is_same_text(before, path, signed, files))
    replaced = tuple(path for path in changed if path in listed and path not in again)
    fresh = [path for path in changed if path not in again]
    new = {path: _file(before, roles.AGREEMENTS, path, signed, files) for path in fresh if _is_document(path)}
    found = list(_successive(before, (new[path] for path in new if path.startswith(_ARRANGEMENTS)), keys))
    purposes = _purposes(before, (new[path] for path in new if path.startswith(_PURPOSES)), keys)
    lost = tuple(sorted(listed.keys() - signed.targets.keys()))
    registers = _registers(listed), _registers(signed.targets)
    facts = (
        *compared("signed again", None, again or None),
        *compared("replaced", None, replaced or None, widens=True),
        *compared("no longer listed", None, lost or None, widens=True),
        *compared("purpose register", *registers),
    )
    if len(found) == 1 and not facts:
        return found[0][1]
    return Diff(
        kind=Kind.ARRANGEMENT,
        subject=roles.AGREEMENTS,
        before=_content(listed) if before.version(roles.AGREEMENTS) else None,
        after=_content(signed.targets),
        effect="changes" if found or facts else "same",
        facts=(
            *facts,
            *(replace(one, what=f"{title}: {one.what}") for title, step in found for one in step.facts),
        ),
        items=(
            *(replace(one, name=f"{title}: {one.name}") for title, step in found for one in step.items),
            *purposes,
        ),
        held=sum(step.held for _, step in found),
        ended=sum(step.ended for _, step in found),
    )


def _is_new(listed: Mapping[str, TargetFile], path: str, named: TargetFile) -> bool:
    return path not in listed or listed[path].hashes != named.hashes


def _is_same_text(before: Published, path: str, signed: Targets, files: Mapping[str, bytes]) -> bool:
    """Tell whether a document says what it said before, and has other signatures."""
    octets = _file(before, roles.AGREEMENTS, path, signed, files)
    return unverified_payload(octets) == unverified_payload(before.target(roles.AGREEMENTS, path))


def _is_document(path: str) -> bool:
    return path.startswith((_ARRANGEMENTS, _PURPOSES))


def _successive(
    before: Published, offered: Iterable[bytes], keys: Mapping[MemberState, tuple[PublicKey, ...]]
) -> Iterator[tuple[str, Diff]]:
    """Yield what each version on offer changes of the one before it, the first of what stands now, and its title.

    Each of them, in order: one that is in force today hides behind no other that begins next year.
    """
    versions = (parse_version(open_signed(octets, typ=ARRANGEMENT_TYPE, keys=keys)) for octets in offered)
    latest: dict[str, ArrangementVersion] = {}
    for version in sorted(versions, key=lambda one: (one.id, one.version)):
        previous = latest.get(version.id) or _standing(before, version.id, keys)
        latest[version.id] = version
        yield f"{version.id} {version.version}", diff_arrangements(previous, version)


def _purposes(
    before: Published, offered: Iterable[bytes], keys: Mapping[MemberState, tuple[PublicKey, ...]]
) -> Iterator[Item]:
    """Yield what each register on offer changes of the one before it, the first of what stands now.

    One that stands and cannot be read any more, because its signers' keys are gone, allowed nothing that is known.
    """
    path = _newest(before, _PURPOSES)
    previous = PurposeRegister.none(before.environment)
    if path is not None:
        with suppress(TrustError):
            previous = _register(before.target(roles.AGREEMENTS, path), keys)
    begins = path is None
    for register in sorted((_register(octets, keys) for octets in offered), key=lambda one: one.version):
        yield from diff_purposes(previous, register, begins=begins)
        previous, begins = register, False


def _register(octets: bytes, keys: Mapping[MemberState, tuple[PublicKey, ...]]) -> PurposeRegister:
    return parse_register(open_signed(octets, typ=PURPOSES_TYPE, keys=keys))


def document_keys(before: Published) -> Mapping[MemberState, tuple[PublicKey, ...]]:
    """Return the keys with which each state signs arrangements and registers, by the entries that stand now."""
    found: dict[MemberState, tuple[PublicKey, ...]] = {}
    for state in MemberState:
        named = before.entry(state)
        if named is not None:
            found[state] = (*named.keys, *named.document_keys)
    return MappingProxyType(found)


def unverified_payload(octets: bytes) -> dict[str, Any]:
    """Return what a signed document says, unverified.

    Raises:
        TrustError: ``trust.arrangement_invalid``: it is in another form.
    """
    try:
        document = strict_json.parse_object(octets, max_bytes=LIMITS.recognition_document_bytes)
        encoded = members.string(document.get("payload"), where="the payload")
        return strict_json.parse_object(base64url.decode(encoded), max_bytes=LIMITS.recognition_document_bytes)
    except InputError as malformed:
        raise invalid(f"a document: {malformed.detail}") from malformed


def _standing(
    before: Published, name: str, keys: Mapping[MemberState, tuple[PublicKey, ...]]
) -> ArrangementVersion | None:
    """Return the newest version that stands now; ``None`` if there is none, or its signers' keys are gone."""
    path = newest_path(before, name)
    if path is None:
        return None
    try:
        octets = before.target(roles.AGREEMENTS, path)
        return parse_version(open_signed(octets, typ=ARRANGEMENT_TYPE, keys=keys))
    except TrustError:
        return None


def newest_path(before: Published, name: str) -> str | None:
    """Return where the newest version of an arrangement stands; ``None`` if there is no such arrangement."""
    return _newest(before, f"{_ARRANGEMENTS}{name}/")


def _newest(before: Published, within: str) -> str | None:
    names = (path.removeprefix(within) for path in before.targets(roles.AGREEMENTS) if path.startswith(within))
    numbers = [int(found[1]) for name in names if (found := _VERSION.fullmatch(name))]
    return f"{within}{max(numbers)}.json" if numbers else None


def _registers(listed: Mapping[str, Any]) -> Value:
    return tuple(sorted(path for path in listed if path.startswith(_PURPOSES))) or None


def _content(listed: Mapping[str, Any]) -> str:
    return jcs.digest_hex({path: target.hashes["sha256"] for path, target in listed.items()})


# The deny list


def _denials(before: Published, signed: Targets, files: Mapping[str, bytes]) -> Diff:
    held = before.targets(roles.DENY)
    old = _statements(before.target(roles.DENY, roles.DENY_LIST) if roles.DENY_LIST in held else None)
    if roles.DENY_LIST not in signed.targets:
        raise mismatched("the deny role lists no deny list")
    octets = _file(before, roles.DENY, roles.DENY_LIST, signed, files)
    new = _statements(octets)
    return Diff(
        kind=Kind.DENIALS,
        subject=roles.DENY,
        before=_content(held) if held else None,
        after=_content(signed.targets),
        effect="changed" if old != new else "same",
        facts=compared("entries", len(old) if held else None, len(new)),
        items=tuple(_denial_items(old, new)),
        held=len(old),
        ended=len(old.keys() - new.keys()),
    )


def _statements(octets: bytes | None) -> dict[str, Statement]:
    if octets is None:
        return {}
    found = (reread(one) for one in deny_list.parse(octets).entries)
    return {one.said.id: one for one in found}


def _denial_items(old: Mapping[str, Statement], new: Mapping[str, Statement]) -> Iterator[Item]:
    """Yield what is new and what is gone; an entry that goes without a lift gives trust back."""
    for name in sorted({*old, *new}):
        if (name in old) is not (name in new):
            mark = Mark.ADDED if name in new else Mark.DROPPED
            yield _denial_item(mark, new.get(name) or old[name])


def _denial_item(mark: Mark, one: Statement) -> Item:
    said = one.said
    if isinstance(said, DenyEntry):
        told: dict[str, Value] = {
            "target": tuple(str(value) for value in said.target.document().values()),
            "since": instant_text(said.since),
            "reason": said.reason.value,
        }
        name, widens = f"denial of {said.state}", mark is Mark.DROPPED
    else:
        told, name = {"denial": said.about}, str(said.kind)
        widens = said.kind.value == "lift"
    changes = (
        Change(what, None, value) if mark is Mark.ADDED else Change(what, value, None) for what, value in told.items()
    )
    where = MappingProxyType({"id": said.id, "issued at": instant_text(said.issued_at)})
    return Item(mark, name, where, tuple(changes), widens=widens)
