"""The editions of a state's list that are kept somewhere: in stored snapshots, in a published tree, in files.

Decides which texts are editions of which state's list, by a key that is known for that state and by the strict
profile; not whether one was ever in force here, nor whether it still is. What cannot be read as an edition is named
and left out, because a history with a gap is better than none.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from idbridge.crypto.keys import parse_jwk
from idbridge.errors import ConfigurationError, JoseError, TrustError
from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment, MemberState
from idbridge.model.time import instant_text
from idbridge.trust import jades, profile
from idbridge.trust.operator.change import Diff
from idbridge.trust.operator.diff import diff_lists
from idbridge.trust.profile import TrustList
from idbridge.trust.stored import StoredSnapshot
from idbridge.trust.tuf import roles

Keys = Mapping[MemberState, tuple[PublicKey, ...]]
_KEY_MEMBERS: Final = ("keys", "documentKeys")


@dataclass(frozen=True, slots=True)
class Found:
    """The text of a list, and where it was found."""

    place: str
    octets: bytes


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition and all places in which it was found; ``diff`` is from the edition before it that was found."""

    listed: TrustList
    places: tuple[str, ...]
    diff: Diff

    def document(self) -> dict[str, Any]:
        """Return the edition as plain JSON values."""
        about = self.listed.provenance
        return {
            "state": about.member_state.value,
            "sequence": about.sequence,
            "content": self.listed.content,
            "issued_at": instant_text(about.issued_at),
            "next_update": instant_text(about.next_update),
            "signer": about.signer,
            "services": len(self.listed.services),
            "follows": self.diff.before,
            "effect": self.diff.effect,
            "widens": self.diff.widens,
            "diff": self.diff.digest,
            "found_in": list(self.places),
        }


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that was found and is no edition that this node can read, with the code of the reason."""

    place: str
    code: str
    detail: str


def kept_in(stored: StoredSnapshot, state: MemberState) -> Iterator[Found]:
    """Yield the list of ``state`` that a stored snapshot keeps, if it keeps one."""
    octets = stored.files.get(roles.list_path(state))
    if octets is not None:
        yield Found(f"snapshot {stored.id}", octets)


def keys_in(stored: StoredSnapshot) -> Keys:
    """Return the keys that may sign lists, and those that might once, by a stored snapshot.

    Raises:
        ConfigurationError: It does not say so in the form in which a node keeps it.
    """
    known: dict[MemberState, dict[str, PublicKey]] = {}
    try:
        for member in _KEY_MEMBERS:
            for state, jwks in stored.about[member].items():
                held = known.setdefault(MemberState(state), {})
                held.update((key.thumbprint, key) for key in map(parse_jwk, jwks))
    except (JoseError, LookupError, ValueError, TypeError, AttributeError) as damaged:
        raise ConfigurationError(f"the keys of snapshot {stored.id[:12]} are not in order") from damaged
    return MappingProxyType({state: tuple(held.values()) for state, held in known.items()})


def read_list(octets: bytes, *, keys: Keys, environment: Environment) -> TrustList:
    """Return the list of the state with whose key ``octets`` are signed.

    Raises:
        TrustError: As ``profile.parse`` says; ``trust.signer_unknown`` if the key is none of ``keys``.
    """
    everybody = tuple(key for held in keys.values() for key in held)
    signer = jades.open_list(octets, keys=everybody).signer
    state = next(state for state, held in keys.items() if signer in {key.thumbprint for key in held})
    return profile.parse(octets, state=state, environment=environment, keys=keys[state])


def editions(
    found: Iterable[Found], *, state: MemberState, keys: Keys, environment: Environment
) -> tuple[tuple[Edition, ...], tuple[Unread, ...]]:
    """Return the editions of the list of ``state`` that were found, oldest first, and what could not be read.

    Two texts under one number are two editions: somebody was told another story.
    """
    places: dict[bytes, list[str]] = {}
    for one in found:
        places.setdefault(one.octets, []).append(one.place)
    lists: dict[tuple[int, str], tuple[TrustList, tuple[str, ...]]] = {}
    unread: list[Unread] = []
    for octets, where in places.items():
        try:
            listed = profile.parse(octets, state=state, environment=environment, keys=keys.get(state, ()))
        except TrustError as refusal:
            unread += [Unread(place, refusal.code, refusal.detail) for place in where]
            continue
        name = listed.provenance.sequence, listed.content
        before = lists[name][1] if name in lists else ()
        lists[name] = (listed, (*before, *where))
    return tuple(_compared([lists[name] for name in sorted(lists)])), tuple(unread)


def _compared(lists: Iterable[tuple[TrustList, tuple[str, ...]]]) -> Iterator[Edition]:
    earlier: TrustList | None = None
    for listed, places in lists:
        yield Edition(listed, places, diff_lists(earlier, listed))
        earlier = listed
