"""What a trust list says of itself: whose it is, for which territory and environment, and for how long it is good.

Decides what can be decided without the time: a state speaks for itself only, sandbox and live never mix, and no list
outlives its allowed lifetime. Clause: ETSI TS 119 602, list and scheme information, in our strict profile.
"""

from collections.abc import Mapping
from typing import Final

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.trust import extension
from idbridge.trust.errors import violation
from idbridge.trust.extension import SchemeRules
from idbridge.trust.lote import SchemeInformation

VERSION: Final = 1
LOTE_TYPE: Final = "urn:idbridge:lote:state-list"
STATUS_DETERMINATION: Final = "urn:idbridge:status-determination:member-state"
COMMUNITY_RULES: Final = "urn:idbridge:rules:state-list:1"
HISTORY_FOR_EVER: Final = 65535  # as in ETSI TS 119 612: history never leaves the list
LANGUAGE: Final = "en"


def judge(scheme: SchemeInformation, *, state: MemberState, environment: Environment) -> SchemeRules:
    """Return the rules that the scheme extension names, if the list is one of ``state`` for ``environment``.

    Raises:
        TrustError: ``trust.territory_mismatch``, ``trust.environment_mismatch``, ``trust.lifetime_too_long`` or
            ``trust.profile_violation``.
    """
    _require_explicit(scheme)
    rules = extension.scheme_rules(extension.only(scheme.extensions))
    if rules.environment is not environment:
        raise TrustError("trust.environment_mismatch")
    require_territory(frozenset({scheme.territory or ""}), state=state)
    require_territory(scheme.countries, state=state)
    _refuse_other_kind(scheme)
    if scheme.next_update <= scheme.issued_at:
        raise violation("NextUpdate is not after ListIssueDateTime")
    if scheme.next_update - scheme.issued_at > LIMITS.list_lifetime:
        raise TrustError("trust.lifetime_too_long")
    return rules


def _require_explicit(scheme: SchemeInformation) -> None:
    """Refuse a list that leaves open what the standard lets one leave open, or that leads to another list.

    A state's list leads nowhere, so that nobody can be led in a circle or to a list of somebody else.
    """
    said = (
        scheme.lote_type, scheme.countries, scheme.names, scheme.information, scheme.status_determination,
        scheme.community_rules, scheme.territory, scheme.notices,
    )  # fmt: skip
    if not all(said):
        raise violation("the list leaves out what it must say of its scheme")
    if scheme.pointers or scheme.distribution_points:
        raise violation("the list points to other lists or places")


def _refuse_other_kind(scheme: SchemeInformation) -> None:
    """Refuse a list of another type or version, such as a list of verifiers at the address of one of issuers."""
    if scheme.version != VERSION or scheme.lote_type != LOTE_TYPE:
        raise violation("a list of another type or version")
    if scheme.status_determination != STATUS_DETERMINATION or COMMUNITY_RULES not in scheme.community_rules:
        raise violation("the list follows other rules than those of the region")
    if scheme.history_period != HISTORY_FOR_EVER:
        raise violation("HistoricalInformationPeriod does not keep history for ever")
    unknown = extension.unknown_critical(scheme.extensions)
    if unknown is not None:
        raise violation(f"critical scheme extension {unknown[:80]} is not known")


def require_territory(countries: frozenset[str], *, state: MemberState) -> None:
    """Return if ``countries`` are that of ``state`` and no other.

    Raises:
        TrustError: ``trust.territory_mismatch``: a state speaks for itself only.
    """
    if countries != {state.value}:
        raise TrustError("trust.territory_mismatch", f"the list of {state} speaks for {', '.join(sorted(countries))}")


def english(names: Mapping[str, str]) -> str:
    """Return the English form of a name, which the standard asks for in every list.

    Raises:
        TrustError: ``trust.profile_violation``: there is none.
    """
    if LANGUAGE not in names:
        raise violation("a name has no English form")
    return names[LANGUAGE]
