"""Declarations: what a target may say that it does not do: formats, algorithms and features, and never a whole attack.

One table says which tags and areas are such; it is the only place that does. Whoever could declare `negative`, `list`
or `IDB-TIME` would have nothing left to prove. A single requirement or case can be declared by its name, which then
stands in every report and attestation. Whether what was declared is enough for anybody, whoever relies on it says.
"""

import re
from collections.abc import Iterable
from typing import Final

from idbridge.conformance.corpus import Corpus
from idbridge.errors import ConfigurationError

DECLARABLE_TAGS: Final = frozenset({
    # formats of what a verifier reads, an issuer makes and a wallet holds
    "id-token", "sd-jwt-vc", "mdoc", "w3c-vc", "qr", "assertion", "sd-jwt", "w3c", "photo",
    # features of verifiers, issuers and wallets
    "presentation", "status", "legal-person", "transaction", "options",
    # features of what a state publishes: roles, a folder at hand, an older copy, documents of several states
    "tuf", "folder", "previous", "agreement",
    # features of a provider, and what its settings give no means to test
    "t2", "t3", "client-secret", "private-key-jwt", "two-methods", "userinfo", "encryption", "level", "rotation",
    "logout", "logout-token", "person-refuses", "forms", "waits",
})  # fmt: skip
DECLARABLE_AREAS: Final = frozenset(
    f"IDB-{area}"
    for area in ("OIDC", "SDJ", "MDOC", "COSE", "QR", "W3C", "STAT", "QUERY", "MAND", "RECOG", "POL")
)  # fmt: skip
"""Areas of requirements that are about a format or a feature; each name of another area is declared for itself."""
STATE: Final = "state"
"""Not implemented by a target that nobody can ask for its state; ``state.level`` by one that tells all but that."""
NOT_TOLD: Final = "not told"
"""The version of a target that does not tell one, or not before it has begun to answer."""

_STATES: Final = frozenset({
    STATE,
    *(f"{STATE}.{member}" for member in ("released", "level", "spent")),
    *(f"{STATE}.{member}" for member in ("lists", "contents", "services", "denials", "arrangements", "root")),
})  # fmt: skip
DECLARABLE: Final = DECLARABLE_TAGS | DECLARABLE_AREAS | _STATES
"""All that can be declared beside requirements and cases, each of which has a name of its own."""
_REQUIREMENT: Final = re.compile(r"IDB-[A-Z0-9]+-[0-9]{3}")
_CASE: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")


def read_declaration(told: object) -> frozenset[str]:
    """Return what ``told``, a list of tags, areas, requirements or cases, declares not to be implemented.

    Raises:
        ConfigurationError: It is no list of names, or declares what everybody has to do.
    """
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        raise ConfigurationError("`not_implemented` is a list of names")
    if refused := undeclarable(told):
        raise ConfigurationError(f"`{refused[0]}` cannot be declared as not implemented: name the parts that are not")
    return frozenset(told)


def undeclarable(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of ``names`` that nobody can declare, in order.

    What has the form of a case's name passes here, whether there is such a case or not, which ``unknown_name`` tells:
    only the case of that very name is declared by it, and no tag (``Description.declines``).
    """
    return tuple(sorted(name for name in names if not _is_declarable(name)))


def unknown_name(declared: Iterable[str], corpus: Corpus) -> str:
    """Return the first of the declared names that is a part of nothing, nor a requirement or a case; empty if none."""
    known = DECLARABLE | corpus.requirements.keys() | corpus.cases.keys()
    return next(iter(sorted(frozenset(declared) - known)), "")


def _is_declarable(name: str) -> bool:
    if name in DECLARABLE:
        return True
    return (_CASE.fullmatch(name) or _REQUIREMENT.fullmatch(name)) is not None
