"""A draft of a QR profile from one sample: what its layers are, and where its claims stand.

A guess, for whoever writes the list to correct: one sample does not show what other codes have, and nothing of it was
verified. No value of a person is in a draft, only names and kinds.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from idbridge.cli.artefacts_qr import Peeled, peel
from idbridge.codec import base64url, cbor, strict_json
from idbridge.credential.qr_claims import calendar_day, flat
from idbridge.credential.qr_envelope import cwt_message
from idbridge.errors import CredentialError, IdBridgeError
from idbridge.limits import LIMITS
from idbridge.model.qr_profile import DateForm, QrContainer
from idbridge.model.region import MemberState

Table = dict[str, Any]
_ISSUERS: Final = ("1", "iss", "Issuer", "issuer", "i", "169.i")
_ISSUED: Final = re.compile(r"(?:\d+\.)?(?:d|DateIssued|issued|issue_date|date_issued)", re.ASCII)
_SIGNATURES: Final = ("signature", "sig")
_ALGORITHMS: Final = ("alg", "algorithm")
_YEARS: Final = 3650
# The attributes of MOSIP's claim 169 that the region has a name for.
_MOSIP: Final[Mapping[str, str]] = {
    "169.1": "subject", "169.4": "display", "169.5": "given", "169.6": "middle", "169.7": "family",
    "169.8": "birthdate", "169.10": "address", "169.11": "email", "169.12": "phone_number", "169.13": "nationality",
}  # fmt: skip
_NAMES: Final = ("given", "middle", "family")


def drafted(text: str) -> str:
    """Return a draft of the profile of ``text`` as it would stand in a list's source document.

    Raises:
        CredentialError: ``qr.envelope_malformed``: no profile describes it.
    """
    peeled = peel(text)
    claims = _claims(peeled)
    profile = _profile(peeled, claims)
    lines = ["# A draft from one sample. Nothing was verified; compare it with how the codes are made.", ""]
    lines += ["[provider.service.qr]", *(f"{_key(name)} = {_value(value)}" for name, value in profile.items())]
    if "json" in profile:
        lines.append("# No sample tells which octets are signed: jcs (RFC 8785), or indented by two spaces.")
    return "\n".join([*lines, "", *_claim_map(claims), ""])


def _claims(peeled: Peeled) -> Mapping[str, Any]:
    """Return the claims by name.

    Raises:
        CredentialError: There are none that could be read.
    """
    if peeled.container is None or peeled.note:
        raise _none(peeled.note or "below base45, base64url and zlib there is no signed message that is known")
    try:
        if peeled.container is QrContainer.JSON:
            found = strict_json.parse_object(peeled.text or "", max_bytes=LIMITS.token_bytes)
        elif peeled.container is QrContainer.JWS:
            payload = base64url.decode((peeled.text or "").split(".")[1])
            found = strict_json.parse_object(payload, max_bytes=LIMITS.token_bytes)
        else:
            found = cbor.decode(cwt_message(peeled.octets).payload, max_bytes=LIMITS.token_bytes)
        return flat(found) if isinstance(found, Mapping) else flat({})
    except IdBridgeError as fault:
        raise _none(f"the code comes apart, and its message does not: {fault}") from fault


def _profile(peeled: Peeled, claims: Mapping[str, Any]) -> Table:
    container = peeled.container or QrContainer.CWT
    issuer = _issuer(claims)
    issued = None if container is not QrContainer.JSON and _ends(claims) else _issued(claims)
    dates = _dates(claims)
    profile: Table = {"prefix": peeled.prefix} if peeled.prefix else {}
    profile |= {"steps": [step.value for step in peeled.steps], "container": container.value}
    if issuer:
        profile["issuer"] = issuer
    if container is QrContainer.JSON:
        profile["json"] = _detached(claims)
    if issued:
        profile |= {"issued": issued, "maximum_age_days": _YEARS}
    if dates:
        profile["dates"] = dates
    if container is QrContainer.JSON and not issued:
        raise _none("nothing in the object says when it was issued, and without a beginning a code has no end")
    if not issuer and not peeled.prefix:
        raise _none("neither a prefix nor a claim says whose code it is")
    return profile


def _ends(claims: Mapping[str, Any]) -> bool:
    return "4" in claims or "exp" in claims


def _issuer(claims: Mapping[str, Any]) -> Table | None:
    for name in _ISSUERS:
        value = claims.get(name)
        if isinstance(value, str) and value:
            if value.startswith("https://"):
                return {"claim": name, "names": "issuer"}
            if value in set(MemberState):
                return {"claim": name, "names": "state"}
            return {"claim": name, "names": "text", "text": value}
    return None


def _issued(claims: Mapping[str, Any]) -> str | None:
    return next((name for name in claims if _ISSUED.fullmatch(name)), None)


def _dates(claims: Mapping[str, Any]) -> Table:
    found = {}
    for name, value in sorted(claims.items()):
        form = next((form for form in DateForm if calendar_day(value, form) is not None), None)
        if form is not None:
            found[name] = form.value
    return found


def _detached(claims: Mapping[str, Any]) -> Table:
    signature = next((name for name in _SIGNATURES if name in claims), None)
    algorithm = next((name for name in _ALGORITHMS if name in claims), None)
    if signature is None or algorithm is None:
        raise _none("an object in JSON carries its signature and its algorithm as members, and this one does not")
    return {"signature": signature, "algorithm": algorithm, "signed": "jcs"}


def _claim_map(claims: Mapping[str, Any]) -> Iterator[str]:
    """Yield the claims that were found: those of claim 169 under their regional names, the others to be named."""
    known = {name: regional for name, regional in _MOSIP.items() if isinstance(claims.get(name), str)}
    own = {regional: name for name, regional in known.items()}
    if own:
        yield "[provider.service.claims]"
        yield f"subject = {_value(own.get('subject', '169.1'))}"
        yield 'persistence = "lasting"'
        yield 'acr = "level"'
        if "display" in own:
            yield f"display = {_value(own['display'])}"
        parts = [{"kind": kind, "native": own[kind]} for kind in _NAMES if kind in own]
        yield f"name_parts = {_value(parts)}"
        named = {name: place for name, place in own.items() if name not in ("subject", "display", *_NAMES)}
        yield f"map = {_value(named)}"
        yield ""
    yield "# Claims of the sample, by the names that a list gives them:"
    for name, value in sorted(claims.items(), key=_place):
        if not isinstance(value, Mapping):
            yield f"#   {_shown(name)}: {_kind(value)}"


def _place(item: tuple[str, Any]) -> list[tuple[int, str]]:
    """Return where a claim stands among others: numbers by their value, before words."""
    return [(int(step), "") if step.isdecimal() else (1 << 64, step) for step in item[0].split(".")]


def _kind(value: Any) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} octets"
    return {bool: "yes or no", str: "text", int: "number", float: "number", list: "list"}.get(type(value), "nothing")


def _shown(name: str) -> str:
    return json.dumps(name, ensure_ascii=True)[1:-1]


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(name)} = {_value(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return json.dumps(value)


def _none(why: str) -> CredentialError:
    return CredentialError("qr.envelope_malformed", why)
