"""Twins: in which members of its input a refused case differs from its accepted twin, and why in more than one.

A verifier that refuses for a nonce what has to be refused for its signature would pass unnoticed. So the attack stands
in one member, and whatever else is otherwise is written down with the case. It does not look into a credential: what
is in that is made of the same drawing as the twin's, or is the attack.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.making.writing import WrittenCase

EXPECTED: Final = "expected"
_NONCE: Final = f"{EXPECTED}.nonce"
_FROZEN: Final = (
    "An RSA key signed one of the two or something is encrypted in it, so that it is kept as it was made once; the "
    "private half of that key is gone."
)
_SPENT: Final = "A node that is asked the twin as well counts its nonce as used, so a sequence has one of its own."
_MOVED: Final = "What userinfo says here, the token says in the twin."
_ATTACKS: Final[Mapping[str, str]] = MappingProxyType({
    "my-login-buys-property": "purpose", "userinfo-downgraded": "userinfo", "userinfo-encrypted-unasked": "userinfo",
})  # fmt: skip
"""Frozen cases whose attack is in another member than the credential."""
_SHOWN: Final = "It is about the credential that is shown, as it has to be."
_BOUND: Final = "The device signed over the session that is told, which is the attacked one."
_MORE: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({
    "company-named-in-userinfo": {"credential": _MOVED},
    "level-in-userinfo": {"credential": _MOVED},
    "evidence-of-a-credential-dated-later": {"time_evidence": _SHOWN},
    "mdoc-for-another-relying-party": {"credential": _BOUND},
})  # fmt: skip


def differing(case: WrittenCase | ConformanceCase, twin: WrittenCase | ConformanceCase) -> frozenset[str]:
    """Return the members of the input in which ``case`` is otherwise than ``twin``, ``material`` among them."""
    one, other = _members(case), _members(twin)
    return frozenset(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def beside(case: WrittenCase, twin: WrittenCase) -> Mapping[str, str]:
    """Return in which members ``case`` differs from ``twin`` beside the attacked one, and why.

    Raises:
        ValueError: It differs in more than one member, and nothing says why.
    """
    others = differing(case, twin)
    told = _told(case, twin, others)
    unsaid = sorted(others - told.keys())
    if len(unsaid) != 1:
        raise ValueError(f"case {case.id} differs from its twin in {', '.join(unsaid) or 'nothing'}")
    return told


def _told(case: WrittenCase, twin: WrittenCase, others: frozenset[str]) -> Mapping[str, str]:
    if case.id in _MORE:
        return _MORE[case.id]
    if case.input is not None and case.input["before"]:
        return dict.fromkeys(sorted(others - {"before"}), _SPENT)
    if case.frozen or twin.frozen:
        attack = _ATTACKS.get(case.id, "credential")
        return dict.fromkeys(sorted(others & {"credential", _NONCE} - {attack}), _FROZEN) if attack in others else {}
    return {}


def _members(case: WrittenCase | ConformanceCase) -> dict[str, Any]:
    put = dict(case.input or {})
    request = dict(put.pop("request"))
    expected = {f"{EXPECTED}.{name}": value for name, value in request.pop(EXPECTED, {}).items()}
    return {**put, **request, **expected, "material": case.material}
