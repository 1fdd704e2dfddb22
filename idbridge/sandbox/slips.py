"""Slips of an issuer: SD-JWTs that are signed by the right key and built against RFC 9901.

The signature of each is good. What is wrong is the structure, so only a verifier that does all of RFC 9901 section 7.1
refuses them; popular libraries accept about half. Each takes an honest issuance and returns the one to sign.
"""

from dataclasses import replace
from typing import Any

from idbridge.codec import base64url
from idbridge.limits import LIMITS
from idbridge.sandbox.draft import json_text
from idbridge.sandbox.issuance import Issuance, digest, disclosure


def _with(issuance: Issuance, *disclosures: str, **payload: Any) -> Issuance:
    """Return ``issuance`` with further disclosures and other payload members."""
    return replace(
        issuance,
        payload={**issuance.payload, **payload},
        disclosures=(*issuance.disclosures, *disclosures),
    )


def _also_disclosing(issuance: Issuance, *elements: Any) -> Issuance:
    """Return ``issuance`` with one more disclosure of ``elements``, its digest in ``_sd``."""
    further = disclosure(*elements, randomness=issuance.randomness)
    return _with(issuance, further, _sd=[*issuance.payload["_sd"], digest(further)])


def faultless(issuance: Issuance) -> Issuance:
    """Make no slip."""
    return issuance


def unreferenced_disclosure(issuance: Issuance) -> Issuance:
    """Hand out a disclosure that no digest refers to (RFC 9901 section 7.1, step 5)."""
    return _with(issuance, disclosure("nickname", "Nobody", randomness=issuance.randomness))


def disclosure_twice(issuance: Issuance) -> Issuance:
    """Hand out one disclosure twice (RFC 9901 section 7.1, step 5)."""
    return _with(issuance, issuance.disclosures[0])


def digest_twice(issuance: Issuance) -> Issuance:
    """Put one digest twice into ``_sd`` (RFC 9901 section 7.1, step 4)."""
    digests = issuance.payload["_sd"]
    return _with(issuance, _sd=[*digests, digests[0]])


def digest_twice_across_array(issuance: Issuance) -> Issuance:
    """Put one digest into two arrays (RFC 9901 section 7.1, step 4)."""
    further = disclosure("One", randomness=issuance.randomness)
    return _with(issuance, further, nicknames=[{"...": digest(further)}], aliases=[{"...": digest(further)}])


def disclosure_named_sd(issuance: Issuance) -> Issuance:
    """Disclose a claim named ``_sd`` (RFC 9901 section 7.1, step 3c)."""
    return _also_disclosing(issuance, "_sd", ["x"])


def disclosure_named_dots(issuance: Issuance) -> Issuance:
    """Disclose a claim named ``...`` (RFC 9901 section 7.1, step 3c)."""
    return _also_disclosing(issuance, "...", "x")


def disclosure_overrides_claim(issuance: Issuance) -> Issuance:
    """Disclose a claim that already stands in plain sight (RFC 9901 section 7.1, step 3c)."""
    return _also_disclosing(_with(issuance, nickname="One"), "nickname", "Two")


def disclosed_twice(issuance: Issuance) -> Issuance:
    """Disclose the same claim in two disclosures (RFC 9901 section 7.1, step 3c)."""
    return _also_disclosing(_also_disclosing(issuance, "nickname", "One"), "nickname", "Two")


def _hidden(issuance: Issuance, name: str) -> Issuance:
    """Return ``issuance`` with a plain claim turned into a disclosure."""
    value = issuance.payload[name]
    payload = {member: held for member, held in issuance.payload.items() if member != name}
    return _also_disclosing(replace(issuance, payload=payload), name, value)


def expiry_disclosed(issuance: Issuance) -> Issuance:
    """Let the holder decide whether the expiry is seen (SD-JWT VC section 2.2.2.2)."""
    return _hidden(issuance, "exp")


def validity_disclosed(issuance: Issuance) -> Issuance:
    """Let the holder decide until when a W3C credential is good (VC-JOSE-COSE section 3.2.1)."""
    return _hidden(issuance, "validUntil")


def holder_key_disclosed(issuance: Issuance) -> Issuance:
    """Let the holder decide whether the holder key is seen (SD-JWT VC section 2.2.2.2)."""
    return _hidden(issuance, "cnf")


def two_elements_in_object(issuance: Issuance) -> Issuance:
    """Refer from ``_sd`` to a disclosure of two elements (RFC 9901 section 7.1, step 3c)."""
    return _also_disclosing(issuance, "only a value")


def three_elements_in_array(issuance: Issuance) -> Issuance:
    """Refer from an array to a disclosure of three elements (RFC 9901 section 7.1, step 3d)."""
    further = disclosure("nickname", "One", randomness=issuance.randomness)
    return _with(issuance, further, nicknames=[{"...": digest(further)}])


def disclosure_not_array(issuance: Issuance) -> Issuance:
    """Refer to a disclosure that is an object (RFC 9901 section 4.2.1)."""
    further = base64url.encode(json_text({"name": "nickname", "value": "One"}))
    return _with(issuance, further, _sd=[*issuance.payload["_sd"], digest(further)])


def digest_not_text(issuance: Issuance) -> Issuance:
    """Put a number among the digests (RFC 9901 section 4.2.4.1)."""
    return _with(issuance, _sd=[*issuance.payload["_sd"], 7])


def hash_unknown(issuance: Issuance) -> Issuance:
    """Name a hash function that no registry has (RFC 9901 section 4.1.1)."""
    return _with(issuance, _sd_alg="sha-257")


def hash_weak(issuance: Issuance) -> Issuance:
    """Name a hash function that collides (RFC 9901 section 9.5)."""
    return _with(issuance, _sd_alg="md5")


def too_many_disclosures(issuance: Issuance) -> Issuance:
    """Hand out more disclosures than anybody needs (idbridge limits)."""
    further = [disclosure(str(number), 0, randomness=issuance.randomness) for number in range(LIMITS.disclosures + 1)]
    return _with(issuance, *further, _sd=[*issuance.payload["_sd"], *(digest(encoded) for encoded in further)])
