"""The purpose register: what an identity may be asked for, and what each purpose demands of it (architecture D2).

One regional document, signed by at least three member states. It bounds every arrangement: no arrangement accepts a
bearer, a level or a claim that the purpose does not allow. ``purpose_text`` of a request is for people and is not
looked at here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from idbridge.model.keys import PublicKey
from idbridge.model.region import AssuranceLevel, Environment, MemberState
from idbridge.recognition import members
from idbridge.recognition.rule import recognisable_level
from idbridge.recognition.signed_document import PURPOSES_TYPE, SignedDocument, open_signed

SCHEMA: Final = "idbridge-purposes-1"
REQUIRED_STATES: Final = 3

_REGISTER = frozenset({"schema", "version", "environment", "purposes"})
_PURPOSE = frozenset({
    "code", "name", "minimum_level", "bearer_allowed", "claims", "subject", "mandate_scope",
})  # fmt: skip


class PurposeSubject(StrEnum):
    """Who is identified: a person for themself, a person for a legal person, or either."""

    NATURAL = "natural"
    LEGAL = "legal"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose. ``mandate_scope`` are the scopes that a mandate must contain to serve it."""

    code: str
    name: Mapping[str, str]  # by language tag; English always
    minimum_level: AssuranceLevel
    bearer_allowed: bool
    claims: frozenset[str]
    subject: PurposeSubject
    mandate_scope: frozenset[str]


@dataclass(frozen=True, slots=True)
class PurposeRegister:
    """One version of the register. ``version`` 0 is the register before the first one: it allows nothing."""

    environment: Environment
    version: int
    digest: str
    purposes: Mapping[str, Purpose]

    @classmethod
    def none(cls, environment: Environment) -> "PurposeRegister":
        """Return the register before any was accepted, under which every purpose is refused."""
        return cls(environment, 0, "", MappingProxyType({}))

    def find(self, code: str) -> Purpose | None:
        """Return the purpose of this code; ``None`` if the register does not have it, which allows nothing."""
        return self.purposes.get(code)

    def with_register(self, offered: bytes, *, keys: Mapping[MemberState, tuple[PublicKey, ...]]) -> "PurposeRegister":
        """Return the register ``offered`` if it may follow this one; the same register again changes nothing.

        Raises:
            TrustError: ``trust.arrangement_invalid``: it breaks the schema, fewer than three states signed it, it is
                of another environment, older than this one, or another text under the same version.
        """
        register = parse_register(open_signed(offered, typ=PURPOSES_TYPE, keys=keys))
        if register.environment is not self.environment:
            raise members.invalid("the purpose register is of another environment")
        if register.version < self.version:
            raise members.invalid(f"purpose register {register.version} is older than {self.version}")
        if register.version == self.version and register.digest != self.digest:
            raise members.invalid(f"purpose register {register.version} has two texts")
        return register


def parse_register(document: SignedDocument) -> PurposeRegister:
    """Return the register that a signed document holds.

    Raises:
        TrustError: ``trust.arrangement_invalid``: it breaks the schema or too few states signed it.
    """
    if len(document.signed_by) < REQUIRED_STATES:
        raise members.NotAgreedError(f"a purpose register is signed by at least {REQUIRED_STATES} states")
    table = members.exactly(document.payload, _REGISTER, where="the purpose register")
    if table["schema"] != SCHEMA:
        raise members.invalid("the purpose register is of another schema")
    entries = table["purposes"]
    if not isinstance(entries, list) or not entries:
        raise members.invalid("the purpose register is empty")
    purposes = {purpose.code: purpose for purpose in map(_purpose, entries)}
    if len(purposes) != len(entries):
        raise members.invalid("the purpose register names a code twice")
    return PurposeRegister(
        environment=members.word(table["environment"], Environment, where="the environment"),
        version=members.count(table["version"], where="the version", least=1, most=members.MAX_VERSION),
        digest=document.digest,
        purposes=MappingProxyType(purposes),
    )


def _purpose(entry: Any) -> Purpose:
    table = members.exactly(entry, _PURPOSE, where="a purpose")
    subject = members.word(table["subject"], PurposeSubject, where="the subject of a purpose")
    scope = members.several(
        table["mandate_scope"], lambda one: members.code(one, where="a scope"), where="mandate_scope", empty=True
    )
    if bool(scope) is (subject is PurposeSubject.NATURAL):
        raise members.invalid("a purpose has a mandate scope exactly if it can be for a legal person")
    if type(table["bearer_allowed"]) is not bool:
        raise members.invalid("bearer_allowed is not true or false")
    return Purpose(
        code=members.code(table["code"], where="the code of a purpose"),
        name=_name(table["name"]),
        minimum_level=recognisable_level(table["minimum_level"], where="minimum_level"),
        bearer_allowed=table["bearer_allowed"],
        claims=members.several(
            table["claims"], lambda one: members.code(one, where="a claim"), where="claims", empty=True
        ),
        subject=subject,
        mandate_scope=scope,
    )


def _name(value: Any) -> Mapping[str, str]:
    if not isinstance(value, Mapping) or "en" not in value:
        raise members.invalid("the name of a purpose has no English form")
    return MappingProxyType({
        members.code(language, where="a language"): members.text(name, where="the name of a purpose")
        for language, name in value.items()
    })  # fmt: skip
