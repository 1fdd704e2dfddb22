"""Broken consumers of trust lists: our own node, with one function that finds nothing wrong any more.

Most of what a node checks it checks twice, by the library of the first lock and by its own second one; what is broken
here is what only one of them looks at. While one is at work, nobody else reads lists in this process.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any, Final
from unittest.mock import patch

from idbridge.conformance.answer import Observation
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.profiles import Profile
from idbridge.conformance.target import Target
from idbridge.conformance.targets.builtin_lists import BuiltinLists
from idbridge.trust import deny, floor, jades, ledger, scheme, shrink, trusted_set
from idbridge.trust.tuf import metadata, quorum, repository, second_lock
from tests.mutants.mutant import Mutant


def _nothing(*_: object, **__: object) -> None:
    """Find nothing wrong."""


def _yes(*_: object, **__: object) -> bool:
    return True


def _whole(*_: object, **__: object) -> int:
    return 99


class _Forgetful(BuiltinLists):
    """Says the right thing at each look, and has lost its lists after the last."""

    def answer(self, case: ConformanceCase) -> Observation:
        found = super().answer(case)
        return found if found.state is None else replace(found, state={**found.state, "lists": {}})


@contextmanager
def _forgetful(corpus: Corpus) -> Iterator[Target]:
    yield _Forgetful(corpus)


_floors: Final = repository.TufRepository._floors


def _without_clock(self: repository.TufRepository, bootstrap: bytes, *, at: datetime) -> Any:
    return _floors(self, bootstrap, at=at + timedelta(days=3650))


Change = tuple[Any, str, Callable[..., Any]]

_BROKEN: Final[tuple[tuple[str, str, tuple[str, ...], Change], ...]] = (
    (
        "forgets-the-floor", "takes an older list than it held",
        ("IDB-TL-003", "IDB-TL-004"), (floor.Floor, "admits", _yes),
    ),
    (
        "expired-list-counts", "takes a list past its next update",
        ("IDB-TL-009",), (trusted_set, "_require_current", _nothing),
    ),
    (
        "history-rewritable", "takes a list that tells another past",
        ("IDB-TL-018",), (ledger, "_refuse_rewritten", _nothing),
    ),
    (
        "list-signature-unchecked", "takes a list whose signature does not verify",
        ("IDB-TL-025", "IDB-TL-029", "IDB-TL-028"), (jades, "_verify", _nothing),
    ),
    (
        "deny-dropped", "takes a deny list from which a denial is gone",
        ("IDB-DENY-005",), (deny.DenyBook, "_refuse_dropped", _nothing),
    ),
    (
        "anybody-lifts", "takes a lift by fewer than the quorum",
        ("IDB-DENY-004",), (deny.Authorities, "require_may_follow_up", _nothing),
    ),
    (
        "deny-quorum-of-one", "counts any number of officers as enough",
        ("IDB-DENY-004", "IDB-DENY-002"), (deny.Quorum, "met_by", _yes),
    ),
    (
        "role-reaches-anywhere", "takes a role that lists another state's list",
        ("IDB-TUF-019", "IDB-TUF-009"), (second_lock.__dict__["_Judgement"], "_refuse_reach", _nothing),
    ),
    (
        "cut-unnoticed", "takes a list from which a third of the services is gone",
        ("IDB-TL-020",), (shrink, "require_confirmed", _nothing),
    ),
    (
        "clock-behind", "works with a clock that is behind what was signed",
        ("IDB-TUF-008",), (repository.TufRepository, "_floors", _without_clock),
    ),
    (
        "one-state-is-a-region", "counts the keys of one state as many voices",
        ("IDB-TUF-010", "IDB-TUF-009"), (quorum.Quorum, "count", _whole),
    ),
    (
        "lives-for-ever", "takes a role whose life or version is beyond the limits",
        ("IDB-TUF-004",), (metadata, "_refuse_numbers", _nothing),
    ),
    (
        "speaks-for-anybody", "takes a list that speaks for another state than its signer",
        ("IDB-TL-013", "IDB-TL-014"), (scheme, "require_territory", _nothing),
    ),
    (
        "any-kind-of-list", "takes a list of another type",
        ("IDB-TL-016",), (scheme, "_refuse_other_kind", _nothing),
    ),
)  # fmt: skip


def mutants() -> Iterator[Mutant]:
    """Yield the broken consumers."""
    for name, title, breaks, change in _BROKEN:
        yield Mutant(f"lists-{name}", f"A node that {title}", Profile.TRUST_LIST_CONSUMER, breaks, _opener(change))
    yield Mutant(
        "lists-right-verdict-wrong-state", "A node that refuses rightly, and holds nothing afterwards",
        Profile.TRUST_LIST_CONSUMER, ("IDB-TL-003", "IDB-TL-004"), _forgetful,
    )  # fmt: skip


def _opener(change: Change) -> Callable[[Corpus], AbstractContextManager[Target]]:
    @contextmanager
    def opened(corpus: Corpus) -> Iterator[Target]:
        owner, name, instead = change
        with ExitStack() as broken:
            for place in _places(owner, name):
                broken.enter_context(patch.object(place, name, instead))
            yield BuiltinLists(corpus)

    return opened


def _places(owner: Any, name: str) -> tuple[Any, ...]:
    """Return where the function is called by that name: its owner, and the modules that took it from there."""
    if not isinstance(owner, ModuleType):
        return (owner,)
    real = getattr(owner, name)
    ours = [module for path, module in sys.modules.items() if path.startswith("idbridge.")]
    return tuple(module for module in ours if getattr(module, name, None) is real)
