"""Entries: how the catalogue's cases are written, each refused one as a change to its accepted twin."""

from dataclasses import dataclass, replace
from typing import Any, Final

from idbridge.model.region import Environment, Format, MemberState
from idbridge.reasons import Indication, reason
from idbridge.sandbox.case import Case, Kind
from idbridge.sandbox.recipe import Ask, Recipe, Source
from idbridge.sandbox.sources import service_source, shipped

_PUT: Final = ("kind", "relying_party", "purpose")


@dataclass(frozen=True, slots=True)
class Entry:
    """A case of the catalogue with the recipe of its input."""

    case: Case
    recipe: Recipe

    def refused(self, name: str, code: str, title: str, *, why: str, **changes: Any) -> "Entry":
        """Return the entry of a case that differs from this one in ``changes`` and is refused with ``code``.

        ``changes`` name fields of the recipe's halves, or ``kind``, ``relying_party``, ``purpose`` of the case.
        """
        recipe = self.recipe.changed(**{field: change for field, change in changes.items() if field not in _PUT})
        put = {field: change for field, change in changes.items() if field in _PUT}
        case = replace(
            self.case,
            name=name,
            title=title,
            why=why,
            indication=reason(code).indication,
            code=code,
            twin=self.case.name,
            **put,
            **_place(recipe.source, to=put.get("relying_party", self.case.relying_party)),
        )
        return Entry(case, recipe)

    def differences(self, twin: "Entry") -> frozenset[str]:
        """Return the names of everything in which the input of this case differs from that of ``twin``."""
        asked = ("relying_party", "purpose", "environment")
        put = {field for field in asked if getattr(self.case, field) != getattr(twin.case, field)}
        return self.recipe.differences(twin.recipe) | put


def accepted(
    name: str,
    title: str,
    *,
    why: str,
    to: str,
    purpose: str,
    source: Source,
    ask: Ask | None = None,
    environment: Environment = Environment.SANDBOX,
) -> Entry:
    """Return the entry of an accepted case: ``source`` shown to ``to``, who asks a node of ``environment``."""
    case = Case(
        name=name,
        title=title,
        kind=Kind.VERIFY,
        relying_party=to,
        purpose=purpose,
        indication=Indication.PASSED,
        code=None,
        twin=None,
        why=why,
        environment=environment,
        over_http=environment is Environment.SANDBOX,
        **_place(source, to=to),
    )
    return Entry(case, Recipe(source, ask or Ask()))


def _place(source: Source, *, to: str | None) -> dict[str, Any]:
    """Return what follows from the source and the relying party: state, format and node."""
    state, service = service_source(shipped(), source.service)
    nodes = {party["id"]: MemberState(party["node"]) for party in shipped().relying_parties}
    return {"state": state, "format": Format(service["formats"][0]), "node": nodes[str(to)]}
