"""QR profiles: how a state's QR codes are written, as data of its signed list (architecture D2).

A profile says where in a code things stand, and nothing about whether it is good: it has no member by which a
signature, an algorithm, a size or a validity could be waived. Read from a list in ``trust/qr_listing.py`` only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from idbridge.model.region import MemberState

HEALTH: Final = ("HC1:", "HC2:")  # begin health certificates, which are never identities, whoever lists them
_NONE: Final[Mapping[str, "DateForm"]] = MappingProxyType({})


class QrStep(StrEnum):
    """One layer that is taken off the scanned text; the closed set of them."""

    BASE45 = "base45"
    BASE64URL = "base64url"
    ZLIB = "zlib"


class QrContainer(StrEnum):
    """What the last layer uncovers: a signed message of one of these kinds."""

    JWS = "jws"  # compact, over a JSON object
    COSE_SIGN1 = "cose_sign1"  # over a CBOR map
    CWT = "cwt"  # the same, with the claim keys of RFC 8392
    JSON = "json"  # an object with its own signature as a member


# Where a message of each kind names its issuer: RFC 8392 section 3.1.1, RFC 7519 section 4.1.1.
_ISSUER_CLAIM: Final[Mapping[QrContainer, str]] = MappingProxyType({
    QrContainer.JWS: "iss",
    QrContainer.JSON: "iss",
    QrContainer.CWT: "1",
    QrContainer.COSE_SIGN1: "1",
})  # fmt: skip


class SignedForm(StrEnum):
    """Which octets the signature member of a JSON object is over: the object without it, in one of two spellings."""

    JCS = "jcs"  # RFC 8785
    INDENTED = "indented"  # in the order received, indented by two spaces, ASCII only


class IssuerNaming(StrEnum):
    """What the claim that names the issuer holds."""

    ISSUER = "issuer"  # the issuer of the service, as listed
    STATE = "state"  # the two letters of the state
    TEXT = "text"  # a text that the profile gives


class DateForm(StrEnum):
    """How a date is written, where it is no number of seconds."""

    ISO = "iso"  # 1994-08-29
    COMPACT = "compact"  # 19940829
    DAY_MONTH_YEAR = "day-month-year"  # 29 August 1994
    MONTH_DAY_YEAR = "month-day-year"  # August 29, 1994


@dataclass(frozen=True, slots=True)
class QrIssuer:
    """The claim that names the issuer, and what has to stand there; ``text`` is set exactly for TEXT."""

    claim: str
    names: IssuerNaming
    text: str | None = None


@dataclass(frozen=True, slots=True)
class DetachedJson:
    """The members of a signed JSON object that hold its signature and algorithm, and what is signed."""

    signature: str
    algorithm: str
    signed: SignedForm


@dataclass(frozen=True, slots=True)
class QrEnvelope:
    """How a code is taken apart. ``issuer`` is ``None`` where nothing in the code names it, only the prefix.

    ``detached`` is set exactly for the container JSON. ``embedded`` are the claims whose octets are CBOR once more.
    """

    prefix: str
    steps: tuple[QrStep, ...]
    container: QrContainer
    issuer: QrIssuer | None = None
    detached: DetachedJson | None = None
    embedded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class QrProfile:
    """How the codes of a service are written, and which of their claims say how long they are good.

    A claim is named by its way through the map, with dots: ``169.8`` is what the map under the key 169 holds under 8.
    Every claim that is named here for a time has to be there. ``dates`` are claims written as dates; the others named
    for a time hold seconds. ``level`` is the national level of all codes that state none themselves.
    """

    envelope: QrEnvelope
    expires: str | None = None
    not_before: str | None = None
    issued: str | None = None
    maximum_age: timedelta | None = None
    dates: Mapping[str, DateForm] = field(default_factory=lambda: _NONE)
    status: str | None = None
    level: str | None = None


@dataclass(frozen=True, slots=True)
class ListedQr:
    """A way of taking codes apart that a state lists, and for whom."""

    envelope: QrEnvelope
    issuer: str
    state: MemberState

    @property
    def naming(self) -> str | None:
        """What the claim that names the issuer holds; ``None`` where there is no such claim."""
        named = self.envelope.issuer
        if named is None:
            return None
        if named.names is IssuerNaming.ISSUER:
            return self.issuer
        return self.state.value if named.names is IssuerNaming.STATE else named.text

    @property
    def rank(self) -> int:
        """How surely a code is theirs whose profile fits it.

        2 if it names them where such a message names its issuer, which no other state can list as its own; 1 if it does
        so in another claim, in which an issuer may say anything of a person; 0 by a text or a prefix.
        """
        named = self.envelope.issuer
        if named is None or named.names is IssuerNaming.TEXT:
            return 0
        return 2 if named.claim == _ISSUER_CLAIM[self.envelope.container] else 1
