"""Transaction data: the texts that were sent to the wallet, read as far as a verifier has to (OpenID4VP 1.0, 5.1).

Decides which credentials may authorise which transaction, and under which digest. What a transaction means, the
relying party alone knows: members of its type are not looked at.
"""

from typing import Any, Final, NoReturn

from idbridge.codec import base64url, strict_json
from idbridge.credential.transactions import HASHES
from idbridge.errors import InputError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.query import Query, Transaction

_ALGORITHMS: Final = "transaction_data_hashes_alg"


def parse_transactions(value: Any, *, query: Query | None) -> tuple[Transaction, ...]:
    """Return the transactions that ``value`` (one JSON value) spells, each for credentials of ``query``.

    Raises:
        RequestError: ``query.malformed``.
    """
    if query is None:
        _malformed("`transaction_data` names credentials of a query, so there is `dcql`")
    if type(value) is not list or not 0 < len(value) <= LIMITS.transactions:
        _malformed(f"`transaction_data` is a list of 1 to {LIMITS.transactions} texts")
    found = tuple(_transaction(one, query) for one in value)
    if len({one.text for one in found}) != len(found):
        _malformed("`transaction_data` has a text twice")
    return found


def _malformed(detail: str) -> NoReturn:
    raise RequestError("query.malformed", detail)


def _transaction(text: Any, query: Query) -> Transaction:
    if type(text) is not str:
        _malformed("an entry of `transaction_data` is a text")
    try:
        members = strict_json.parse_object(base64url.decode(text), max_bytes=LIMITS.token_bytes)
    except InputError:
        _malformed("an entry of `transaction_data` is base64url of a strict JSON object")
    kind = members.get("type")
    if not isinstance(kind, str) or not kind:
        _malformed("an entry of `transaction_data` has a `type`")
    credentials = _texts(members.get("credential_ids"), "credential_ids")
    if not credentials <= query.by_id.keys():
        _malformed("`credential_ids` names a credential that is not asked for")
    algorithms: frozenset[str] = frozenset()
    if _ALGORITHMS in members:
        algorithms = _texts(members[_ALGORITHMS], _ALGORITHMS) & HASHES.keys()
        if not algorithms:
            _malformed(f"`{_ALGORITHMS}` has at least one of {', '.join(HASHES)}")
    return Transaction(text, kind, credentials, algorithms)


def _texts(value: Any, name: str) -> frozenset[str]:
    if (
        type(value) is not list
        or not 0 < len(value) <= LIMITS.query_values
        or not all(type(one) is str for one in value)
    ):
        _malformed(f"`{name}` is a list of texts")
    return frozenset(value)
