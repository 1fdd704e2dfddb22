"""Narrowing: what a request asks of one presentation, of the query that it was sent for (OpenID4VP 1.0, 6.1 and 8.4).

Decides by the query alone, never by what was sent: whether a copy will do, and which transactions it may authorise.
"""

from dataclasses import replace

from idbridge.model.query import CredentialQuery
from idbridge.model.request import VerifyRequest


def asked_of(request: VerifyRequest, query: CredentialQuery | None) -> VerifyRequest:
    """Return ``request`` as it was put to a presentation for ``query``, unchanged without one."""
    if query is None or (query.holder_binding and not request.transactions):
        return request
    transactions = tuple(one for one in request.transactions if query.id in one.credentials)
    return replace(request, transactions=transactions, needs_holder=query.holder_binding)
