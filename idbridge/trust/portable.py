"""Trust material on its way: the signed documents behind one snapshot, and all else that it was made of, as one value.

Decides whether what came is what a verdict names: the snapshot is made anew of the signed documents, each verified
under the keys that came with it, and its id has to be the one that was named. That these keys were the states' own, the
material cannot prove of itself; who was there confirms it, or the pins of a node. Clause: architecture D1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import base64std
from idbridge.crypto.keys import parse_jwk
from idbridge.errors import ConfigurationError, InputError, JoseError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment, MemberState
from idbridge.trust import agreements, floors, freshness, members, profile
from idbridge.trust.deny import DenyBook
from idbridge.trust.floor import Floor
from idbridge.trust.floors import Floors
from idbridge.trust.freshness import RegionalFreshness
from idbridge.trust.ledger import EMPTY
from idbridge.trust.profile import TrustList
from idbridge.trust.repository import LISTS
from idbridge.trust.shelf import OctetShelf
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from idbridge.trust.stored import StoredSnapshot
from idbridge.trust.trusted_set import TrustedSet
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.acceptance import DISTRIBUTION

Keys = Mapping[MemberState, tuple[PublicKey, ...]]
_AGREED: Final = (f"{agreements.ARRANGEMENTS}/", f"{agreements.PURPOSES}/")
_NO_KEYS: Final[Keys] = MappingProxyType({})
_DAMAGED: Final = (TrustError, JoseError, InputError, ValueError, KeyError, TypeError)
_MEMBERS: Final = frozenset({
    "environment", "distribution", "keys", "document_keys", "floors", "regional", "absent", "files",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class TrustMaterial:
    """What one trust snapshot was made of.

    ``files`` are the signed documents by path: ``lists/SG.jws``, ``arrangements/<id>/<version>.json`` and
    ``purposes/<version>.json``. ``floors`` say which editions they are, and hold the denials; of the ledger in them
    nothing is needed. ``absent`` says for each state without list why.
    """

    environment: Environment
    distribution: str
    keys: Keys
    floors: Floors
    files: Mapping[str, bytes] = field(repr=False)
    document_keys: Keys = field(default_factory=lambda: _NO_KEYS)
    regional: RegionalFreshness | None = None
    absent: Mapping[MemberState, str] = field(default_factory=dict)

    def snapshot(self, *, named: str) -> TrustSnapshot:
        """Return the snapshot that this is the material of, if its id is ``named``.

        Raises:
            ConfigurationError: It is another, or what is here is damaged or not signed by whom it should be.
        """
        try:
            made = self._made()
        except _DAMAGED as refusal:
            raise ConfigurationError(f"the trust material is not acceptable: {refusal}") from refusal
        if made.id != named:
            raise ConfigurationError("the trust material is not that of the snapshot which the report names")
        return made

    def _made(self) -> TrustSnapshot:
        trusted = TrustedSet(
            self.environment,
            self.keys,
            floors=self.floors.states,
            arrangement_floors=self.floors.arrangements,
            purposes_floor=self.floors.purposes,
            denials=self.floors.denials,
            distribution=self.distribution,
            document_keys=self.document_keys,
        )
        for state in MemberState:
            offered = self.files.get(path_of_list(state))
            if offered is not None:
                trusted = trusted.with_stored_list(offered, state=state)
        trusted, _ = agreements.read(OctetShelf(self.files, {}), trusted)
        return snapshot_of(trusted, states_without_list=self.absent, regional=self.regional)

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        bare = {state: replace(floor, ledger=EMPTY) for state, floor in self.floors.states.items()}
        return {
            "environment": self.environment.value,
            "distribution": self.distribution,
            "keys": _written(self.keys),
            "document_keys": _written(self.document_keys),
            "floors": floors.render(replace(self.floors, states=bare)),
            "regional": self.regional.document() if self.regional is not None else None,
            "absent": {state.value: code for state, code in sorted(self.absent.items())},
            "files": written_files(self.files),
        }


def of_stored(stored: StoredSnapshot, present: Floors) -> Iterator[TrustMaterial]:
    """Yield what a kept snapshot may have been made of; the one whose id is right is it.

    What is kept does not say for which issuers a state spoke then, nor which denials were held: as at ``present``, or
    for all that it lists, and as at ``present`` or none.

    Raises:
        ConfigurationError: What is kept is damaged.
    """
    try:
        about = stored.about
        environment = members.word(about["environment"], Environment, where="environment")
        keys = _keys(about["keys"])
        former = _without(_joined(_keys(about["documentKeys"]), _keys(about["vouching"])), keys)
        lists = {state: stored.files[path] for state in MemberState if (path := roles.list_path(state)) in stored.files}
        parsed = {state: _read(octets, state, environment, keys, former) for state, octets in lists.items()}
        whole = TrustMaterial(
            environment=environment,
            distribution=DISTRIBUTION,
            keys=keys,
            document_keys=former,
            floors=present,
            regional=freshness.parse(about["regional"]),
            absent=_absent(about["absent"]),
            files=MappingProxyType({
                **{path: octets for path, octets in stored.files.items() if path.startswith(_AGREED)},
                **{path_of_list(state): octets for state, octets in lists.items()},
            }),
        )  # fmt: skip
    except _DAMAGED as damaged:
        raise ConfigurationError(f"what is kept is damaged: {damaged}") from damaged
    for as_now, denials in product((True, False), (present.denials, DenyBook())):
        standing = {state: _floor(listed, present, as_now=as_now) for state, listed in parsed.items()}
        silent = {state: floor for state, floor in present.states.items() if state not in parsed}
        yield replace(whole, floors=Floors(environment, {**silent, **standing}, denials=denials))


def environment_of(stored: StoredSnapshot) -> Environment:
    """Return of which environment a kept snapshot is.

    Raises:
        ConfigurationError: It does not say so.
    """
    try:
        return members.word(stored.about["environment"], Environment, where="environment")
    except (TrustError, KeyError) as damaged:
        raise ConfigurationError("what is kept names no environment") from damaged


def path_of_list(state: MemberState) -> str:
    """Return under which path the list of ``state`` travels."""
    return f"{LISTS}/{state}.jws"


def parse(value: Any) -> TrustMaterial:
    """Return the material of which ``TrustMaterial.document`` made ``value``; nothing of it is verified.

    Raises:
        ConfigurationError: It is in another form.
    """
    try:
        read = members.table(value, required=_MEMBERS, where="the trust material")
        return TrustMaterial(
            environment=members.word(read["environment"], Environment, where="environment"),
            distribution=members.text(read["distribution"], where="distribution"),
            keys=_keys(read["keys"]),
            document_keys=_keys(read["document_keys"]),
            floors=floors.parse(read["floors"]),
            regional=freshness.parse(read["regional"]) if read["regional"] is not None else None,
            absent=_absent(read["absent"]),
            files=read_files(read["files"], most=LIMITS.snapshot_files),
        )
    except _DAMAGED as damaged:
        raise ConfigurationError(f"the trust material is not in its form: {damaged}") from damaged


def written_files(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return files as JSON values: base64 by path."""
    return {path: base64std.encode(files[path]) for path in sorted(files)}


