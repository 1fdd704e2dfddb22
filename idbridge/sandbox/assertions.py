"""Assertions of the pretend region's nodes, good, or bad in one named detail.

A node makes one as a gateway does: it verifies the source for a relying party of its own and signs what came of it.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from idbridge.assertion.issue import IDENTIFIER_OCTETS, issue
from idbridge.codec import base64url
from idbridge.crypto.keys import parse_jwk
from idbridge.model import assertion as members
from idbridge.model.region import Environment
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.draft import Draft, Seal, json_text, sealed
from idbridge.sandbox.edits import Edits, edited
from idbridge.sandbox.parties import Registration
from idbridge.sandbox.providers import protected_header
from idbridge.sandbox.questions import question
from idbridge.sandbox.recipe import Shown, Source
from idbridge.sandbox.services import Service
from idbridge.sandbox.sources import service_source, shipped
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.verify.verifier import Verifier

_CLAIMS: Final = ("name", "birthdate", "nationality")


@dataclass(frozen=True, slots=True)
class AssertionOf:
    """An assertion that ``asked_by`` got from the node behind ``service``, resting on ``source``.

    It is for the audience of who asked. ``header`` and ``token`` are edits; ``signed_by`` is another service whose key
    signs instead; ``about`` is another service that it says to rest on; ``ago`` is how long ago the node made it.
    """

    service: str
    asked_by: str
    source: Source
    asked_for: str = "account-opening"
    header: Edits = field(default_factory=dict)
    token: Edits = field(default_factory=dict)
    seal: Seal = sealed
    signed_by: str | None = None
    about: str | None = None
    made_in: Environment | None = None
    ago: timedelta = timedelta(0)

    def shown(self, bench: Bench, *, to: Registration) -> Shown:  # noqa: ARG002 - it is for who asked for it
        """Return the assertion, which answers no nonce."""
        made = json.loads(base64url.decode(self._made(bench).split(".")[1]))
        service = bench.service(self.service, made_in=self.made_in)
        signer = bench.region.service(self.signed_by).signer if self.signed_by else service.signer
        about = {} if self.about is None else _origin(bench.region.service(self.about))
        stated = {**made, "iss": service.issuer, "origin": {**made["origin"], **about}}
        claims = edited(stated, self.token, at=bench.at)
        header = edited(protected_header(service, typ=members.TYPE), self.header, at=bench.at)
        return Shown(self.seal(Draft(header, json_text(claims), signer)), None)

    def _made(self, bench: Bench) -> str:
        """Return the assertion as the node makes it.

        Raises:
            Refused: The node does not accept the source; such a recipe is of no use.
        """
        state, _ = service_source(shipped(), self.service)
        asking = bench.region.registration(self.asked_by)
        earlier = replace(bench, at=bench.at - self.ago)
        shown = self.source.shown(earlier, to=asking)
        document = {
            "credential": shown.credential,
            "purpose": self.asked_for,
            "claims": _CLAIMS,
            "expected": {} if shown.nonce is None else {"nonce": shown.nonce},
            "assertion": {"audience": asking.audience},
        }
        verifier = Verifier(trust=bench.snapshot(), status=EMPTY_STATUS)
        report = verifier.verify(question(document, relying_party=asking.relying_party), at=earlier.at)
        report.require_passed()
        return issue(
            report,
            audience=asking.audience,
            node=bench.region.node(state),
            signer=bench.region.node_service(state).signer,
            pairwise_key=bench.region.keys.pairwise[state],
            report_id=f"rep_{bench.randomness.octets(IDENTIFIER_OCTETS).hex()}",
            at=earlier.at,
            randomness=bench.randomness,
        ).jwt


def _origin(service: Service) -> dict[str, Any]:
    """Return what an assertion says of a service that it rests on."""
    return {
        "state": service.state.value,
        "issuer": service.issuer,
        "format": service.source["formats"][0],
        "service_type": f"urn:idbridge:service:{service.source['type']}",
        "alg": service.signer.algorithm,
        "key_thumbprint": None if service.keys.chain else parse_jwk(service.signer.public_jwk).thumbprint,
    }
