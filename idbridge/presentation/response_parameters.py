"""Response parameters: what a wallet sent back, an answer or its refusal, as far as can be said before it is verified.

Decides whether what came is an answer to this very request: in the mode that was asked for, encrypted to the key of the
request where it had to be, and with its ``state``. Every way of being none is one exception without a reason, because
whoever sends it is told nothing. What is in the vp_token it does not look at. Clauses: OpenID4VP 1.0 sections 8.1 to
8.3 and 8.5; HAIP 1.0 section 5.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from idbridge.codec import strict_json
from idbridge.crypto.ephemeral import EphemeralKey
from idbridge.crypto.jwe import decrypt
from idbridge.errors import IdBridgeError, InputError
from idbridge.limits import LIMITS

_TOKEN: Final = "vp_token"  # noqa: S105 - the name of a parameter, not a secret
_RESPONSE: Final = "response"
_ERROR: Final = "error"
_STATE: Final = "state"


class WalletError(StrEnum):
    """Why a wallet gave no answer, in the words of the standards.

    Clauses: section 8.5; RFC 6749 section 4.1.2.1; RFC 9101 section 7, for what is wrong with a request object.
    """

    ACCESS_DENIED = "access_denied"
    INVALID_CLIENT = "invalid_client"
    INVALID_REQUEST = "invalid_request"
    INVALID_REQUEST_OBJECT = "invalid_request_object"
    INVALID_REQUEST_URI = "invalid_request_uri"
    INVALID_REQUEST_URI_METHOD = "invalid_request_uri_method"
    INVALID_SCOPE = "invalid_scope"
    INVALID_TRANSACTION_DATA = "invalid_transaction_data"
    REQUEST_NOT_SUPPORTED = "request_not_supported"
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported"
    SERVER_ERROR = "server_error"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    VP_FORMATS_NOT_SUPPORTED = "vp_formats_not_supported"
    WALLET_UNAVAILABLE = "wallet_unavailable"
    OTHER = "other"  # a word of no standard, which is not repeated


class NoAnswerError(Exception):
    """What came is no answer to this request. It says no more: its sender is told nothing."""


@dataclass(frozen=True, slots=True)
class WalletAnswer:
    """A vp_token as JSON text, not verified."""

    unverified_vp_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WalletRefusal:
    """A wallet's word that there will be no answer."""

    error: WalletError


def read_response(
    parameters: Mapping[str, str], *, state: str, key: EphemeralKey | None
) -> WalletAnswer | WalletRefusal:
    """Return what a wallet said in ``parameters``, the form that it sent.

    ``key`` is what the answer had to be encrypted to, ``None`` if it had not. A refusal may come in the open: a wallet
    that cannot encrypt can at least say so (section 8.3.1).

    Raises:
        NoAnswerError: It is none to the request with this ``state``.
    """
    if _RESPONSE in parameters:
        if key is None or not parameters.keys().isdisjoint({_TOKEN, _ERROR, _STATE}):
            raise NoAnswerError
        return _read(_decrypted(parameters[_RESPONSE], key), state=state)
    if _TOKEN in parameters and key is not None:
        raise NoAnswerError
    return _read(dict(parameters), state=state)


def _decrypted(compact: str, key: EphemeralKey) -> dict[str, Any]:
    """Return the parameters that were encrypted to ``key``, which the header has to name."""
    try:
        # OpenID4VP 1.0 section 8.3: the key that was told has a `kid`, so the header of the answer repeats it.
        opened = decrypt(compact, (key.decryption,), max_bytes=LIMITS.encrypted_answer_bytes, has_to_name=True)
        return strict_json.parse_object(opened.plaintext, max_bytes=LIMITS.encrypted_answer_bytes)
    except IdBridgeError:
        raise NoAnswerError from None


def _read(members: Mapping[str, Any], *, state: str) -> WalletAnswer | WalletRefusal:
    """Return the one thing that ``members`` say; what the standards do not define is ignored (section 8.2)."""
    stated = members.get(_STATE)
    if not isinstance(stated, str) or not hmac.compare_digest(stated.encode(), state.encode()):
        raise NoAnswerError
    if (_TOKEN in members) is (_ERROR in members):
        raise NoAnswerError
    if _ERROR in members:
        return WalletRefusal(_error(members[_ERROR]))
    return WalletAnswer(_vp_token(members[_TOKEN]))


def _error(value: Any) -> WalletError:
    if not isinstance(value, str):
        raise NoAnswerError
    try:
        return WalletError(value)
    except ValueError:
        return WalletError.OTHER


def _vp_token(value: Any) -> str:
    """Return the text of a vp_token: a form has the text of an object, an encrypted answer the object itself."""
    if isinstance(value, str):
        try:
            strict_json.parse_object(value, max_bytes=LIMITS.vp_token_bytes)
        except InputError:
            raise NoAnswerError from None
        return value
    if type(value) is not dict:
        raise NoAnswerError
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