def read_files(value: Any, *, most: int) -> Mapping[str, bytes]:
    """Return the files that ``written_files`` made ``value`` of, ``most`` at most.

    Raises:
        InputError, TypeError: It is in another form.
    """
    if type(value) is not dict or len(value) > most or any(type(text) is not str for text in value.values()):
        raise TypeError(f"files are texts by path, at most {most}")
    return MappingProxyType({path: base64std.decode(text) for path, text in value.items()})


def _read(octets: bytes, state: MemberState, environment: Environment, keys: Keys, former: Keys) -> TrustList:
    known = (*keys.get(state, ()), *former.get(state, ()))
    return profile.parse(octets, state=state, environment=environment, keys=known, distribution=DISTRIBUTION)


def _floor(listed: TrustList, present: Floors, *, as_now: bool) -> Floor:
    about = listed.provenance
    now = present.states.get(about.member_state)
    issuers = listed.issuers & now.issuers if as_now and now is not None else listed.issuers
    return Floor(about.sequence, listed.content, about.issued_at, issuers)


def _joined(one: Keys, other: Keys) -> Keys:
    return {
        state: tuple({key.thumbprint: key for key in (*one.get(state, ()), *other.get(state, ()))}.values())
        for state in {*one, *other}
    }


def _without(former: Keys, keys: Keys) -> Keys:
    known = {key.thumbprint for held in keys.values() for key in held}
    left = {state: tuple(key for key in held if key.thumbprint not in known) for state, held in former.items()}
    return MappingProxyType({state: held for state, held in left.items() if held})


def _written(keys: Keys) -> dict[str, Any]:
    return {state.value: [dict(key.jwk) for key in held] for state, held in sorted(keys.items())}


def _keys(value: Any) -> Keys:
    if type(value) is not dict:
        raise TypeError("keys are by state")
    most = LIMITS.keys_per_service
    return MappingProxyType({
        _state(name): members.array(jwks, parse_jwk, where="keys", most=most) for name, jwks in value.items()
    })  # fmt: skip


def _absent(value: Any) -> Mapping[MemberState, str]:
    if type(value) is not dict:
        raise TypeError("what is absent is named by state")
    return MappingProxyType({_state(name): members.text(code, where="a code") for name, code in value.items()})


def _state(name: Any) -> MemberState:
    return members.word(name, MemberState, where="a state")
