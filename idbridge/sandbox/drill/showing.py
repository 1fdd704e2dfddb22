"""Credentials put before a node: of the whole pretend region, or after the node took up what was just published.

Whoever asks is told by the report; nobody else is alarmed by a credential. The node holds afterwards what it held.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from idbridge.errors import IdBridgeError
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.drill import finding
from idbridge.sandbox.drill.arena import SG, Scene
from idbridge.sandbox.drill.finding import Finding, ToldBy
from idbridge.sandbox.drill.publication import NO_TIME, Publication
from idbridge.sandbox.edits import edited
from idbridge.sandbox.entry import Entry
from idbridge.sandbox.logins import Login
from idbridge.sandbox.questions import question
from idbridge.sandbox.recipe import Ask, Nonce, Source
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.verify.verifier import Verifier

_ACCOUNT: Final = Ask(claims=("name",))


@dataclass(frozen=True, slots=True)
class Shown:
    """A credential of ``source``, shown to the relying party ``to`` for ``purpose``, at a node with all lists."""

    source: Source
    to: str
    purpose: str
    ask: Ask = _ACCOUNT

    @classmethod
    def of(cls, entry: Entry) -> "Shown":
        """Return what a case of the common catalogue shows."""
        return cls(entry.recipe.source, str(entry.case.relying_party), str(entry.case.purpose), entry.recipe.ask)

    def struck(self, scene: Scene) -> Finding:
        """Show it."""
        return self.at(scene.arena.whole, scene.arena.full, at=scene.at)

    def at(self, region: Region, trust: TrustSnapshot, *, at: datetime) -> Finding:
        """Show it to a node of ``region`` that holds ``trust``."""
        before = trust.id
        try:
            verify(self, region, trust, at=at)
        except IdBridgeError as refusal:
            return finding.answered(refusal, unchanged=trust.id == before, told_by=ToldBy.REPORT)
        return finding.accepted(unchanged=True, told_by=ToldBy.REPORT)


def verify(shown: Shown, region: Region, trust: TrustSnapshot, *, at: datetime) -> None:
    """Return if what is shown is accepted.

    Raises:
        Refused: It is not.
    """
    asking = region.registration(shown.to)
    bench = Bench(region, at, SeededRandomness(b"drill"))
    made = shown.source.shown(bench, to=asking)
    expected = {"nonce": made.nonce} if made.nonce is not None and shown.ask.nonce is Nonce.SENT else {}
    document: dict[str, Any] = {
        "credential": made.credential,
        "purpose": shown.purpose,
        "claims": list(shown.ask.claims),
        "expected": edited(expected, shown.ask.expected, at=at),
    }
    asked = question(edited(document, shown.ask.body, at=at), relying_party=asking.relying_party)
    Verifier(trust=trust, status=EMPTY_STATUS).verify(asked, at=at).require_passed()


@dataclass(frozen=True, slots=True)
class LoginAfter:
    """A login of Singapore at a bank in Bangkok, whose node has just taken up a publication.

    ``ago`` is how long ago the provider says that the person logged in. What the publication changes is Singapore's
    list; everything else has to be as before.
    """

    publication: Publication = field(default_factory=Publication)
    ago: timedelta = NO_TIME

    def struck(self, scene: Scene) -> Finding:
        """Publish, let the node take it up, and show the login."""
        self.publication.published(scene)
        after = scene.node().load(at=scene.at)
        return login_at(scene, after, ago=self.ago)


def login_at(scene: Scene, trust: TrustSnapshot, *, ago: timedelta = NO_TIME) -> Finding:
    """Show a login of Singapore to a node that holds ``trust``; all but Singapore's own has to be as it was."""
    shown = Shown(Login("sg-login", "sg-tan", ago=ago), "th-bank", "account-opening")
    found = shown.at(scene.region, trust, at=scene.at)
    return replace(found, unchanged=finding.same(scene.arena.held, trust, but_for=SG))
