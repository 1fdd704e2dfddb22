"""An exchange that is refused is written down as any other answer, whatever the reason, and its leaf says which."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from idbridge.model.randomness import SystemRandomness
from idbridge.model.request import VerifyRequest
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import parse_form
from idbridge.tlog import receipt as receipts
from idbridge.tlog.leaf import Leaf, LeafType
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier
from idbridge_gateway.evidence.records import LaterAssertion, Receipt, Records
from idbridge_gateway.oidc.exchange import Exchange
from tests.gateway.asking import Node
from tests.gateway.test_exchange import exchanging, form_of
from tests.gateway.test_exchange_actor import delegated

__all__ = ["exchanging"]


@dataclass
class Endless:
    """The verifier of a node, to whom the logins of ``issuer`` have no end: none of our readers lets one pass."""

    verifier: Verifier
    issuer: str

    def verify(self, question: VerifyRequest, *, at: datetime) -> Report:
        """Return the report, in which the login says no more when it ends."""
        report = self.verifier.verify(question, at=at)
        found = report.findings
        if found.recognised is None or found.recognised.credential.service.issuer != self.issuer:
            return report
        credential = found.recognised.credential._replace(expires_at=None)
        return replace(report, findings=found._replace(recognised=found.recognised._replace(credential=credential)))


@dataclass
class Kept:
    """The records of a node, and the leaves that it wrote, as its log proves them."""

    records: Records
    leaves: list[Leaf]

    @property
    def origin(self) -> str | None:
        """That of the log."""
        return self.records.origin

    async def answered(self, report: Report, **named: Any) -> Receipt | None:
        """Write down an answer."""
        receipt = await self.records.answered(report, **named)
        assert receipt is not None
        self.leaves.append(receipts.parse_unverified(receipt.proof.encode()).leaf)
        return receipt

    async def asserted(self, made: LaterAssertion) -> Receipt | None:
        """Nothing of this comes later."""
        raise AssertionError(made)


def refused(node: Node, form: dict[str, str], *, issuer: str) -> tuple[OAuthError, list[Leaf]]:
    """The refusal of an exchange in which the logins of ``issuer`` have no end, and what was written down of it."""
    parts, provider = node.app.state.parts, node.app.state.provider
    kept = Kept(parts.evidence.records, [])
    exchange = Exchange(
        one_time=parts.one_time, randomness=SystemRandomness(), counts=parts.stores.counted,
        node_url=node.settings.node_url, decryption_keys=parts.decryption_keys, records=kept,
    )  # fmt: skip
    turn = parts.turns.begin()
    endless: Any = Endless(turn.state.verifier, issuer)
    turn = replace(turn, state=replace(turn.state, verifier=endless))

    async def asked() -> Any:
        try:
            return await exchange.grant(
                parse_form(urlencode(form).encode()), registered=provider.clients.find("bank"), turn=turn
            )
        finally:
            await parts.evidence.close()

    with pytest.raises(OAuthError) as caught:
        asyncio.run(asked())
    return caught.value, kept.leaves


@pytest.mark.parametrize("whose", ["subject", "actor"])
def test_a_login_without_an_end_is_not_exchanged_and_its_leaf_says_why(exchanging: Node, whose: str) -> None:
    form = form_of(exchanging) if whose == "subject" else delegated(exchanging)
    issuer = "https://sandbox.login.sg.example" if whose == "subject" else "https://sandbox.login.my.example"

    error, leaves = refused(exchanging, form, issuer=issuer)

    assert (error.error, error.code) == ("invalid_grant", "time.claim_missing")
    (leaf,) = leaves
    assert leaf.type is LeafType.REJECT
    assert (leaf.members["res"], leaf.members["code"]) == ("FAILED", "time.claim_missing")
    assert leaf.members["iss"] == f"{'SG' if whose == 'subject' else 'MY'} {issuer}"
