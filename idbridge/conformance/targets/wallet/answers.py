"""What a wallet answered, looked at: as a verifier does, and for what no verdict says, such as what nobody asked for.

Clauses: OpenID4VP 1.0 sections 6.4, 8.1 to 8.3 and B; RFC 9901 section 7.3.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from idbridge.codec import base64url, cbor
from idbridge.conformance.targets.issuer.contents import issuer_signed
from idbridge.conformance.targets.live import Finding
from idbridge.conformance.targets.wallet.asking import Question
from idbridge.errors import IdBridgeError
from idbridge.limits import LIMITS
from idbridge.model.region import Format, MemberState
from idbridge.model.request import Expectations, RelyingParty, Session, VerifyRequest
from idbridge.presentation.dcql import parse_query
from idbridge.presentation.response_parameters import (
    NoAnswerError,
    WalletAnswer,
    WalletRefusal,
    read_response,
)
from idbridge.presentation.transaction_data import parse_transactions
from idbridge.verify.verifier import Verifier

_PURPOSE: Final = "account-opening"
_ASIDE: Final = frozenset({"recognition", "policy", "mandate"})
_ISO_TAGS: Final = frozenset({0, 24, 1004})


def read(posted: Mapping[str, str], question: Question) -> WalletAnswer | WalletRefusal | Finding:
    """Return what a wallet posted, or what is wrong with its form."""
    try:
        return read_response(posted, state=question.parameters.state, key=question.parameters.key)
    except NoAnswerError:
        names = ", ".join(sorted(posted))
        return Finding("response", f"what was posted ({names}) is no answer to this request: mode, key or state")


def verified(answer: WalletAnswer, question: Question, verifier: Verifier, *, at: datetime) -> Finding | None:
    """Return what the product's verifier refuses of an answer: signatures, holder, nonce, audience, session, query."""
    parameters = question.parameters
    party = RelyingParty(
        id="suite",
        name="Conformance suite",
        state=MemberState.TH,
        environment=verifier.trust.environment,
        sector="conformance",
        purposes=frozenset({_PURPOSE}),
        claims=frozenset(),
        audiences=frozenset({parameters.client_id}),
        clients={},
    )
    try:
        query = parse_query(dict(parameters.query))
        transactions = parse_transactions(list(parameters.transactions), query=query) if parameters.transactions else ()
        request = VerifyRequest(
            credential=answer.unverified_vp_token,
            relying_party=party,
            purpose=_PURPOSE,
            format=Format.VP_TOKEN,
            expected=Expectations(nonce=parameters.nonce, audience=parameters.client_id, session=_session(question)),
            query=query,
            transactions=transactions,
        )
        report = verifier.verify(request, at=at)
    except IdBridgeError as refusal:
        return Finding.of(refusal)
    for check in report.checks:
        if check.reason is not None and check.reason.code.partition(".")[0] not in _ASIDE:
            return Finding(check.reason.code, f"{check.id}: {check.reason.developer} {check.note}".strip())
    return None


def _session(question: Question) -> Session:
    key = question.parameters.key
    return Session(
        client_id=question.parameters.client_id,
        response_uri=question.parameters.response_uri,
        encryption_jwk_thumbprint=key.thumbprint if key is not None else None,
    )


def only_asked(answer: WalletAnswer, question: Question) -> Finding | None:
    """Find a claim that was shown and not asked for: everything else the person keeps.

    What cannot be read is found as well: nobody knows what it shows.
    """
    try:
        return _more_than_asked(answer, question)
    except (ValueError, LookupError, TypeError, AttributeError, IdBridgeError) as odd:
        return Finding("response", f"what was shown cannot be read: {type(odd).__name__}")


def _more_than_asked(answer: WalletAnswer, question: Question) -> Finding | None:
    asked = {one["id"]: _asked(one) for one in question.parameters.query["credentials"]}
    for name, presentations in json.loads(answer.unverified_vp_token).items():
        if name not in asked:
            return Finding("query", f"an answer to {name!r}, which nobody asked for")
        for presentation in presentations:
            more = sorted(set(_shown(presentation)) - asked[name])
            if more:
                return Finding("over_disclosed", f"shown and not asked for: {', '.join(more)}")
    return None


def _asked(query: Mapping[str, Any]) -> set[str]:
    """Return the names that may be disclosed: along each path, every step of it."""
    return {str(step) for claim in query.get("claims", ()) for step in claim["path"]}


def _shown(presentation: str) -> Iterator[str]:
    if "~" in presentation:
        for disclosure in presentation.split("~")[1:-1]:
            opened = json.loads(base64url.decode(disclosure))
            if len(opened) > 2:
                yield opened[1]
        return
    for listed in issuer_signed(presentation)["nameSpaces"].values():
        for item in listed:
            yield cbor.decode(item.value, max_bytes=LIMITS.body_bytes, tags=_ISO_TAGS)["elementIdentifier"]
