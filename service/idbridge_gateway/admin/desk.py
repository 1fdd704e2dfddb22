"""Where operators prove who they are, on every request anew: nothing of a sign-in is kept here."""

from idbridge.assertion.pseudonym import PairwiseKey
from idbridge.clock import Clock
from idbridge.net.source import Source
from idbridge_gateway.admin.issuer_keys import IssuerKeys
from idbridge_gateway.admin.operators import (
    Operator,
    OperatorRules,
    read_unverified_operator,
    unauthenticated,
    verify_operator,
)
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.parts import Parts
from idbridge_gateway.revocation import ListedHosts
from idbridge_gateway.settings import Settings

_SCHEME = b"bearer"


class OperatorsDesk:
    """Decides who is an operator; without ``rules`` nobody is."""

    def __init__(
        self, rules: OperatorRules | None, keys: IssuerKeys | None, *, pairwise_key: PairwiseKey, clock: Clock
    ) -> None:
        self._rules = rules
        self._keys = keys
        self._pairwise_key = pairwise_key
        self._clock = clock

    async def authenticate(self, authorization: bytes | None) -> Operator:
        """Return the operator whose token ``authorization`` (the header field) presents.

        Raises:
            RequestError: ``policy.unauthenticated``, ``policy.operator_required``, or ``system.overloaded`` where the
                keys of the operators' issuer cannot be had.
        """
        scheme, _, token = (authorization or b"").partition(b" ")
        if self._rules is None or self._keys is None or scheme.lower() != _SCHEME or not token.isascii():
            raise unauthenticated()
        unverified = read_unverified_operator(token.decode("ascii"), self._rules)
        header = unverified.jws.header
        keys = await self._keys.that_fit(kid=header.kid, algorithm=header.algorithm)
        pairwise_key, at = self._pairwise_key, self._clock.now()
        operator = verify_operator(unverified, keys, self._rules, pairwise_key=pairwise_key, at=at)
        JOURNAL.info("an operator proved who they are: %s", operator.pseudonym)
        return operator


def operators_of(parts: Parts, *, source: Source | None = None) -> OperatorsDesk:
    """Return where the operators of a node prove who they are; ``source`` fetches in place of the network."""
    settings, clock = parts.settings, parts.turns.clock
    pairwise_key = parts.turns.issuing.current().pairwise_key
    rules, address = _rules(settings), settings.operator_key_set
    keys = None
    if rules is not None and address is not None:
        source = source or ListedHosts(settings.environment)
        keys = IssuerKeys(address, state=settings.state, environment=settings.environment, source=source, clock=clock)
    return OperatorsDesk(rules, keys, pairwise_key=pairwise_key, clock=clock)


def _rules(settings: Settings) -> OperatorRules | None:
    issuer, client_id, role = settings.operator_issuer, settings.operator_client_id, settings.operator_role
    if issuer is None or client_id is None or role is None:
        return None
    return OperatorRules(issuer, client_id, settings.operator_role_claim, role)
