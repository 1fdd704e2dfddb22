"""From what a provider answered to a report: the very question that the transaction asks, put to the verifier.

Nothing is decided here. The token has to be for this node's client at the provider and for nobody else, with the nonce
of this login; the verifier says the rest, by the lists in force. Only here an unknown key may lead to a look at the key
set that the list names (``key_sets``), and the question is then put once more.
"""

from dataclasses import dataclass, field

from idbridge.credential.encrypted import received, received_userinfo
from idbridge.crypto.jwe import DecryptionKey
from idbridge.model.region import Format
from idbridge.model.request import Expectations, VerifyRequest
from idbridge.oidc.authorization_request import AuthorizationRequest
from idbridge.oidc.upstream_listed import keys_of
from idbridge.oidc.upstream_token import expected_of, signer_of
from idbridge.verify.report import Report
from idbridge_gateway.oidc.clients import RegisteredClient
from idbridge_gateway.oidc.turns import Turn
from idbridge_gateway.oidc.upstream.key_sets import LATE, KeySets
from idbridge_gateway.oidc.upstream.pending import UnderWay
from idbridge_gateway.oidc.upstream.providers import UsableProvider


@dataclass(frozen=True, slots=True)
class Answered:
    """What a provider answered, unverified, and by which algorithms it says that it signs."""

    id_token: str = field(repr=False)
    algorithms: frozenset[str]
    access_token: str | None = field(default=None, repr=False)
    userinfo: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Verification:
    """How the logins of one node are verified."""

    decryption_keys: tuple[DecryptionKey, ...] = field(repr=False)
    key_sets: KeySets

    async def report(
        self,
        answered: Answered,
        *,
        provider: UsableProvider,
        under_way: UnderWay,
        asked: tuple[RegisteredClient, AuthorizationRequest],
        turn: Turn,
    ) -> tuple[Report, Turn]:
        """Return the report on the login, and the turn with what was known when it was made.

        Raises:
            UpstreamError, JoseError: The token cannot be the answer of the provider that was asked.
            RequestError: ``policy.relying_party_disabled``.
        """
        question = self._question(answered, provider, under_way, asked, turn=turn)
        report = turn.state.verifier.verify(question, at=turn.at)
        if report.reason is None or report.reason.code not in LATE or not provider.login.key_sets:
            return report, turn
        status = await self.key_sets.looked_at_again(provider, turn)
        if status.id == turn.state.verifier.status.id:
            return report, turn
        turn = turn.with_status(status)
        return turn.state.verifier.verify(question, at=turn.at), turn

    def _question(
        self,
        answered: Answered,
        provider: UsableProvider,
        under_way: UnderWay,
        asked: tuple[RegisteredClient, AuthorizationRequest],
        *,
        turn: Turn,
    ) -> VerifyRequest:
        registered, request = asked
        token, encryption = received(answered.id_token, self.decryption_keys)
        own = provider.client.client_id
        login = expected_of(
            token,
            issuer=under_way.login.issuer,
            client_id=own,
            algorithms=answered.algorithms,
            access_token=answered.access_token,
        )
        state = turn.state
        keys = keys_of(provider.login, state.snapshot, state.verifier.status.polled, at=turn.at)
        return VerifyRequest(
            credential=token,
            relying_party=registered.relying_party,
            purpose=request.purpose,
            format=Format.ID_TOKEN,
            purpose_text=request.purpose_text,
            expected=Expectations(nonce=under_way.login.nonce, audience=own, login=login),
            claims=request.claims.wanted,
            node_audiences=frozenset({own}),
            assertion_audience=request.client_id,
            encryption=encryption,
            userinfo=received_userinfo(answered.userinfo, self.decryption_keys),
            signer=signer_of(token, keys, algorithms=answered.algorithms),
        )
