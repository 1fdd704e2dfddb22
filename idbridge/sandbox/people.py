"""The people and companies of the pretend region: who they are, in their own scripts. Nobody here is real.

A person knows no provider: how a provider names a person's facts stands in its listing, and ``claims_of`` speaks each
provider's own language from the same listing that a verifier reads.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from idbridge.model.credential import NamePartValue
from idbridge.model.randomness import Randomness
from idbridge.model.region import MemberState

_NAME = frozenset({"id", "state", "subject", "display", "parts"})
_NUMBER: Final = "personal_number"
_CHANGED: Final = 6  # characters at the end of a number; what is before them says that nobody real has it
_DIGITS: Final = 10


@dataclass(frozen=True, slots=True)
class Person:
    """A natural person. ``facts`` are by regional claim name; ``parts`` is the name in the order of its language."""

    id: str
    state: MemberState
    subject: str
    display: str
    parts: tuple[NamePartValue, ...]
    facts: Mapping[str, str]

    @property
    def latin(self) -> str | None:
        """The whole name in Latin letters where the state writes one beside its own script; never made up here."""
        forms = [part.latin for part in self.parts if part.latin is not None]
        return " ".join(forms) if len(forms) == len(self.parts) else None


@dataclass(frozen=True, slots=True)
class Company:
    """A legal person, named by the number of its register."""

    id: str
    state: MemberState
    scheme: str
    value: str
    name: str


@dataclass(frozen=True, slots=True)
class Population:
    """Everybody of the region, by id."""

    people: Mapping[str, Person]
    companies: Mapping[str, Company]

    def of(self, state: MemberState) -> tuple[Person, ...]:
        """Return the people of ``state``."""
        return tuple(person for person in self.people.values() if person.state is state)


def claims_of(person: Person, claim_map: Mapping[str, Any]) -> dict[str, str]:
    """Return what a provider says of ``person``, under the provider's own claim names.

    ``claim_map`` is the ``claims`` table of the service's source document. Facts that the person lacks are left out,
    so a mononym comes without a family name.
    """
    claims = {claim_map["subject"]: person.subject}
    for listed in claim_map["name_parts"]:
        part = next((part for part in person.parts if part.kind == listed["kind"]), None)
        if part is None:
            continue
        claims[listed["native"]] = part.native
        if part.latin is not None and "latin" in listed:
            claims[listed["latin"]] = part.latin
    if "display" in claim_map:
        claims[claim_map["display"]] = person.display
    for regional, own in claim_map["map"].items():
        if regional in person.facts:
            claims.setdefault(own, person.facts[regional])
    return claims


@cache
def population() -> Population:
    """Return the people and companies that ``people.toml`` describes."""
    text = resources.files("idbridge.sandbox").joinpath("people.toml").read_text(encoding="utf-8")
    document = tomllib.loads(text)
    people = [_person(table) for table in document["person"]]
    companies = [Company(**{**table, "state": MemberState(table["state"])}) for table in document["company"]]
    return Population(
        MappingProxyType({person.id: person for person in people}),
        MappingProxyType({company.id: company for company in companies}),
    )


def renumbered(everybody: Population, randomness: Randomness) -> Population:
    """Return the same people under other subjects and personal numbers, each of the form that it has.

    The first digits stay, because by them no real person has such a number.
    """
    people = {name: _renumbered(person, randomness) for name, person in everybody.people.items()}
    return replace(everybody, people=MappingProxyType(people))


def _renumbered(person: Person, randomness: Randomness) -> Person:
    """Return ``person`` under another subject; who has one number for both keeps one for both."""
    numbers = {person.subject: _another(person.subject, randomness)}
    facts = dict(person.facts)
    if _NUMBER in facts:
        facts[_NUMBER] = numbers.get(facts[_NUMBER]) or _another(facts[_NUMBER], randomness)
    return replace(person, subject=numbers[person.subject], facts=MappingProxyType(facts))


def _another(number: str, randomness: Randomness) -> str:
    """Return ``number`` with other digits among its last characters, and all else as it is."""
    drawn = randomness.octets(len(number))
    end = len(number) - _CHANGED
    return "".join(
        str(octet % _DIGITS) if place >= end and letter.isdecimal() else letter
        for place, (letter, octet) in enumerate(zip(number, drawn, strict=True))
    )


def holders() -> tuple[str, ...]:
    """Return the ids of all who have a wallet: people, and companies too."""
    everybody = population()
    return (*everybody.people, *everybody.companies)


def _person(table: Mapping[str, Any]) -> Person:
    facts = {name: value for name, value in table.items() if name not in _NAME}
    return Person(
        id=table["id"],
        state=MemberState(table["state"]),
        subject=table["subject"],
        display=table["display"],
        parts=tuple(NamePartValue(**part) for part in table["parts"]),
        facts=MappingProxyType({"nationality": table["state"], **facts}),
    )
