"""A login from its beginning to its tokens: the suite is relying party, browser, person and identity provider."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from idbridge.conformance.answer import FaultKind
from idbridge.conformance.targets.gateway.findings import granted, refusal
from idbridge.conformance.targets.gateway.provider import AUTHORIZE, ISS, pushed
from idbridge.conformance.targets.gateway.standing import PROVIDER, provider_standing
from idbridge.conformance.targets.gateway.suite import CALLBACK, CLIENT, TOKEN, VERIFIER, Suite, without_none
from idbridge.conformance.targets.gateway.tokens import payload_of
from idbridge.conformance.targets.idp.cookies import Cookies
from idbridge.conformance.targets.idp.forms import PageForm, first_form
from idbridge.conformance.targets.idp.walks import FormWalk
from idbridge.conformance.targets.idp.wire import FORM, NoVerdictError, Place, Reply, Wire
from idbridge.conformance.targets.live import Finding, Procedure
from idbridge.oidc.client import AUTHORIZATION_CODE

USERINFO: Final = "/oauth/userinfo"
_CHOICES: Final = frozenset({"answer", "provider", "receipt"})  # what the person chooses, or leaves
_NO_FIELDS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(slots=True)
class Browser:
    """One browser at the gateway: it keeps cookies, and follows what it is told to follow."""

    suite: Suite
    cookies: Cookies
    reply: Reply

    @classmethod
    def begun(cls, suite: Suite, path: str) -> "Browser":
        """Return a browser that was never here, at ``path``."""
        browser = cls(suite, Cookies(), Reply(204, {}, b""))
        browser.go(path)
        return browser

    def go(
        self, address: str, *, method: str = "GET", headers: Mapping[str, str] = _NO_FIELDS, body: bytes = b""
    ) -> None:
        """Go to an address of the gateway."""
        parts = urlsplit(address)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        held = self.cookies.header(path=parts.path)
        sent = {**headers, **({"Cookie": held} if held is not None else {})}
        self.reply, taken = self.suite.wire.browse(method, path, headers=sent, body=body)
        self.cookies.take(list(taken), path=parts.path)

    def follow(self) -> str:
        """Return where the answer sends the browser.

        Raises:
            NoVerdictError: Nowhere.
        """
        refused = refusal(self.reply) if not self.reply.redirects else None
        if not self.reply.redirects:
            raise NoVerdictError(FaultKind.MALFORMED, f"the login stops at {self.reply.url}: {refused}")
        return urljoin(f"{self.suite.wire.url}{self.reply.url}", self.reply.headers["location"])

    def submit(self, answers: Mapping[str, str]) -> None:
        """Send the form of the page with ``answers``, as a browser does from a page of the gateway."""
        form = _form(self.reply)
        if form is None:
            raise NoVerdictError(FaultKind.MALFORMED, f"no form stands on the page {self.reply.url}")
        headers = {"Content-Type": FORM, "Origin": self.suite.wire.url, "Sec-Fetch-Site": "same-origin"}
        left = {name: value for name, value in form.fields.items() if name not in _CHOICES}
        body = urlencode({**left, **answers}).encode()
        self.go(form.action or self.reply.url, method=form.method, headers=headers, body=body)


def _form(reply: Reply) -> PageForm | None:
    """Return the first form that sends something; one that only asks for the page again is for its language."""
    pieces = reply.body.decode("utf-8", "replace").split("<form")[1:]
    forms = (first_form(f"<form{piece}", address=reply.url) for piece in pieces)
    return next((form for form in forms if form is not None and form.method == "POST"), None)


def logged_in(suite: Suite, url: str, *, client: str = CLIENT, **request: Any) -> Mapping[str, str]:
    """Return the parameters of the authorization response of a login to which the person said yes."""
    uri = pushed(suite, client, **request)
    browser = Browser.begun(suite, f"{AUTHORIZE}?{urlencode({'client_id': client, 'request_uri': uri})}")
    browser.go(browser.follow())
    browser.submit({"provider": PROVIDER})
    there = Wire(Place(suite.region.service(PROVIDER).issuer, url)).browser()
    back = f"{suite.wire.url}/login/callback/{PROVIDER}"
    landing = FormWalk(there, person={"answer": "yes"}).walk(browser.follow(), ends=(back,))
    if landing.address != back:
        raise NoVerdictError(FaultKind.MALFORMED, f"the provider does not send the person back: {landing.shown}")
    browser.go(f"{back}?{landing.query}")
    browser.go(browser.follow())
    browser.submit({"answer": "yes"})
    for _ in range(2):
        address, _, query = browser.follow().partition("?")
        if address == CALLBACK:
            return dict(parse_qsl(query))
        browser.go(browser.follow())
        browser.submit({})
    raise NoVerdictError(FaultKind.MALFORMED, "the login does not end at the relying party")


def redeemed(suite: Suite, code: str, *, client: str = CLIENT, **changes: Any) -> Reply:
    """Return what the gateway answers to whoever redeems ``code``."""
    form = {
        "grant_type": AUTHORIZATION_CODE, "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER,
        **suite.proves(client), **changes,
    }  # fmt: skip
    proof = {"DPoP": suite.proof(TOKEN, nonce=suite.dpop_nonce())}
    return suite.post(TOKEN, without_none(form), proof)


@contextmanager
def _login(suite: Suite, client: str = CLIENT, **request: Any) -> Iterator[Mapping[str, str]]:
    with provider_standing(suite) as url:
        yield logged_in(suite, url, client=client, **request)


def logging_in(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Log a person in, and redeem the code; ``form`` changes how, ``client`` who redeems, ``twice`` does it again.

    ``aspect`` ``iss`` looks at the authorization response, ``token`` at the ID token.
    """
    with _login(suite) as told:
        if told.get("iss") != suite.issuer:
            return Finding(ISS, "the authorization response does not say whose it is")
        changes = parameters.get("form", {})
        reply = redeemed(suite, told["code"], client=parameters.get("client", CLIENT), **changes)
        if parameters.get("twice"):
            granted(reply)
            reply = redeemed(suite, told["code"])
        return refusal(reply) or _id_token(suite, reply)


