"""The catalogue of cases, by name.

Some cases have an input that is sent and stand here with its recipe (``Entry``); others stand with what is done to a
node in memory (``Trial``), or to the tree that a node reads (``Attack``, carried out by the drill alone).
"""

from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final, TypeVar

from idbridge.sandbox.case import Case
from idbridge.sandbox.cases import (
    assertions,
    attacks_denials,
    attacks_freshness,
    attacks_imports,
    attacks_scope,
    attacks_signatures,
    attacks_transport,
    attacks_traps,
    crossings,
    dcql,
    dcql_together,
    denials,
    encrypted_tokens,
    faults,
    id_tokens,
    issuers,
    key_bindings,
    legal_persons,
    legal_wallets,
    logins,
    mdoc_sessions,
    mdocs,
    presentations,
    qr_codes,
    recognition,
    requests,
    revocations,
    sd_jwt_algorithms,
    sd_jwts,
    status_lists,
    time_evidence,
    tokens,
    trust_material,
    type_metadata,
    w3c_contents,
    w3c_credentials,
    w3c_presentations,
)
from idbridge.sandbox.drill.attack import Attack
from idbridge.sandbox.entry import Entry
from idbridge.sandbox.trial import Trial

Written = TypeVar("Written", Entry, Trial, Attack)
_ENTRIES: Final = (
    logins, presentations, tokens, id_tokens, issuers, sd_jwts, sd_jwt_algorithms, key_bindings, mdocs, mdoc_sessions,
    recognition, crossings, dcql, dcql_together, encrypted_tokens,
    legal_persons, legal_wallets, assertions, requests, faults, qr_codes, status_lists,
    w3c_credentials, w3c_contents, w3c_presentations, time_evidence,
)  # fmt: skip
_TRIALS: Final = (trust_material, revocations, status_lists, denials, faults, type_metadata)
_ATTACKS: Final = (
    attacks_freshness, attacks_signatures, attacks_scope, attacks_imports, attacks_transport, attacks_denials,
    attacks_traps,
)  # fmt: skip


@cache
def entries() -> Mapping[str, Entry]:
    """Return the cases whose input is sent, by name, in the order in which they are told.

    Raises:
        ValueError: Two cases share a name.
    """
    return _by_name(entry for module in _ENTRIES for entry in module.entries())


@cache
def trials() -> Mapping[str, Trial]:
    """Return the cases that send nothing, by name, in the order in which they are told.

    Raises:
        ValueError: Two cases share a name.
    """
    return _by_name(trial for module in _TRIALS for trial in module.trials())


@cache
def attacks() -> Mapping[str, Attack]:
    """Return the cases of the drill, by name, in the order of the attack catalogue.

    Raises:
        ValueError: Two cases share a name.
    """
    return _by_name(attack for module in _ATTACKS for attack in module.attacks())


def _by_name(written: Iterable[Written]) -> Mapping[str, Written]:
    found: dict[str, Written] = {}
    for one in written:
        if one.case.name in found:
            raise ValueError(f"two cases are called {one.case.name}")
        found[one.case.name] = one
    return MappingProxyType(found)


def cases() -> tuple[Case, ...]:
    """Return every case: those whose input is sent, those tried in memory, then those of the drill."""
    written: tuple[Iterable[Entry | Trial | Attack], ...] = (entries().values(), trials().values(), attacks().values())
    return tuple(one.case for kind in written for one in kind)


def case_named(name: str) -> Case:
    """Return the case of this name.

    Raises:
        LookupError: There is none.
    """
    for case in cases():
        if case.name == name:
            return case
    raise LookupError(f"no case is called {name}")
