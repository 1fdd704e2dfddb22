"""The catalogue of cases, by name.

Two kinds of cases have an input that is sent and stand here with its recipe (``Entry``); the others stand with what is
done to a node (``Trial``).
"""

from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final, TypeVar

from idbridge.sandbox.case import Case
from idbridge.sandbox.cases import (
    assertions,
    crossings,
    denials,
    faults,
    id_tokens,
    issuers,
    key_bindings,
    logins,
    presentations,
    recognition,
    requests,
    revocations,
    sd_jwts,
    tokens,
    trust_material,
)
from idbridge.sandbox.entry import Entry
from idbridge.sandbox.trial import Trial

Written = TypeVar("Written", Entry, Trial)
_ENTRIES: Final = (
    logins, presentations, tokens, id_tokens, issuers, sd_jwts, key_bindings, recognition, crossings, assertions,
    requests, faults,
)  # fmt: skip
_TRIALS: Final = (trust_material, revocations, denials, faults)


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


def _by_name(written: Iterable[Written]) -> Mapping[str, Written]:
    found: dict[str, Written] = {}
    for one in written:
        if one.case.name in found:
            raise ValueError(f"two cases are called {one.case.name}")
        found[one.case.name] = one
    return MappingProxyType(found)


def cases() -> tuple[Case, ...]:
    """Return every case: those whose input is sent, then the others."""
    return (*(entry.case for entry in entries().values()), *(trial.case for trial in trials().values()))


def case_named(name: str) -> Case:
    """Return the case of this name.

    Raises:
        LookupError: There is none.
    """
    for case in cases():
        if case.name == name:
            return case
    raise LookupError(f"no case is called {name}")
