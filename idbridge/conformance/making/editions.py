"""Editions of the plain material: what a verifier of the pretend region holds, with one thing otherwise in each.

An edition is the region with one change: a list, an arrangement, what is served at an address, a document of a type. Of
the files only those that differ are written, with the name of the material upon which they lie.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idbridge.conformance.making.material import SCHEMA, write_plain_material
from idbridge.conformance.material import MATERIAL_FILE, REGION, UPON, WITHOUT
from idbridge.conformance.node import PINS, TRUST, TYPES, read_object, write_object
from idbridge.credential.type_folder import file_name
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.recognition.signed_document import ARRANGEMENT_TYPE, sign_document
from idbridge.sandbox import revocations, status_offers
from idbridge.sandbox.cases import presentations
from idbridge.sandbox.drill import contents
from idbridge.sandbox.forgeries import text_altered
from idbridge.sandbox.publication import public_material
from idbridge.sandbox.region import Region
from idbridge.sandbox.sources import arrangement_payloads
from idbridge.sandbox.statuses import documents
from idbridge.sandbox.typed import ANCESTOR, FAMILY, PID, document
from idbridge.trust.publish import lote_from_source, sign_list

SG: Final = MemberState.SG
TL: Final = MemberState.TL
_SG_LIST: Final = f"{TRUST}/lists/SG.jws"
_TL_LIST: Final = f"{TRUST}/lists/TL.jws"
_LIFE: Final = timedelta(days=90)
_LONG_AGO: Final = timedelta(days=100)
Files = Callable[[Region], Mapping[str, bytes]]


def _as_it_is(region: Region) -> Region:
    return region


def _no_files(_region: Region) -> Mapping[str, bytes]:
    return {}


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition. ``region`` is how the region changes, ``served`` what stands at addresses beside what it serves.

    ``files`` are written over those of the region, and ``without`` names those that are not there.
    """

    name: str
    why: str
    region: Callable[[Region], Region] = _as_it_is
    served: Files = _no_files
    files: Files = _no_files
    without: tuple[str, ...] = ()


def write_edition(edition: Edition, region: Region, materials: Path) -> None:
    """Write ``edition`` of ``region`` below ``materials``, where the material of the region itself stands already.

    Raises:
        ConfigurationError: A file or folder cannot be written.
    """
    base, folder, changed = materials / REGION, materials / edition.name, edition.region(region)
    served = {**documents(region, at=region.made_at), **edition.served(region)}
    with tempfile.TemporaryDirectory(prefix="idbridge-edition-") as place:
        write_plain_material(changed, Path(place), why=edition.why, served=served)
        made = {
            path.relative_to(place).as_posix(): path.read_bytes() for path in Path(place).rglob("*") if path.is_file()
        }
    made |= edition.files(region)
    held = {path.relative_to(base).as_posix(): path.read_bytes() for path in base.rglob("*") if path.is_file()}
    for name, octets in made.items():
        if held.get(name) != octets and name not in edition.without and name != MATERIAL_FILE:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(octets)
    about = {"schema": SCHEMA, "kind": "plain", "at": instant_text(region.made_at), "why": edition.why}
    folder.mkdir(parents=True, exist_ok=True)
    write_object(folder / MATERIAL_FILE, {**about, UPON: REGION, WITHOUT: sorted(edition.without)})


def editions() -> Iterator[Edition]:
    """Yield every edition."""
    yield from _agreements()
    yield from _lists()
    yield from _statuses()
    yield from _key_sets()
    yield from _types()


def _agreements() -> Iterator[Edition]:
    yield Edition(
        "kh-th-in-force",
        "Cambodia and Thailand agreed, and Thailand suspended nothing.",
        without=(f"{TRUST}/arrangements/KH-TH/2.json",),
    )
    yield Edition(
        "id-sg-in-force",
        "Indonesia and Singapore agreed, and repealed nothing.",
        without=(f"{TRUST}/arrangements/ID-SG/2.json",),
    )
    wider = {"service_types": ["login", "pid-issuance"], "formats": ["id_token", "dc+sd-jwt"]}
    yield Edition(
        "ph-th-with-identities",
        "The Philippines and Thailand agreed on identities of wallets too.",
        files=lambda region: _arrangement(region, "PH-TH", rule=wider),
    )
    yield Edition(
        "mm-th-in-force",
        "Myanmar and Thailand agreed, and it is in force.",
        files=lambda region: _arrangement(region, "MM-TH", version={"from": "2026-01-01T00:00:00Z"}),
    )
    agreed = {"id": "MM-SG", "parties": ["MM", "SG"]}
    since, parties = {"from": "2026-01-01T00:00:00Z", "signed_by": ["MM", "SG"]}, {"recognising": ["MM", "SG"]}
    yield Edition(
        "mm-sg-agreed",
        "Myanmar and Singapore agreed.",
        files=lambda region: _arrangement(region, "MM-TH", of=agreed, version=since, rule=parties),
    )


def _arrangement(
    region: Region,
    like: str,
    *,
    of: Mapping[str, Any] = MappingProxyType({}),
    version: Mapping[str, Any] = MappingProxyType({}),
    rule: Mapping[str, Any] = MappingProxyType({}),
) -> Mapping[str, bytes]:
    """Return the file of the first version of an arrangement that is like another one, but for what is given."""
    source = next(table for table in region.sources.arrangements if table["id"] == like)
    first = source["version"][0]
    changed = {**first, **version, "rule": [{**one, **rule} for one in first["rule"]]}
    written, signers = next(
        arrangement_payloads({**source, **of, "version": [changed]}, environment=region.environment)
    )
    keys = {state: region.keys.lists[state] for state in signers}
    octets = sign_document(written, signers=keys, typ=ARRANGEMENT_TYPE)
    return {f"{TRUST}/arrangements/{written['id']}/1.json": octets}


