"""What the schema of a source document cannot see: rules within one document, and between the documents of states.

Decides what a node would refuse, by the same functions where there is one (``history``, ``members``, ``extension``),
and by words of its own where a warning is enough. Documents must be in form.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import AssuranceLevel, Format, MemberState, ServiceType
from idbridge.model.time import parse_instant
from idbridge.model.trust import ServiceStatus
from idbridge.tlog import note as signed_note
from idbridge.trust import extension, history, log_names, members, qr_listing
from idbridge.trust.lint_keys import Held
from idbridge.trust.lint_note import FORM, Note, warning
from idbridge.trust.toml_lines import Path

TERRITORY: Final = "trust.territory_mismatch"
ORDER: Final = "trust.status_order"
# Claims that the region has a name for and that no purpose need ask for yet.
_CLAIMS: Final = frozenset({
    "birthdate", "nationality", "sex", "address", "place_of_birth", "phone_number", "email", "personal_number",
    "position", "institution",
})  # fmt: skip
_AGE: Final = re.compile(r"age_over_[1-9][0-9]{0,2}", re.ASCII)
STATUSES: Final = {entry.value.rpartition(":")[2]: entry for entry in ServiceStatus}
TYPES: Final = {entry.value.rpartition(":")[2]: entry for entry in ServiceType}

Document = Mapping[str, Any]


def services(document: Document) -> Iterator[tuple[Path, Document]]:
    """Yield every service with its path."""
    for number, provider in enumerate(document["provider"]):
        for place, service in enumerate(provider["service"]):
            yield ("provider", number, "service", place), service


def notes(document: Document, *, folder: str, claims: frozenset[str]) -> Iterator[Note]:
    """Yield what is wrong within one document; ``claims`` are those that purposes ask for, beside the usual ones."""
    yield from _territory(document, folder)
    yield from _ids(document)
    for path, service in services(document):
        yield from _scope(path, service)
        yield from _statuses((*path, "status"), service["status"])
        yield from _ladder((*path, "ladder"), service)
        for name in service["claims"]["map"]:
            if name not in _CLAIMS | claims and _AGE.fullmatch(name) is None:
                yield warning((*path, "claims", "map", name), "unknown-claim", f"no purpose asks for a claim `{name}`")


def _territory(document: Document, folder: str) -> Iterator[Note]:
    state = document["state"]
    if folder in set(MemberState) and folder != state:
        yield Note(("state",), TERRITORY, f"the list of {state} lies in the folder of {folder}")
    places: list[tuple[Path, Document]] = [(("operator",), document["operator"])]
    places += [(("provider", number), provider) for number, provider in enumerate(document["provider"])]
    for path, one in places:
        if one["address"]["country"] != state:
            words = f"an address in {one['address']['country']}; {state} speaks for itself only"
            yield Note((*path, "address", "country"), TERRITORY, words)


def _ids(document: Document) -> Iterator[Note]:
    seen: dict[str, Path] = {}
    listed = list(services(document))
    for path, service in listed:
        if service["id"] in seen:
            yield Note((*path, "id"), FORM, f"a second service is called `{service['id']}`")
        seen.setdefault(service["id"], path)
    if len(listed) > LIMITS.services_per_list:
        yield Note(("provider",), FORM, f"more than {LIMITS.services_per_list} services")


def _scope(path: Path, service: Document) -> Iterator[Note]:
    """Yield what the service may not be listed for."""
    try:
        members.issuer(service["issuer"], where="issuer")
    except TrustError as refusal:
        yield Note((*path, "issuer"), refusal.code, refusal.detail)
    formats, kind = frozenset(map(Format, service["formats"])), TYPES[service["type"]]
    allowed = extension.FORMATS[kind]
    if not formats <= allowed or bool(formats) is not bool(allowed):
        yield Note((*path, "formats"), FORM, f"a service of type {service['type']} cannot sign these formats")
    if bool(service["credential_types"]) is formats.isdisjoint(extension.TYPED_FORMATS):
        yield Note((*path, "credential_types"), FORM, "types are listed exactly for the formats that have them")
    if "status_lists" in service and kind is not ServiceType.REVOCATION:
        yield Note((*path, "status_lists"), FORM, "only a service of revocation names status lists")
    if "key_set" in service and kind is not ServiceType.LOGIN:
        yield Note((*path, "key_set"), FORM, "only a login service names a key set")
    if "encryption" in service and kind is not ServiceType.LOGIN:
        yield Note((*path, "encryption"), FORM, "only the tokens of a login service come encrypted")
    yield from _signing_notes(path, service, kind)
    if "qr" in service:
        try:
            qr_listing.read(qr_listing.written(service["qr"]))
        except TrustError as refusal:
            yield Note((*path, "qr"), refusal.code, refusal.detail)
    material = service["material"]
    if material["kind"] != "authority" and material["algorithm"] not in service["algorithms"]:
        words = f"keys for {material['algorithm']}, which is not among the algorithms"
        yield Note((*path, "material", "algorithm"), FORM, words)


def _signing_notes(path: Path, service: Document, kind: ServiceType) -> Iterator[Note]:
    """Yield what keeps a log or witness from being listed."""
    if kind not in (ServiceType.LOG, ServiceType.WITNESS):
        return
    if service["algorithms"] != [log_names.ALGORITHM] or service["material"]["kind"] not in ("jwk", "jwks"):
        yield Note((*path, "algorithms"), FORM, "a log or witness is listed by plain keys, all for Ed25519")
    if not signed_note.is_name(log_names.origin_of(service["issuer"])):
        yield Note((*path, "issuer"), FORM, "the address of a log or witness cannot be a name in notes")


def _statuses(path: Path, periods: Sequence[Document]) -> Iterator[Note]:
    """Yield what breaks the rules of ``history``, each at its own line."""
    told = []
    for number, period in enumerate(periods):
        try:
            told.append((STATUSES[period["status"]], parse_instant(period["from"])))
        except ValueError:
            yield Note((*path, number, "from"), FORM, f"there is no instant {period['from']}")
            return
    if told[0][0] not in (ServiceStatus.GRANTED, ServiceStatus.COMPROMISED):
        yield Note((*path, 0), ORDER, "a gap: a service begins granted, or compromised from the start")
    for number, ((before, since), (after, then)) in enumerate(pairwise(told), start=1):
        if then == since:
            yield Note((*path, number), ORDER, f"an overlap: two statuses begin at {periods[number]['from']}")
        elif then < since:
            yield Note((*path, number), ORDER, f"out of order: {periods[number]['from']} is before the one above")
        if history.SEVERITY[after] <= history.SEVERITY[before]:
            before_, after_ = periods[number - 1]["status"], periods[number]["status"]
            yield Note((*path, number), ORDER, f"after {before_} no service becomes {after_}; it gets a new key")


def _ladder(path: Path, service: Document) -> Iterator[Note]:
    """Yield levels that are named twice, are worth nothing, or are worth less than one below them."""
    seen: set[str] = set()
    highest = (AssuranceLevel.A0, AssuranceLevel.A0)
    for number, rung in enumerate(service["ladder"]):
        worth = AssuranceLevel[rung["identity"]], AssuranceLevel[rung["authentication"]]
        if rung["national"] in seen:
            yield Note((*path, number, "national"), FORM, f"the level `{rung['national']}` is named twice")
        seen.add(rung["national"])
        if max(worth) == AssuranceLevel.A0:
            yield warning((*path, number), "worthless-level", "a level that is worth A0 need not be named")
        if worth[0] < highest[0] or worth[1] < highest[1]:
            yield warning((*path, number), "level-order", "a level worth less than one named before it")
        highest = max(highest[0], worth[0]), max(highest[1], worth[1])
    if not service["ladder"] and extension.FORMATS[TYPES[service["type"]]] and service["type"] != "assertion":
        yield warning(path, "no-levels", "without levels, everything that this service signs is worth A0")


def shared(documents: Mapping[str, Document], held: Mapping[str, Held]) -> Mapping[str, Sequence[Note]]:
    """Return, by file, what several documents or several services claim at once: issuers, ids, keys."""
    found: defaultdict[str, list[Note]] = defaultdict(list)
    listed = [(file, path, service) for file, document in documents.items() for path, service in services(document)]
    for word, code, taken in (
        ("issuer", TERRITORY, _by(listed, "issuer")),
        ("id", FORM, _by(listed, "id")),
    ):
        for name, places in taken.items():
            files = {file for file, _ in places}
            if len(files) > 1:
                for file, path in places:
                    others = ", ".join(sorted(files - {file}))
                    found[file].append(Note((*path, word), code, f"`{name}` is listed in {others} too"))
    for file, note in _reused(documents, held):
        found[file].append(note)
    return found


def _by(listed: Iterable[tuple[str, Path, Document]], member: str) -> Mapping[str, list[tuple[str, Path]]]:
    taken: defaultdict[str, list[tuple[str, Path]]] = defaultdict(list)
    for file, path, service in listed:
        taken[service[member]].append((file, path))
    return taken


def _reused(documents: Mapping[str, Document], held: Mapping[str, Held]) -> Iterator[tuple[str, Note]]:
    """Yield each further use of a key: by another state it is an error, by another service of one state a warning."""
    first: dict[str, tuple[str, str]] = {}
    for file, document in documents.items():
        for path, service in services(document):
            for thumbprint in held[file].thumbprints(service["id"]):
                where, other = first.setdefault(thumbprint, (file, service["id"]))
                if where != file:
                    yield file, Note(path, TERRITORY, f"a key that `{other}` in {where} has too")
                elif other != service["id"]:
                    yield file, warning(path, "key-reuse", f"a key that `{other}` has too")
