"""Verdicts on what a provider did: taken, refused with which error, or refused on a page that no program reads.

A refusal counts by its OAuth error. Where the standards let several errors be right, the case names the others
(``also``); where they demand a page, or an HTTP status alone, it says so (``place``). An empty answer and a failure of
the server are faults, and a step before the attacked one that does not succeed is one too, so that a provider that
refuses everything is right nowhere. Clauses: RFC 6749 sections 4.1.2.1 and 5.2; RFC 6750 section 3.1; RFC 9207.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from idbridge.conformance.answer import FaultKind, Observation, Verdict
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.targets.idp.party import (
    Deviation,
    Login,
    Sent,
    Tools,
    authorization_url,
    begun,
    came_back,
    error_of,
    push,
    redeem,
    request_of,
)
from idbridge.conformance.targets.idp.settings import Registered
from idbridge.conformance.targets.idp.walks import Landing, Walk
from idbridge.conformance.targets.idp.wire import NoVerdictError, Reply
from idbridge.oidc.parameters import Parameters
from idbridge.oidc.upstream import PendingLogin, read_authorization_response
from idbridge.oidc.upstream_errors import UpstreamError, UpstreamFault
from idbridge.reasons import Indication

ACCEPTED: Final = Verdict(Indication.PASSED, None)
_CREATED: Final = range(200, 300)
_REFUSED: Final = range(400, 500)


class FindingError(Exception):
    """Something that the provider produced is not as it has to be. ``code`` is a reason code or an OAuth error."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class StepRefusedError(FindingError):
    """An honest step was refused: a finding of an accepted case, and no verdict on an attack that comes after it."""


@dataclass(frozen=True, slots=True)
class Granted:
    """A login that went through: its walk, its code, and the token response as the provider sent it."""

    login: Login
    browser: Walk
    code: str
    reply: Reply

    @property
    def access_token(self) -> str:
        """The access token."""
        return str(self.reply.document()["access_token"])

    @property
    def id_token(self) -> str:
        """The ID token as it came, encrypted perhaps."""
        return str(self.reply.document()["id_token"])


def on_reply(reply: Reply, case: ConformanceCase, *, what: str) -> Observation:
    """Return what a server's answer means for ``case``; ``what`` was sent."""
    if reply.status in _CREATED:
        return Observation(ACCEPTED, sent=what, received=reply.shown())
    if reply.status not in _REFUSED:
        raise NoVerdictError(FaultKind.MALFORMED, f"answered {reply.status}, which neither grants nor refuses")
    error = error_of(reply)
    if error is None and not (case.input.get("place") and (reply.body or "www-authenticate" in reply.headers)):
        raise NoVerdictError(FaultKind.MALFORMED, f"refused with {reply.status} and no OAuth error")
    return Observation(refused(error, case), sent=what, received=reply.shown())


def refused(error: str | None, case: ConformanceCase) -> Verdict:
    """Return the verdict of a refusal with ``error``; ``None`` for a page, where the case takes one."""
    expected = case.expect.code
    taken = {expected, *case.input.get("also", ())}
    if error is None:
        return Verdict(Indication.FAILED, expected or "invalid_request")
    return Verdict(Indication.FAILED, expected if expected is not None and error in taken else error)


def on_landing(landing: Landing, login: Login, case: ConformanceCase, tools: Tools, *, what: str) -> Observation:
    """Return what the end of a browser's way means for ``case``.

    Anything that reaches an address that is not registered was accepted, an error as much as a code: it is a redirect
    that the provider lets anybody choose.
    """
    if landing.address is None:
        if not landing.refused:
            raise NoVerdictError(FaultKind.MALFORMED, f"the login ends on {landing.shown}")
        if not case.input.get("place"):
            raise NoVerdictError(FaultKind.MALFORMED, f"the error is told to nobody: {landing.shown}")
        return Observation(refused(None, case), sent=what, received=landing.shown)
    if landing.address != tools.settings.redirect_uri:
        return Observation(ACCEPTED, sent=what, received="the browser was sent to an address that is not registered")
    parameters = came_back(landing.query)
    try:
        read_authorization_response(Parameters.of({k: [v] for k, v in parameters.items()}), pending_of(login, tools))
    except UpstreamError as error:
        if error.fault is not UpstreamFault.PROVIDER_REFUSED:
            raise FindingError(error.code, f"the response: {error.fault.value}") from None
        verdict = refused(str(parameters.get("error")), case)
        return Observation(verdict, sent=what, received=f"redirected with {sorted(parameters)}")
    return Observation(ACCEPTED, sent=what, received=f"redirected with {sorted(parameters)}")