def _id_token(suite: Suite, reply: Reply) -> Finding | None:
    claims = payload_of(str(reply.document()["id_token"]))
    right = (claims["iss"], claims["aud"], claims["nonce"]) == (suite.issuer, CLIENT, "nonce-1")
    return None if right else Finding("oidc.audience_mismatch", "the ID token is of another login")


def taken_back(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Use a code twice if ``twice``, and look whether the access token of the first use still opens anything."""
    with _login(suite) as told:
        token = str(granted(redeemed(suite, told["code"])).document()["access_token"])
        if parameters.get("twice"):
            redeemed(suite, told["code"])
        answer = granted(
            suite.post("/oauth/introspect", {"token": token, **suite.proves(parameters.get("client", CLIENT))})
        )
        return None if answer.document().get("active") is True else Finding("invalid_token", "the token opens nothing")


def subjects(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Log the same person in for ``first`` and ``second``, and compare the subjects of their ID tokens."""
    names = []
    for client in (parameters["first"], parameters["second"]):
        with _login(suite, client, purpose=parameters["purpose"]) as told:
            reply = granted(redeemed(suite, told["code"], client=client))
            names.append(payload_of(str(reply.document()["id_token"]))["sub"])
    same = names[0] == names[1]
    right = same is bool(parameters.get("same"))
    return None if right else Finding("privacy.pairwise", "one name in two sectors, or two names in one")


PROCEDURES: Final[Mapping[str, Procedure[Suite]]] = MappingProxyType(
    {"login": logging_in, "token-after": taken_back, "subjects": subjects}
)
