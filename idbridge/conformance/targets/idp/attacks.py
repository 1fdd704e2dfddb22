"""Attacks: procedures in which the suite does what a relying party must not, and the provider has to refuse it.

Each begins with honest steps and deviates in one, as ``input.json`` says. Names of procedures are those of the table
in ``procedures``.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from idbridge.conformance.answer import FaultKind, Observation
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.targets.idp.party import (
    Deviation,
    Login,
    Sent,
    Tools,
    authorization_url,
    begun,
    push,
    redeem,
    userinfo,
    words_of,
)
from idbridge.conformance.targets.idp.verdicts import (
    ACCEPTED,
    FindingError,
    Granted,
    StepRefusedError,
    code_of,
    granted,
    location_of,
    on_landing,
    on_reply,
    pushed,
    redeemed,
)
from idbridge.conformance.targets.idp.walks import FRAMABLE, REPEATS
from idbridge.conformance.targets.idp.wire import NoVerdictError

_MARKS: Final = MappingProxyType({FRAMABLE: "input.member_forbidden", REPEATS: "input.method_not_allowed"})
_TAKEN: Final = range(200, 300)
_MARGIN_SECONDS: Final = 5
_DEFAULT_LIFE: Final = 60  # of a code: FAPI 2.0 section 5.3.2.1 allows no more
_PLAIN_LIFE: Final = 600  # RFC 6749 section 4.1.2 recommends no more


def _deviation(case: ConformanceCase, **held: str | None) -> Deviation:
    said = case.input
    return Deviation(
        form=said.get("form", {}),
        assertion=said.get("assertion", {}),
        proof=said.get("proof", {}),
        credential=said.get("secret", "own"),
        method=said.get("method"),
        media=said.get("media"),
        header=said.get("header", {}),
        query=said.get("query", ""),
        **held,
    )


def _replayed(spec: Mapping[str, Any]) -> bool:
    return bool(spec.get("replay"))


def _held(case: ConformanceCase, first: Sent) -> Deviation:
    """Return the deviation that sends again what ``first`` had sent.

    Raises:
        StepRefusedError: The first was refused, so that the second shows nothing.
    """
    if first.reply.status not in _TAKEN:
        raise StepRefusedError("invalid_request", f"the first use was refused: {first.reply.shown()}")
    return _deviation(
        case,
        held_assertion=first.assertion if _replayed(case.input.get("assertion", {})) else None,
        held_proof=first.proof if _replayed(case.input.get("proof", {})) else None,
    )


def _replays(case: ConformanceCase) -> bool:
    return any(_replayed(case.input.get(name, {})) for name in ("assertion", "proof"))


def _require_served(tools: Tools, case: ConformanceCase) -> None:
    """Return if an honest request is taken, without which the refusal of another shows nothing.

    Raises:
        StepRefusedError: It is refused. NoVerdictError: There is no answer.
    """
    if not case.is_negative:
        return
    if tools.settings.fapi:
        pushed(tools, begun(tools, tools.own))
    elif tools.settings.walked_by_forms:
        code_of(tools, begun(tools, tools.own), tools.browser())


def at_push(tools: Tools, case: ConformanceCase) -> Observation:
    """Hand in a request that deviates; with a replay, an honest one before it."""
    _require_served(tools, case)
    login = begun(tools, tools.client(case.input.get("client", "own")))
    deviation = _held(case, push(tools, login)) if _replays(case) else _deviation(case)
    return on_reply(push(tools, login, deviation).reply, case, what="a pushed authorization request")


def at_authorize(tools: Tools, case: ConformanceCase) -> Observation:
    """Send a browser with a request that deviates; where requests are pushed, it may be refused there already."""
    _require_served(tools, case)
    login, said = begun(tools, tools.own), case.input
    deviation, direct = _deviation(case), bool(said.get("direct"))
    if tools.settings.fapi and not direct:
        reply = push(tools, login, deviation).reply
        if reply.status not in _TAKEN:
            return on_reply(reply, case, what="a pushed authorization request")
        named = {"client_id": login.client.id, "request_uri": str(reply.document().get("request_uri"))}
        url = authorization_url(tools, named)
    else:
        url = location_of(tools, login, deviation.form, direct=True)
    landing = tools.browser().walk(url, ends=_ends(tools, login, case), answers=_answers(tools, case))
    return on_landing(landing, login, case, tools, what="an authorization request in a browser")


def seen_on_the_way(tools: Tools, case: ConformanceCase) -> Observation:
    """Log in honestly, and look whether what the case names (``mark``) was seen on the way; it must not be."""
    login, browser = begun(tools, tools.own), tools.browser()
    landing = browser.walk(location_of(tools, login), ends=(tools.settings.redirect_uri,))
    if landing.address is None:
        raise StepRefusedError("access_denied", f"a good login ends on {landing.shown}")
    if case.input["mark"] in landing.marks:
        raise FindingError(_MARKS[case.input["mark"]], f"on the way of a login: {case.input['mark']}")
    return Observation(ACCEPTED, sent="a login in a browser", received="its pages and redirects")


def _answers(tools: Tools, case: ConformanceCase) -> Mapping[str, str]:
    return tools.settings.refusal if case.input.get("answer") == "refusal" else {}


def _ends(tools: Tools, login: Login, case: ConformanceCase) -> tuple[str, ...]:
    """Return where a browser stops: at the redirect URI, and at the address that the case tries to be sent to."""
    asked = words_of(tools, login).said(case.input.get("form", {}).get("redirect_uri"))
    named = [asked] if isinstance(asked, str) else []
    return (tools.settings.redirect_uri, *named)


def request_uri(tools: Tools, case: ConformanceCase) -> Observation:
    """Bring the name of a pushed request in a way in which it may not be brought."""
    login, attack = begun(tools, tools.own), case.input["attack"]
    name, ends, client = pushed(tools, login), (tools.settings.redirect_uri,), tools.own.id
    if attack == "reused":
        code_of_url = authorization_url(tools, {"client_id": client, "request_uri": name})
        first = tools.browser().walk(code_of_url, ends=ends)
        if first.address is None or "code=" not in first.query:
            raise StepRefusedError("access_denied", f"the first use ends on {first.shown}")
    elif attack == "other-client":
        client = tools.other.id
    elif attack == "unknown":
        name = f"{name[:-6]}{tools.random()[:6]}"
    elif attack == "expired":
        _wait(tools, case, _life(tools))
    elif attack != "none":
        raise ValueError(f"the case knows no attack {attack}")
    url = authorization_url(tools, {"client_id": client, "request_uri": name})
    landing = tools.browser().walk(url, ends=ends)
    return on_landing(landing, login, case, tools, what=f"the name of a pushed request: {attack}")


def _life(tools: Tools) -> int:
    said = push(tools, begun(tools, tools.own)).reply.document().get("expires_in")
    if not isinstance(said, int):
        raise NoVerdictError(FaultKind.MALFORMED, "the answer to a pushed request does not say how long it counts")
    return said


def _wait(tools: Tools, case: ConformanceCase, seconds: float) -> None:
    """Let ``seconds`` go by, and a little more, if the settings have that patience."""
    if seconds + _MARGIN_SECONDS > tools.settings.patience.total_seconds():
        raise NoVerdictError(
            FaultKind.HANG, f"{case.id} waits {seconds:g} s, longer than `patience_seconds` of the settings"
        )
    tools.pause(seconds + _MARGIN_SECONDS)


def at_token(tools: Tools, case: ConformanceCase) -> Observation:
    """Redeem a code in a way that deviates; with a replay, another code honestly before it."""
    login, browser = begun(tools, tools.own), tools.browser()
    changes = case.input.get("asked", {})
    deviation = _deviation(case)
    if _replays(case):
        first = redeem(tools, login, code_of(tools, login, browser))
        deviation = _held(case, first)
        login = Login(login.client, tools.random(), tools.random(), tools.random(), login.key)
    attack = case.input.get("code", "own")
    code = _code(tools, login, attack, changes, case)
    sent = redeem(tools, login, code, deviation)
    return on_reply(sent.reply, case, what=f"a token request with a code: {attack}")


def _code(tools: Tools, login: Login, attack: str, changes: Mapping[str, Any], case: ConformanceCase) -> str:
    if attack == "unknown":
        return tools.random()
    if attack == "other-client":
        victim = Login(tools.other, login.state, login.nonce, login.verifier, login.key)
        return code_of(tools, victim, tools.browser())
    code = code_of(tools, login, tools.browser(), changes)
    if attack == "used":
        redeemed(tools, login, tools.browser(), code)
    elif attack == "expired":
        _wait(tools, case, _DEFAULT_LIFE if tools.settings.fapi else _PLAIN_LIFE)
    elif attack != "own":
        raise ValueError(f"the case knows no code {attack}")
    return code


def after_replay(tools: Tools, case: ConformanceCase) -> Observation:
    """Use an access token whose code was redeemed a second time since (RFC 6749 section 4.1.2)."""
    login = granted(tools)
    _require_works(tools, login)
    again = redeem(tools, login.login, login.code).reply
    if again.status in _TAKEN:
        raise NoVerdictError(FaultKind.MALFORMED, "the code was taken twice, so nothing is known of what comes after")
    reply = userinfo(tools, login.login, login.access_token).reply
    return on_reply(reply, case, what="an access token whose code came twice")


def at_userinfo(tools: Tools, case: ConformanceCase) -> Observation:
    """Show an access token in a way that deviates; it was shown honestly before, and worked."""
    login = granted(tools)
    first = _require_works(tools, login)
    deviation = _held(case, first) if _replays(case) else _deviation(case)
    token = tools.random() if case.input.get("token") == "unknown" else login.access_token
    reply = userinfo(tools, login.login, token, deviation).reply
    return on_reply(reply, case, what="an access token at the userinfo endpoint")


def _require_works(tools: Tools, login: Granted) -> Sent:
    sent = userinfo(tools, login.login, login.access_token)
    if sent.reply.status not in _TAKEN:
        raise StepRefusedError("invalid_token", f"a good access token was not taken: {sent.reply.shown()}")
    return sent


def at_client_authentication(tools: Tools, case: ConformanceCase) -> Observation:
    """Authenticate as a client in a way that deviates: where a request is pushed, or else where a code is redeemed."""
    return at_push(tools, case) if tools.settings.fapi else at_token(tools, case)
