"""Damages to samples: each sample of a kind altered in one way, and refused; or it was never protected against that.

Who alters it has no key of the issuer. What lies outside the signature, an issuer finds out here before others do.
"""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import base64url, cbor
from idbridge.codec.cbor import Tagged
from idbridge.conformance.targets.issuer.checks import status_value
from idbridge.conformance.targets.issuer.contents import EMBEDDED, issuer_signed, parts_of
from idbridge.conformance.targets.issuer.judging import refused
from idbridge.conformance.targets.issuer.samples import REVOKED, Samples
from idbridge.conformance.targets.live import Finding, Procedure, agreed
from idbridge.crypto import cose
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS

Parameters = Mapping[str, Any]
ANY: Final = "refused"  # where the code depends on the container that the issuer chose


def _jws(text: str, edit: Callable[[dict[str, Any], dict[str, Any], bytes], tuple[Any, Any, bytes]]) -> str:
    """Return ``text`` with its JWS edited; what comes after it stays."""
    jws, tilde, rest = text.partition("~")
    signature = base64url.decode(jws.rpartition(".")[2])
    header, payload, _ = parts_of(text)
    header, payload, signature = edit(header, payload, signature)
    signed = f"{_part(header)}.{_part(payload)}"
    return f"{signed}.{base64url.encode(signature)}{tilde}{rest}"


def _part(value: Any) -> str:
    return base64url.encode(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def _payload_changed(text: str) -> str:
    return _jws(text, lambda header, payload, signature: (header, {**payload, "iat": payload["iat"] - 1}, signature))


def _claim_added(text: str) -> str:
    return _jws(text, lambda header, payload, signature: (header, {**payload, "age_over_21": True}, signature))


def _signature_zeroed(text: str) -> str:
    return _jws(text, lambda header, payload, signature: (header, payload, bytes(len(signature))))


def _unsigned(text: str) -> str:
    return _jws(text, lambda header, payload, _: ({**header, "alg": "none"}, payload, b""))


def _symmetric(text: str) -> str:
    return _jws(text, lambda header, payload, signature: ({**header, "alg": "HS256"}, payload, signature))


def _critical(text: str) -> str:
    return _jws(text, lambda header, payload, signature: ({**header, "crit": ["x"], "x": 1}, payload, signature))


def _by_a_stranger(text: str) -> str:
    """Signed again by a stranger, under the name of the issuer's key or certificate."""
    jws, tilde, rest = text.partition("~")
    signed = jws.rpartition(".")[0]
    return f"{signed}.{base64url.encode(generate('ES256').sign(signed.encode('ascii')))}{tilde}{rest}"


def _disclosure_changed(text: str) -> str:
    """Another value in the first disclosure."""
    jws, first, *rest = text.split("~")
    salt, name, *_ = json.loads(base64url.decode(first))
    return "~".join((jws, _part([salt, name, "changed"]), *rest))


def _disclosure_added(text: str) -> str:
    """One disclosure more, of which nothing is signed."""
    jws, *rest = text.split("~")
    return "~".join((jws, _part(["AAAAAAAAAAAAAAAAAAAAAA", "age_over_21", True]), *rest))


def _disclosure_twice(text: str) -> str:
    jws, first, *rest = text.split("~")
    return "~".join((jws, first, first, *rest))


def _mdoc(text: str, edit: Callable[[dict[str, Any]], None]) -> str:
    signed = issuer_signed(text)
    edit(signed)
    return base64url.encode(cbor.encode(signed))


def _element_changed(text: str) -> str:
    """Another value in the first element."""

    def edit(signed: dict[str, Any]) -> None:
        listed = next(iter(signed["nameSpaces"].values()))
        item = cbor.decode(listed[0].value, max_bytes=LIMITS.body_bytes, tags=frozenset({0, 1004}))
        listed[0] = Tagged(EMBEDDED, cbor.encode({**item, "elementValue": "changed"}))

    return _mdoc(text, edit)


def _element_added(text: str) -> str:
    """One element more, of which no digest is signed."""

    def edit(signed: dict[str, Any]) -> None:
        listed = next(iter(signed["nameSpaces"].values()))
        item = {"digestID": 999, "random": bytes(32), "elementIdentifier": "age_over_21", "elementValue": True}
        listed.append(Tagged(EMBEDDED, cbor.encode(item)))

    return _mdoc(text, edit)


def _mdoc_zeroed(text: str) -> str:
    def edit(signed: dict[str, Any]) -> None:
        signed["issuerAuth"][3] = bytes(len(signed["issuerAuth"][3]))

    return _mdoc(text, edit)


def _mdoc_by_a_stranger(text: str) -> str:
    def edit(signed: dict[str, Any]) -> None:
        protected, _, payload, _ = signed["issuerAuth"]
        octets = cose.signature_octets(protected=protected, payload=payload)
        signed["issuerAuth"][3] = generate("ES256").sign(octets)

    return _mdoc(text, edit)


def _text_cut(text: str) -> str:
    return text[: -max(8, len(text) // 20)]


def _text_changed(text: str) -> str:
    """Exchange two different characters in the middle of the text."""
    middle = len(text) // 2
    other = next(at for at in range(middle + 1, len(text)) if text[at] != text[middle])
    characters = list(text)
    characters[middle], characters[other] = characters[other], characters[middle]
    return "".join(characters)


_EDITS: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType({
    "payload-changed": _payload_changed,
    "claim-added": _claim_added,
    "signature-zeroed": _signature_zeroed,
    "unsigned": _unsigned,
    "symmetric": _symmetric,
    "critical-header": _critical,
    "by-a-stranger": _by_a_stranger,
    "disclosure-changed": _disclosure_changed,
    "disclosure-added": _disclosure_added,
    "disclosure-twice": _disclosure_twice,
    "element-changed": _element_changed,
    "element-added": _element_added,
    "mdoc-signature-zeroed": _mdoc_zeroed,
    "mdoc-by-a-stranger": _mdoc_by_a_stranger,
    "text-cut": _text_cut,
    "text-changed": _text_changed,
})  # fmt: skip


def altered(samples: Samples, asked: Parameters) -> Finding | None:
    """Alter every sample of a kind by ``edit``, and let the verifier look at each; ``code = "refused"`` hides which."""
    edit = _EDITS[asked["edit"]]
    found = agreed({
        one.id: refused(samples, edit(one.text), one.format) for one in samples.of(asked["kind"])
    })  # fmt: skip
    return _plain(found, asked)


def _plain(found: Finding | None, asked: Parameters) -> Finding | None:
    if found is None or not asked.get("whatever", False):
        return found
    return Finding(ANY, f"{found.code}: {found.words}")


def revoked(samples: Samples, asked: Parameters) -> Finding | None:
    """Show every sample that was revoked. Where a holder is missing, the verifier stops before the status list does."""
    wanted = [one for one in samples.of(asked["kind"]) if one.status == REVOKED]
    if not wanted:
        raise ConfigurationError("no sample of this kind was revoked")
    found: dict[str, Finding | None] = {}
    for sample in wanted:
        found[sample.id] = refused(samples, sample.text, sample.format)
        if found[sample.id] is None and status_value(samples, sample):
            found[sample.id] = Finding("status.revoked", f"{sample.id} is revoked in its list")
    return agreed(found)


DAMAGES: Final[Mapping[str, Procedure[Samples]]] = MappingProxyType({
    "altered": altered,
    "revoked": revoked,
})  # fmt: skip
