"""What a list says: the one detail in which its content differs from an honest one, before it is signed.

Each takes a list of Singapore, which nobody else holds, changes it and returns it.
"""

import copy
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final

from idbridge.codec import base64std
from idbridge.model.time import instant_text, parse_instant
from idbridge.model.trust import ServiceStatus

Lote = dict[str, Any]
Built = Callable[[Lote], Lote]
Change = Callable[[dict[str, Any]], None]
LOGIN: Final = "LionPass login"
_NEIGHBOUR: Final = "https://sandbox.login.th.example"
_IDENTITY: Final = "ServiceDigitalIdentity"
_STATUS: Final = "ServiceStatus"
_SINCE: Final = "StatusStartingTime"
_ENDED: Final = 2
WITHDRAWN: Final = ServiceStatus.WITHDRAWN
COMPROMISED: Final = ServiceStatus.COMPROMISED


def entries(lote: Lote) -> Iterator[tuple[list[dict[str, Any]], dict[str, Any]]]:
    """Yield every entry with the list that it stands in."""
    for entity in lote["LoTE"]["TrustedEntitiesList"]:
        for entry in list(entity["TrustedEntityServices"]):
            yield entity["TrustedEntityServices"], entry


def _login(lote: Lote) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    return next(
        (among, entry)
        for among, entry in entries(lote)
        if entry["ServiceInformation"]["ServiceName"][0]["value"] == LOGIN
    )


def scheme(**changes: Any) -> Built:
    """Return what makes a list say something else of itself."""

    def built(lote: Lote) -> Lote:
        lote["LoTE"]["ListAndSchemeInformation"].update(changes)
        return lote

    return built


def login(change: Change) -> Built:
    """Return what changes the entry of Singapore's login."""

    def built(lote: Lote) -> Lote:
        change(_login(lote)[1])
        return lote

    return built


def identity(value: Any) -> Built:
    """Return what identifies Singapore's login in another way."""

    def change(entry: dict[str, Any]) -> None:
        entry["ServiceInformation"][_IDENTITY] = value

    return login(change)


def certificate(change: Callable[[str], str]) -> Built:
    """Return what writes the first listed certificate in another way."""

    def built(lote: Lote) -> Lote:
        for _, entry in entries(lote):
            found = entry["ServiceInformation"][_IDENTITY].get("X509Certificates", [])
            for one in found:
                one["val"] = change(one["val"])
                return lote
        raise ValueError("the list names no certificate")

    return built


def not_der(_val: str) -> str:
    """Write something else than a certificate."""
    return base64std.encode(b"certificate")


def as_pem(val: str) -> str:
    """Write PEM where base64 of DER belongs."""
    return f"-----BEGIN CERTIFICATE-----\n{val}\n-----END CERTIFICATE-----\n"


def with_trailing_octets(val: str) -> str:
    """Write octets behind the certificate."""
    return base64std.encode(base64std.decode(val) + b"\x00\x00")


def empty(lote: Lote) -> Lote:
    """List nobody."""
    lote["LoTE"]["TrustedEntitiesList"] = []
    return lote


def pointing(lote: Lote) -> Lote:
    """Point to another list."""
    pointer = {
        "LoTELocation": "https://lists.example/TH.jws",
        "ServiceDigitalIdentities": [{"X509SubjectNames": ["CN=Another"]}],
        "LoTEQualifiers": [{"LoTEType": "urn:idbridge:lote:state-list", "SchemeOperatorName": [], "MimeType": ""}],
    }
    lote["LoTE"]["ListAndSchemeInformation"]["PointersToOtherLoTE"] = [pointer]
    return lote


def _from_issue(lote: Lote, before: timedelta) -> str:
    issued = parse_instant(lote["LoTE"]["ListAndSchemeInformation"]["ListIssueDateTime"])
    return instant_text(issued - before)


def _end(entry: dict[str, Any], status: ServiceStatus, since: str) -> None:
    """Make what an entry says its past, and give it a present status."""
    present = entry["ServiceInformation"]
    about = ("ServiceName", _IDENTITY, "ServiceTypeIdentifier", _STATUS, _SINCE)
    entry["ServiceHistory"] = [{name: present[name] for name in about}, *entry.get("ServiceHistory", [])]
    present[_STATUS], present[_SINCE] = status.value, since


def login_ended(status: ServiceStatus, *, before: timedelta) -> Built:
    """Return what ends Singapore's login, so long before the list was issued."""

    def built(lote: Lote) -> Lote:
        _end(_login(lote)[1], status, _from_issue(lote, before))
        return lote

    return built


def half_ended(lote: Lote) -> Lote:
    """End two of the four services that are granted."""
    granted = [entry for _, entry in entries(lote) if entry["ServiceInformation"][_STATUS].endswith(":granted")]
    for entry in granted[-_ENDED:]:
        _end(entry, WITHDRAWN, _from_issue(lote, timedelta(0)))
    return lote


def login_twice(lote: Lote) -> Lote:
    """List the key of the login a second time, as one that was withdrawn."""
    among, entry = _login(lote)
    second = copy.deepcopy(entry)
    second["ServiceInformation"]["ServiceName"][0]["value"] = "LionPass login, closed"
    _end(second, WITHDRAWN, _from_issue(lote, timedelta(hours=1)))
    among.append(second)
    return lote


def issuer_of_neighbour(lote: Lote) -> Lote:
    """List one service more, whose issuer is one of Thailand's."""
    among, entry = _login(lote)
    foreign = copy.deepcopy(entry)
    foreign["ServiceInformation"]["ServiceName"][0]["value"] = "Login of Thailand"
    foreign["ServiceInformation"]["ServiceInformationExtensions"][0]["IdBridge"]["issuer"] = _NEIGHBOUR
    among.append(foreign)
    return lote


def _history(*periods: tuple[str, str]) -> Built:
    """Return what tells another history of the login: statuses with their starts, oldest first."""

    def change(entry: dict[str, Any]) -> None:
        *past, (status, since) = periods
        present = entry["ServiceInformation"]
        about = {name: present[name] for name in ("ServiceName", _IDENTITY, "ServiceTypeIdentifier")}
        told = [{**about, _STATUS: _word(word), _SINCE: start} for word, start in reversed(past)]
        if told:
            entry["ServiceHistory"] = told
        present[_STATUS], present[_SINCE] = _word(status), since

    return login(change)


def _word(status: str) -> str:
    return f"urn:idbridge:status:{status}"


_FIRST, _LATER = "2026-02-15T00:00:00Z", "2026-06-01T00:00:00Z"
DISORDERED: Final = {
    "begins-twice-at-once": _history(("granted", _FIRST), ("withdrawn", _FIRST)),
    "runs-backwards": _history(("granted", _LATER), ("withdrawn", _FIRST)),
    "gets-better": _history(("granted", "2026-01-01T00:00:00Z"), ("withdrawn", _FIRST), ("granted", _LATER)),
    "begins-with-an-end": _history(("withdrawn", _FIRST)),
}
ANOTHER_PAST: Final = _history(("granted", "2026-01-01T00:00:00Z"))


def unknown_status(entry: dict[str, Any]) -> None:
    """Give an entry a status that nobody knows."""
    entry["ServiceInformation"][_STATUS] = "urn:idbridge:status:probably-fine"


def unknown_critical_extension(entry: dict[str, Any]) -> None:
    """Demand that an extension be understood that nobody knows."""
    entry["ServiceInformation"]["ServiceInformationExtensions"].append({"OnlyOnTuesdays": True, "Critical": True})
