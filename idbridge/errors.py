"""One exception tree. Each class, or each instance of a family, has a stable ``code`` of the catalogue.

::

    IdBridgeError
    +-- Refusal                 the caller must stop: what was offered is not acceptable
    |   +-- InputError          bytes that are not what they claim to be
    |   +-- JoseError           a JWS that breaks its rules
    |   +-- IssuerError         nobody listed vouches for it, or no longer
    |   +-- CredentialError     a format's own rules (time, sd_jwt, holder, oidc, w3c)
    |   +-- TrustError          trust material that is not accepted
    |   +-- StatusError         what is said of revocation is not accepted
    |   +-- RecognitionError    genuine, and not recognised here
    |   +-- EvidenceError       a log, checkpoint or receipt that proves nothing
    +-- RequestError            the request itself is broken (an RFC 9457 problem)
    |   +-- RateExceededError   it came too soon after others
    +-- ConfigurationError      local files or settings
    +-- FetchError              a source could not be read

Messages and attributes never carry personal data.
"""

from datetime import timedelta
from typing import ClassVar

from idbridge.reasons import Reason, reason


class IdBridgeError(Exception):
    """Any failure that this product raises on purpose; ``code`` is a code of the reason catalogue."""

    code: str = "system.internal"

    @property
    def reason(self) -> Reason:
        """The catalogue entry behind ``code``."""
        return reason(self.code)


class Refusal(IdBridgeError):
    """What was offered is not acceptable.

    A family is a group of codes; a class of its own exists where facts travel with the code.

    Raises:
        ValueError: ``code`` belongs to another family.
    """

    groups: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, code: str, detail: str = "") -> None:
        group = reason(code).group
        if self.groups and group not in self.groups:
            raise ValueError(f"{code} is no code of {type(self).__name__}")
        super().__init__(detail or reason(code).developer)
        self.code = code
        self.detail = detail


class InputError(Refusal):
    """Bytes that are ambiguous, malformed or past a bound."""

    groups = frozenset({"input"})


class JoseError(Refusal):
    """A JWS that breaks RFC 7515, RFC 8725 or our closed algorithm table."""

    groups = frozenset({"jose"})


class IssuerError(Refusal):
    """Nobody listed vouches for this, or its certificate does not lead to who is listed."""

    groups = frozenset({"issuer", "jose"})


class CredentialError(Refusal):
    """A credential or token that breaks the rules of its own format."""

    groups = frozenset({"time", "sd_jwt", "mdoc", "holder", "oidc", "qr", "w3c", "issuer", "mandate", "recognition"})


class TrustError(Refusal):
    """Trust material that is not accepted; what was held stays in force."""

    groups = frozenset({"trust"})


class StatusError(Refusal):
    """A statement about revocation that is not accepted; it answers nothing, which never means "good"."""

    groups = frozenset({"status"})


class RecognitionError(Refusal):
    """Genuine, and not recognised for this relying party and purpose."""

    groups = frozenset({"recognition", "mandate"})


class EvidenceError(Refusal):
    """A log entry, proof, checkpoint or receipt that does not prove what it is offered for."""

    groups = frozenset({"time"})


class RequestError(IdBridgeError):
    """The request is broken: answered by an RFC 9457 problem, never by a verdict."""

    def __init__(self, code: str, detail: str = "") -> None:
        if reason(code).http_status is None:
            raise ValueError(f"{code} is a verdict, not a problem of the request")
        super().__init__(detail or reason(code).developer)
        self.code = code
        self.detail = detail


class LaterError(RequestError):
    """What is refused now and would not be after ``retry_after``."""

    def __init__(self, code: str, detail: str = "", *, retry_after: timedelta) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after


class RateExceededError(LaterError):
    """A relying party asked more often than it may; ``retry_after`` is when it may again."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("policy.rate_exceeded", retry_after=retry_after)


class ConfigurationError(IdBridgeError):
    """Local files or settings do not allow a safe start."""

    code = "system.configuration"


class FetchError(IdBridgeError):
    """A source is unreachable, too slow, too large or not allowed."""

    code = "system.fetch_failed"