def pending_of(login: Login, tools: Tools) -> PendingLogin:
    """Return what a relying party remembers of ``login``."""
    promised = tools.document.get("authorization_response_iss_parameter_supported") is True
    return PendingLogin(tools.issuer, login.state, login.nonce, login.verifier, promised or tools.settings.fapi)


def location_of(tools: Tools, login: Login, changes: Mapping[str, Any] | None = None, *, direct: bool = False) -> str:
    """Return where the browser goes to log in: with what was pushed, where requests are pushed.

    Raises:
        StepRefusedError: What was pushed is refused.
    """
    if not tools.settings.fapi or direct:
        return authorization_url(tools, request_of(tools, login, changes or {}))
    return authorization_url(tools, {"client_id": login.client.id, "request_uri": pushed(tools, login, changes)})


def pushed(tools: Tools, login: Login, changes: Mapping[str, Any] | None = None) -> str:
    """Return the name of a request that was handed in honestly.

    Raises:
        StepRefusedError: It is refused, or no name came back.
    """
    reply = push(tools, login, Deviation(form=changes or {})).reply
    name = reply.document().get("request_uri")
    if reply.status not in _CREATED or not isinstance(name, str):
        raise StepRefusedError(error_of(reply) or "invalid_request", f"a good request was not taken: {reply.shown()}")
    return name


def code_of(tools: Tools, login: Login, browser: Walk, changes: Mapping[str, Any] | None = None) -> str:
    """Return the code of an honest login.

    Raises:
        StepRefusedError: There is none.
        FindingError: The response is not in order.
    """
    redirect = tools.settings.redirect_uri
    landing = browser.walk(location_of(tools, login, changes), ends=(redirect,))
    if landing.address is None:
        raise StepRefusedError("access_denied", f"a good login ends on {landing.shown}")
    parameters = Parameters.of({name: [value] for name, value in came_back(landing.query).items()})
    try:
        return read_authorization_response(parameters, pending_of(login, tools))
    except UpstreamError as error:
        if error.fault is UpstreamFault.PROVIDER_REFUSED:
            told = str(parameters.text("error"))
            raise StepRefusedError(told, f"a good login was refused: {told}") from None
        raise FindingError(error.code, f"the response: {error.fault.value}") from None


def granted(tools: Tools, client: Registered | None = None, changes: Mapping[str, Any] | None = None) -> Granted:
    """Return an honest login that went through to its tokens.

    Raises:
        StepRefusedError, FindingError: It did not, or the answer has not what a token response has.
    """
    login, browser = begun(tools, client or tools.own), tools.browser()
    code = code_of(tools, login, browser, changes)
    return redeemed(tools, login, browser, code)


def redeemed(tools: Tools, login: Login, browser: Walk, code: str) -> Granted:
    """Return the login with the tokens of ``code``. Raises as ``granted``."""
    return granted_by(redeem(tools, login, code), login, browser, code)


def granted_by(sent: Sent, login: Login, browser: Walk, code: str) -> Granted:
    """Return the login with the tokens that were answered. Raises as ``granted``."""
    reply = sent.reply
    document = reply.document()
    if reply.status not in _CREATED:
        raise StepRefusedError(error_of(reply) or "invalid_request", f"a good code was not taken: {reply.shown()}")
    if not all(isinstance(document.get(name), str) for name in ("access_token", "token_type", "id_token")):
        raise FindingError("oidc.token_confusion", "the token response has no access token, type or ID token")
    return Granted(login, browser, code, reply)
