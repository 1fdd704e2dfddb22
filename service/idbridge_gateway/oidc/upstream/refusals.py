"""What a relying party hears when a login at a provider ends without one: an OAuth error, and the reason code.

Of what the provider said, at most its error code decides, and only if that exists; its words go nowhere. Who refused is
told apart from who was out of order: a person's no is ``access_denied``, a provider that is down is
``temporarily_unavailable``, a provider that contradicts its listing is not believed.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from idbridge.errors import FetchError, IdBridgeError, Refusal
from idbridge.oidc.errors import OAuthError, OAuthErrorCode
from idbridge.oidc.upstream_errors import UpstreamError, UpstreamFault
from idbridge.reasons import reason

UNAVAILABLE: Final = OAuthErrorCode.TEMPORARILY_UNAVAILABLE
_OUT_OF_ORDER: Final = frozenset({UpstreamFault.DISCOVERY_MALFORMED, UpstreamFault.TOKEN_RESPONSE_MALFORMED})
_ANSWERS_PERSON: Final = "the person said no at the provider, or the provider to the person"
# Of the errors that a provider may answer: those that mean the same to our relying party. What is missing here says
# that the provider takes no request of ours, which is our fault or its own and not the person's.
_SAID: Final[Mapping[OAuthErrorCode, tuple[OAuthErrorCode, str]]] = MappingProxyType({
    OAuthErrorCode.ACCESS_DENIED: (OAuthErrorCode.ACCESS_DENIED, _ANSWERS_PERSON),
    OAuthErrorCode.CONSENT_REQUIRED: (OAuthErrorCode.ACCESS_DENIED, _ANSWERS_PERSON),
    OAuthErrorCode.INTERACTION_REQUIRED: (OAuthErrorCode.ACCESS_DENIED, _ANSWERS_PERSON),
    OAuthErrorCode.LOGIN_REQUIRED: (OAuthErrorCode.LOGIN_REQUIRED, "nobody logged in at the provider"),
    OAuthErrorCode.UNMET_AUTHENTICATION_REQUIREMENTS: (
        OAuthErrorCode.UNMET_AUTHENTICATION_REQUIREMENTS, "the provider did not reach the level that is asked for",
    ),
    OAuthErrorCode.SERVER_ERROR: (UNAVAILABLE, "the provider cannot answer now"),
    UNAVAILABLE: (UNAVAILABLE, "the provider cannot answer now"),
})  # fmt: skip


def unavailable(sentence: str = "the provider cannot be reached now") -> OAuthError:
    """Return what is told of a provider that does not answer."""
    return OAuthError(UNAVAILABLE, sentence, cause=FetchError.code)


def refused(broken: UpstreamError | Refusal | FetchError) -> OAuthError:
    """Return what is told of a login that ended by ``broken``."""
    if isinstance(broken, FetchError):
        return unavailable()
    if isinstance(broken, UpstreamError):
        return _of_fault(broken)
    return _of_code(broken)


def _of_fault(broken: UpstreamError) -> OAuthError:
    if broken.fault is UpstreamFault.PROVIDER_REFUSED:
        unknown = (OAuthErrorCode.SERVER_ERROR, "the provider takes no request of this node")
        error, sentence = unknown if broken.error is None else _SAID.get(broken.error, unknown)
        return OAuthError(error, sentence, cause=None if error is OAuthErrorCode.SERVER_ERROR else broken.code)
    if broken.fault in _OUT_OF_ORDER:
        return unavailable("the provider does not answer in order")
    return OAuthError("access_denied", "the answer of the provider is not believed", cause=broken.code)


def _of_code(broken: IdBridgeError) -> OAuthError:
    if reason(broken.code).retryable:
        return OAuthError(UNAVAILABLE, "nothing can be said of this provider now", cause=broken.code)
    return OAuthError("access_denied", "nobody vouches for this provider, or no longer", cause=broken.code)
