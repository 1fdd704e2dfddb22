"""Nodes in process, in whatever state they are: what they hold, when they ask, and for whom."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from idbridge.model.region import Environment, MemberState
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.logins import Login
from idbridge.sandbox.questions import question
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from idbridge.verify.verifier import Verifier


@dataclass(frozen=True, slots=True)
class Holding:
    """A login of Singapore, shown to a bank in Bangkok whose node holds what it holds.

    ``absent`` is why the node holds no list of Singapore, though it once did; ``None`` if it holds one. ``later`` is
    how long after its last lists the login is shown. ``registered_in`` is the environment of the registration.
    """

    absent: str | None = None
    later: timedelta = timedelta(0)
    registered_in: Environment = Environment.SANDBOX

    def made(self, region: Region, *, at: datetime) -> None:
        """Show the login.

        Raises:
            Refused: It is not accepted.
            ConfigurationError: The node may not serve this registration.
        """
        asking = region.registration("th-bank")
        moment = at + self.later
        shown = Login("sg-login", "sg-tan").shown(Bench(region, moment, SeededRandomness(b"holding")), to=asking)
        document = {
            "credential": shown.credential,
            "purpose": "account-opening",
            "expected": {"nonce": shown.nonce},
        }
        party = replace(asking.relying_party, environment=self.registered_in)
        verifier = Verifier(trust=self._held(region, at=at), status=EMPTY_STATUS)
        verifier.verify(question(document, relying_party=party), at=moment).require_passed()

    def _held(self, region: Region, *, at: datetime) -> TrustSnapshot:
        """Return what the node holds; the floors remember Singapore's list even where it is gone."""
        trusted = region.trusted_set(at=at)
        if self.absent is None:
            return snapshot_of(trusted)
        others = dict(trusted.lists)
        del others[MemberState.SG]
        without = replace(trusted, lists=MappingProxyType(others))
        return snapshot_of(without, states_without_list={MemberState.SG: self.absent})
