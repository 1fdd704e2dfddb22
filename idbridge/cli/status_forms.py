"""The forms in which `status-list build` writes a list, and what the values of each mean to whoever reads it.

A W3C bitstring says one thing of each place, its purpose, and has no word for another: what was suspended has no place
in a list of the revoked. Clauses: Token Status List section 7.1; Bitstring Status List v1.0 sections 2.1 and 3.1.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure
from idbridge.crypto.signer import Signer
from idbridge.limits import LIMITS
from idbridge.status import issue, packing
from idbridge.status.csv_source import VALID, WORDS
from idbridge.status.issue import Making

DEFAULT_BITS: Final = 2


class Purpose(StrEnum):
    """What a W3C bitstring is about, of what is known here."""

    REVOCATION = "revocation"
    SUSPENSION = "suspension"


_WORDS: Final[Mapping[str, Mapping[str, int]]] = MappingProxyType({
    Purpose.REVOCATION: MappingProxyType({VALID: 0, "revoked": 1}),
    Purpose.SUSPENSION: MappingProxyType({VALID: 0, "suspended": 1}),
})  # fmt: skip
_UNKNOWN: Final[Mapping[str, int]] = MappingProxyType({"not set": 0, "set": 1})


def words_for(purposes: Iterable[str]) -> Mapping[str, int]:
    """Return what the values of a list are called: of a bitstring by its one purpose, else of a Token Status List."""
    named = tuple(purposes)
    return WORDS if not named else _WORDS.get(named[0], _UNKNOWN) if len(named) == 1 else _UNKNOWN


@dataclass(frozen=True, slots=True)
class Form:
    """How a list is written: its name, the bits of an entry, and of a W3C bitstring its purpose and issuer."""

    name: str
    bits: int
    purpose: Purpose | None = None
    issuer: str = ""

    @property
    def is_binary(self) -> bool:
        """Whether it is no text."""
        return self.name == "CWT"

    @property
    def words(self) -> Mapping[str, int]:
        """What its values are called."""
        return words_for(() if self.purpose is None else (self.purpose,))

    def packed(self, values: Iterable[int]) -> bytes:
        """Return ``values`` packed as the form orders them."""
        return packing.packed(values, self.bits) if self.purpose is None else packing.packed_bitstring(values)

    def signed(self, making: Making, octets: bytes, signer: Signer) -> bytes:
        """Return the list whose packed entries are ``octets``."""
        if self.purpose is not None:
            document = issue.bitstring_of(making, octets, issuer=self.issuer, purpose=self.purpose)
            return issue.sign_bitstring(document, making, signer)
        claims: dict[str, Any] = issue.claims_of(making, octets, self.bits)
        return issue.sign_cwt(claims, making, signer) if self.is_binary else issue.sign_jwt(claims, making, signer)


def form_of(*, cwt: bool, purpose: str | None, issuer: str | None, bits: str | None, entries: int) -> Form:
    """Return the form that the options of a command ask for.

    Raises:
        Failure: They contradict each other, or ask for a bitstring that nobody looks anything up in.
    """
    if purpose is None:
        if issuer is not None:
            raise _usage("only a W3C bitstring names its issuer", "`--bitstring revocation` makes one")
        return Form("CWT" if cwt else "JWT", DEFAULT_BITS if bits is None else int(bits))
    if cwt:
        raise _usage("a W3C bitstring is no CWT", "leave out `--cwt`")
    if bits not in (None, "1"):
        raise _usage("an entry of a W3C bitstring of one purpose has one bit", "leave out `--bits`")
    if issuer is None or not issuer.startswith("https://") or len(issuer) > LIMITS.identifier_characters:
        raise _usage("a W3C bitstring names its issuer", "`--issuer` is that of the service in the trust list")
    if entries < LIMITS.status_list_entries:
        raise _usage(f"a W3C bitstring of fewer than {LIMITS.status_list_entries} entries says nothing to anybody")
    return Form("bitstring", 1, Purpose(purpose), issuer)


def _usage(why: str, hint: str = "") -> Failure:
    return Failure(why, hint=hint, exit_code=Exit.USAGE)
