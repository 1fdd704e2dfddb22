"""W3C presentations taken apart: which credentials does a holder show together, and in what envelopes? Step V2.

Version 1.1 has a ``vp`` claim with credentials of its own version as JWTs; version 2.0 (``vp+jwt``) is the claim set
itself, with enveloped credentials in ``data:`` URLs. Decides the form alone and believes nothing; whether the holder of
each credential signed, ``vc_holder`` says. A presentation holds credentials and never another presentation, so nothing
nests. What is not enveloped is nobody's signature here, and refused. Clauses: VC Data Model 2.0, section 4.13; VC Data
Model 1.1, sections 4.10 and 6.3.1; VC-JOSE-COSE, section 3.1.2.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from idbridge.codec import strict_json
from idbridge.credential import vc_model
from idbridge.credential.protocol import Reading
from idbridge.credential.vc_document import VP, refuse_second_proof
from idbridge.credential.vc_holder import UnverifiedPresentation
from idbridge.credential.vc_jwt import require_content, secured
from idbridge.credential.vc_model import CREDENTIALS, ENVELOPED, Version
from idbridge.crypto.jws import HeaderRules, parse_unverified
from idbridge.errors import CredentialError, InputError
from idbridge.limits import LIMITS
from idbridge.model.region import Format

# The profiles. Header: `alg` is required, and `typ` in version 2.0; `cty` is optional, and names the content if it is
# there; `kid` is optional and not used, because the key comes from the credentials and from nowhere else; `crit`,
# `b64`, `jku`, `x5u`, `jwk` and `x5c` are forbidden.
HEADERS: Final[Mapping[Version, HeaderRules]] = MappingProxyType({
    Version.V1: HeaderRules(types=frozenset({"", "jwt"})),
    Version.V2: HeaderRules(types=frozenset({"vp+jwt"})),
})  # fmt: skip
CONTENT: Final = "vp"
_OLD_CONTENTS: Final = frozenset({"jwt", CONTENT})
_INVALID: Final = "w3c.presentation_invalid"
_ENVELOPES: Final[Mapping[str, Format]] = MappingProxyType({
    "data:application/vc+jwt": Format.VC_JWT,
    "data:application/vc+sd-jwt": Format.VC_SD_JWT,
})  # fmt: skip


class Nested(NamedTuple):
    """One credential of a presentation, as text in its own format."""

    format: Format
    text: str

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


def parse_unverified_presentation(
    text: str, version: Version, reading: Reading
) -> tuple[UnverifiedPresentation, tuple[Nested, ...]]:
    """Return a presentation taken apart, and its credentials, at least one, in its order.

    Raises:
        InputError, JoseError: As for ``secured``; ``input.too_large`` for too many credentials;
            ``input.format_unsupported`` for a proof or a credential in an envelope that is not served here.
        CredentialError: ``w3c.*``: it is no presentation of ``version``.
    """
    if version is Version.V2:
        jws, claims = secured(text, HEADERS[version], reading.headers, content=CONTENT)
        document = claims
    else:
        jws = parse_unverified(text, HEADERS[version], reading.headers)
        require_content(jws, _OLD_CONTENTS)
        claims = strict_json.parse_object(jws.payload, max_bytes=LIMITS.token_bytes)
        document = claims.get(VP)
        if not isinstance(document, Mapping):
            raise CredentialError(_INVALID, "a presentation of version 1.1 stands in `vp`")
    refuse_second_proof(claims, document, version)
    fault = vc_model.presentation_fault(document, version)
    if fault is not None:
        raise CredentialError(*fault)
    nested = tuple(_nested(entry, version) for entry in _entries(document))
    return UnverifiedPresentation(version, jws, claims, document), nested


def _entries(document: Mapping[str, Any]) -> Iterator[Any]:
    """Yield what a presentation holds.

    Raises:
        CredentialError: ``w3c.presentation_invalid``: it holds nothing.
        InputError: ``input.too_large``.
    """
    held = document.get(CREDENTIALS)
    entries = held if type(held) is list else [held]
    if not entries or entries == [None]:
        raise CredentialError(_INVALID, "a presentation holds at least one credential")
    if len(entries) > LIMITS.vc_credentials:
        raise InputError("input.too_large", f"more than {LIMITS.vc_credentials} credentials in one presentation")
    yield from entries


def _nested(entry: Any, version: Version) -> Nested:
    """Return one credential of a presentation, as text.

    Raises:
        InputError: ``input.format_unsupported``.
        CredentialError: ``w3c.*``: what is there is no enveloped credential.
    """
    if version is Version.V1:
        if isinstance(entry, str):
            return Nested(Format.JWT_VC_JSON, entry)
        raise InputError("input.format_unsupported", "a credential with an embedded proof is not served here")
    if isinstance(entry, Mapping) and vc_model.CREDENTIAL in vc_model.types_of(entry):
        raise InputError("input.format_unsupported", f"a credential is shown as an `{ENVELOPED}`")
    fault = vc_model.enveloped_fault(entry)
    if fault is not None:
        raise CredentialError(*fault)
    media_type, comma, text = entry["id"].partition(",")
    form = _ENVELOPES.get(media_type)
    if form is None or not comma:
        raise InputError("input.format_unsupported", "a credential in an envelope that is not served here")
    return Nested(form, text)
