"""The assertion in plain words: what the person reads, line by line. It shows what is there and adds nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

STATES: Final[Mapping[str, str]] = {
    "BN": "Brunei Darussalam", "ID": "Indonesia", "KH": "Cambodia", "LA": "Lao PDR", "MM": "Myanmar", "MY": "Malaysia",
    "PH": "the Philippines", "SG": "Singapore", "TH": "Thailand", "TL": "Timor-Leste", "VN": "Viet Nam",
}  # fmt: skip
_LEVELS: Final[Mapping[str, str]] = {"A0": "not assured", "A1": "low", "A2": "substantial", "A3": "high"}
_CLAIMS: Final[Mapping[str, str]] = {
    "birthdate": "Born", "nationality": "Nationality", "sex": "Sex", "address": "Address", "position": "Position",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what it is about, what is said, and a remark in small print."""

    about: str
    said: str
    remark: str = ""


def greeting(claims: Mapping[str, Any]) -> str:
    """Return by what name the bank greets whoever logged in."""
    name = _name(claims)
    represents = claims.get("represents")
    if name is None and represents:
        return str(represents.get("name") or represents["entity"]["value"])
    return "you" if name is None else str(name["display"])


def about_person(claims: Mapping[str, Any]) -> Iterator[Line]:
    """Yield what the assertion says of the person, and of a company if they act for one."""
    name = _name(claims)
    if name is not None:
        latin = name.get("latin")
        yield Line("Name", str(name["display"]), f"in Latin letters: {latin}" if latin else "")
    for claim, words in _CLAIMS.items():
        said = _released(claims).get(claim)
        if said is not None:
            yield Line(words, STATES.get(str(said), str(said)) if claim == "nationality" else str(said))
    represents = claims.get("represents")
    if represents:
        entity = represents["entity"]
        known, name = f"{entity['scheme']} {entity['value']}", represents.get("name")
        yield Line("For the company", str(name), known) if name else Line("For the company", known)


def about_login(claims: Mapping[str, Any], *, bank: str) -> Iterator[Line]:
    """Yield why the bank can rely on it."""
    origin, level = claims["origin"], str(claims["assurance"]["loa"])
    issuer = urlsplit(str(origin["issuer"])).hostname or ""
    yield Line("Vouched for by", STATES.get(origin["state"], origin["state"]), issuer)
    at_home = claims["acr_national"]  # null where less is stated than was proved
    remark = f"at home it is called {at_home}" if at_home is not None else ""
    yield Line("How sure", f"{level}, {_LEVELS.get(level, 'unknown')}", remark)
    recognition = claims["recognition"]
    yield Line(
        "Recognised here by",
        STATES.get(recognition["by"], recognition["by"]),
        f"arrangement {recognition['arrangement']}, version {recognition['version']}",
    )
    yield Line("Only for", str(claims["purpose"]["text"]), str(claims["purpose"]["code"]))
    until = datetime.fromtimestamp(claims["exp"], UTC)
    yield Line("Good until", f"{until:%H:%M} UTC", f"{until:%d %B %Y}")
    yield Line("You are known here as", str(claims["sub"]), f"this number is for {bank} alone")


def _released(claims: Mapping[str, Any]) -> Mapping[str, Any]:
    verified = claims.get("verified_claims") or {}
    found: Mapping[str, Any] = verified.get("claims") or {}
    return found


def _name(claims: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = _released(claims).get("name")
    return found
