"""Late lists: a login shown to a node whose lists are out of date, under arrangements that put up with that or do not.

The pretend region's own arrangements grant nothing; an attempt has them signed once more with the grace that it needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from idbridge.limits import LIMITS
from idbridge.model.check import Refused
from idbridge.recognition.signed_document import ARRANGEMENT_TYPE, sign_document
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.logins import Login
from idbridge.sandbox.publication import LIST_LIFETIME
from idbridge.sandbox.questions import question
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.sandbox.sources import Table, arrangement_payloads
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust.freshness import RegionalFreshness
from idbridge.trust.snapshot import snapshot_of
from idbridge.trust.trusted_set import TrustedSet
from idbridge.verify.verifier import Verifier

Grace = Mapping[str, timedelta]  # by the name of a level: A1, A2

_NO_TIME: Final = timedelta(0)
SECOND: Final = timedelta(seconds=1)
LOW: Final = "urn:example:sg:loa:1"
SUBSTANTIAL: Final = "urn:example:sg:loa:2"
HIGH: Final = "urn:example:sg:loa:3"
LONGEST: Final[Grace] = MappingProxyType({"A1": LIMITS.grace_low, "A2": LIMITS.grace_substantial})
NO_GRACE: Final[Grace] = MappingProxyType({"A1": _NO_TIME, "A2": _NO_TIME})


def trusted_with(region: Region, grace: Grace, *, at: datetime) -> TrustedSet:
    """Return what a node of ``region`` holds, had every arrangement granted ``grace``."""
    held = TrustedSet(region.environment, MappingProxyType(region.pins()))
    for state, offered in region.published.lists.items():
        held = held.with_list(offered.encode("ascii"), state=state, at=at)
    for source in region.sources.arrangements:
        for payload, signers in arrangement_payloads(_granting(source, grace), environment=region.environment):
            keys = {state: region.keys.lists[state] for state in signers}
            held = held.with_arrangement(sign_document(payload, signers=keys, typ=ARRANGEMENT_TYPE))
    return held.with_purposes(region.published.purposes)


def _granting(source: Table, grace: Grace) -> Table:
    """Return the source of an arrangement whose rules all grant ``grace``."""
    seconds = {name: int(longest.total_seconds()) for name, longest in grace.items()}
    versions = [
        {**version, "rule": [{**rule, "grace_seconds": seconds} for rule in version.get("rule", ())]}
        for version in source["version"]
    ]
    return {**source, "version": versions}


def timestamp(*, signed_at: datetime, life: timedelta) -> RegionalFreshness:
    """Return the region's timestamp, signed at ``signed_at`` and good for ``life``."""
    return RegionalFreshness(signed_at, signed_at + life, 1, 1, 1, "0" * 64)


@dataclass(frozen=True, slots=True)
class LateList:
    """A login of Singapore, shown to a bank in Bangkok whose node holds lists that are ``late`` by so much.

    ``level`` is that of the login, ``header`` edits to it, ``grace`` what every arrangement grants. ``timestamp_age``
    is how long ago the region's timestamp was signed, good for a day and a bit; ``None`` for plain distribution.
    """

    level: str = SUBSTANTIAL
    late: timedelta = LIMITS.grace_substantial
    grace: Grace = field(default_factory=lambda: LONGEST)
    timestamp_age: timedelta | None = timedelta(0)
    header: Mapping[str, Any] = field(default_factory=dict)

    def made(self, region: Region, *, at: datetime) -> None:
        """Show the login.

        Raises:
            Refused: It is not accepted, in grace or otherwise.
        """
        moment = at.replace(microsecond=0) + LIST_LIFETIME + self.late
        regional = None
        if self.timestamp_age is not None:
            regional = timestamp(signed_at=moment - self.timestamp_age, life=LIMITS.timestamp_lifetime)
        asking = region.registration("th-bank")
        login = Login("sg-login", "sg-tan", level=self.level, header=self.header)
        shown = login.shown(Bench(region, moment, SeededRandomness(b"late")), to=asking)
        document = {
            "credential": shown.credential,
            "purpose": "age-check",
            "claims": ["age_over_20"],
            "expected": {"nonce": shown.nonce},
        }
        trust = snapshot_of(trusted_with(region, self.grace, at=at), regional=regional)
        report = Verifier(trust=trust, status=EMPTY_STATUS).verify(
            question(document, relying_party=asking.relying_party), at=moment
        )
        if not report.accepted:
            raise Refused(*report.checks)