def _lists() -> Iterator[Edition]:
    yield Edition("sg-not-configured", "The node pins no key of Singapore.", files=_without_pins)
    yield Edition(
        "sg-list-altered",
        "One bit of Singapore's list was changed on the way.",
        files=lambda region: {_SG_LIST: text_altered(region.published.lists[SG]).encode("ascii")},
    )
    yield Edition(
        "sg-list-overdue",
        "Singapore's list is past its next update.",
        files=lambda region: {_SG_LIST: _listed(region, issued=_LONG_AGO)},
    )
    yield Edition(
        "tl-a-member",
        "Timor-Leste is no observer any more, as its own list says.",
        files=lambda region: {_TL_LIST: _as_a_member(region)},
    )
    yield Edition(
        "sg-key-listed-twice",
        "Singapore lists the key of its login a second time, as one that was withdrawn.",
        files=lambda region: {_SG_LIST: _listed(region, built=contents.login_twice)},
    )


def _as_a_member(region: Region) -> bytes:
    """Return the list of Timor-Leste as that of a state which is no observer."""
    return _listed(region, of={**region.sources.lists[TL], "tier": "T2"}, state=TL)


def _without_pins(region: Region) -> Mapping[str, bytes]:
    with tempfile.TemporaryDirectory(prefix="idbridge-edition-") as place:
        region.publish(Path(place))
        pins = read_object(Path(place) / PINS)
        write_object(
            Path(place) / PINS,
            {**pins, "states": {state: keys for state, keys in pins["states"].items() if state != SG.value}},
        )
        return {PINS: (Path(place) / PINS).read_bytes()}


def _listed(
    region: Region,
    *,
    issued: timedelta = timedelta(0),
    built: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    state: MemberState = SG,
    of: Mapping[str, Any] | None = None,
) -> bytes:
    """Return the list of ``state``, ``issued`` so long ago, of another source and with what ``built`` makes of it."""
    at = region.made_at - issued
    lote = lote_from_source(
        region.sources.lists[state] if of is None else of,
        environment=region.environment,
        sequence=1,
        issued_at=at,
        next_update=at + _LIFE,
        material=public_material(region.keys).__getitem__,
    )
    return sign_list(built(lote), region.keys.lists[state], at=at).encode("ascii")


def _statuses() -> Iterator[Edition]:
    offer = status_offers.StatusListOffer(presentations.SG.recipe.source, "th-bank", "account-opening")
    for name, why, made in (
        ("sg-status-altered", "The status list of Singapore was changed on the way.", replace(offer, altered=True)),
        ("sg-status-overdue", "The status list of Singapore has expired.", replace(offer, age=timedelta(days=3))),
    ):
        yield Edition(name, why, served=_serving(status_offers.ADDRESS, made.octets))
    demand = revocations.RevocationOffer(presentations.SG.recipe.source, "sg-pid", "th-bank", "account-opening")
    told = "Singapore demands to know of revoked certificates"
    for name, why, crl in (
        ("sg-crl-silent", f"{told}, and the current list of its authority names none.", demand),
        ("sg-crl-revoking", f"{told}, and the list names that of its wallet service.", replace(demand, revoked=True)),
        ("sg-crl-altered", f"{told}, and the list was changed on the way.", replace(demand, altered=True)),
        ("sg-crl-overdue", f"{told}, and the list is past its next update.", replace(demand, age=timedelta(days=3))),
    ):
        yield Edition(name, why, _demanding(demand), _serving(revocations.ADDRESS, crl.octets))
    yield Edition("sg-crl-missing", f"{told}, and no list was fetched.", _demanding(demand))


def _demanding(offer: revocations.RevocationOffer) -> Callable[[Region], Region]:
    return lambda region: offer.demanding(region, at=region.made_at)


def _serving(address: str, made: Callable[..., bytes]) -> Files:
    return lambda region: {address: made(region, at=region.made_at)}


def _key_sets() -> Iterator[Edition]:
    offer = status_offers.KeySetOffer("th-bank", "account-opening")
    told = "Singapore lists where its login publishes its keys"
    for name, why, made in (
        ("sg-key-set", f"{told}, and a new one stands there.", offer),
        ("sg-key-set-without-it", f"{told}, and another one than the new one stands there.",
         replace(offer, published=False)),
    ):  # fmt: skip
        yield Edition(name, why, _naming, _keys(made))


def _naming(region: Region) -> Region:
    return status_offers.naming(region, at=region.made_at)


def _keys(offer: status_offers.KeySetOffer) -> Files:
    return lambda region: {status_offers.KEY_SET: offer.octets(region, status_offers.new_key(region))}


def _types() -> Iterator[Edition]:
    demanding = document(FAMILY, {"path": ["issuing_office"], "mandatory": True, "sd": "never"})
    for name, why, held in (
        ("th-types", "The node holds the documents of a type of Thailand and of the one that it extends.",
         (ANCESTOR, PID)),
        ("th-types-demanding", "The type that Thailand's extends demands a claim that its credentials do not have.",
         (demanding, PID)),
    ):  # fmt: skip
        yield Edition(name, why, files=_documents(held))


def _documents(held: tuple[bytes, ...]) -> Files:
    return lambda _region: {f"{TYPES}/{file_name(octets)}": octets for octets in held}
