"""Cases about what comes beside an ID token: encryption, hashes, the age of the login, a userinfo response.

Clauses: OpenID Connect Core 1.0 sections 3.1.3.7, 3.1.3.8 and 5.3; RFC 7516; RFC 7519 section 5.2.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from idbridge.codec import base64url
from idbridge.sandbox import forgeries
from idbridge.sandbox.cases import legal_persons, presentations
from idbridge.sandbox.edits import ABSENT, After
from idbridge.sandbox.entry import Entry, accepted
from idbridge.sandbox.full_logins import Encrypted, FullLogin, Userinfo, in_the_open
from idbridge.sandbox.recipe import Ask

_ENCRYPTED: Final = Encrypted()
_BESIDE: Final = Userinfo(says=("regadd",))
_ACCOUNT: Final = Ask(claims=("name", "birthdate", "nationality"))


def _sealed(name: str, title: str, why: str, envelope: Encrypted) -> Entry:
    return accepted(
        name,
        title,
        why=why,
        to="th-bank",
        purpose="account-opening",
        source=FullLogin("sg-login-sealed", "sg-tan", envelope=envelope),
        ask=_ACCOUNT,
    )


SEALED: Final = _sealed(
    "sg-login-encrypted",
    "Tan Hui Ling of Singapore logs in, and the token comes encrypted to the node",
    "Singapore lists that these tokens come encrypted, and that `sub` holds several values.",
    _ENCRYPTED,
)
SEALED_P521: Final = _sealed(
    "sg-login-encrypted-to-p-521",
    "The same token encrypted to the node's other key, on the curve P-521",
    "Providers choose among the keys that a node publishes.",
    Encrypted(algorithm="ECDH-ES", encoding="A256CBC-HS512", key=1),
)
OPEN: Final = accepted(
    "sg-login-in-the-open",
    "The same person at the provider whose list knows no encryption, with a token in the open",
    why="Whether a token comes encrypted says the list, and this one does not.",
    to="th-bank",
    purpose="account-opening",
    source=FullLogin("sg-login", "sg-tan"),
    ask=_ACCOUNT,
)
HASHES: Final = accepted(
    "sg-login-with-all-that-came",
    "A login whose access token, code and state are sent along, logged in just now",
    why="The token holds the hashes of all three, and says when the person logged in.",
    to="th-bank",
    purpose="account-opening",
    source=FullLogin("sg-login", "sg-tan", sends=("access_token", "code", "state"), max_age=300),
    ask=_ACCOUNT,
)
USERINFO: Final = accepted(
    "sg-login-with-userinfo",
    "A login whose address comes in a signed userinfo response",
    why="The same provider signed both, for the same client and about the same person.",
    to="th-bank",
    purpose="account-opening",
    source=FullLogin("sg-login", "sg-tan", userinfo=_BESIDE),
    ask=Ask(claims=("name", "address")),
)
USERINFO_SEALED: Final = accepted(
    "sg-login-with-userinfo-encrypted",
    "An encrypted login whose userinfo response comes encrypted too",
    why="Where a list demands encryption it demands it of both.",
    to="th-bank",
    purpose="account-opening",
    source=FullLogin("sg-login-sealed", "sg-tan", envelope=_ENCRYPTED, userinfo=replace(_BESIDE, envelope=_ENCRYPTED)),
    ask=Ask(claims=("name", "address")),
)


def entries() -> Iterator[Entry]:
    """Yield the cases about what comes beside an ID token."""
    yield from (SEALED, SEALED_P521, OPEN, HASHES, USERINFO, USERINFO_SEALED)
    yield from _envelopes()
    yield from _headers()
    yield from _hashes()
    yield from _responses()
    yield from _responses_of_another_kind()
    yield from _deciding()
    yield from _downgraded()
    yield from _kinds()


def tag_changed(compact: str) -> str:
    """Change one bit of the tag."""
    return forgeries.text_altered(compact)


def zipped(compact: str) -> str:
    """Say in the header that the content is compressed."""
    return _with(compact, b',"zip":"DEF"}')


def critical(compact: str) -> str:
    """Say in the header that an extension must be understood."""
    return _with(compact, b',"crit":["exp"],"exp":1}')


def _with(compact: str, members: bytes) -> str:
    header, _, rest = compact.partition(".")
    return f"{base64url.encode(base64url.decode(header)[:-1] + members)}.{rest}"


def _envelope(name: str, code: str, title: str, why: str, envelope: Encrypted) -> Entry:
    return SEALED.refused(name, code, title, why=why, envelope=envelope)


def _envelopes() -> Iterator[Entry]:
    yield SEALED.refused(
        "encrypted-token-downgraded",
        "oidc.encryption_mismatch",
        "A token in the open, from a provider whose list says that they come encrypted",
        why="Who takes the envelope off on the way read it, and the relying party would never know.",
        envelope=in_the_open,
    )
    yield OPEN.refused(
        "plain-token-encrypted",
        "oidc.encryption_mismatch",
        "An encrypted token of a provider whose list knows no encryption",
        why="Nobody lists that this provider encrypts; somebody else may have.",
        envelope=_ENCRYPTED,
    )
    yield _envelope(
        "encrypted-to-somebody-else",
        "jose.decryption_failed",
        "A token encrypted to a key that only bears the name of the node's",
        "What does not open says nothing, and why it does not open is not told.",
        Encrypted(stranger=True),
    )
    yield _envelope(
        "encrypted-token-altered",
        "jose.decryption_failed",
        "An encrypted token with one bit of its tag changed",
        "An answer that told a wrong tag from a wrong key would be an oracle.",
        Encrypted(spoil=tag_changed),
    )
    yield _envelope(
        "token-encrypted-twice",
        "input.format_unsupported",
        "An encrypted token inside an encrypted token",
        "Envelopes in envelopes cost work without bound; one is what the standard has.",
        Encrypted(times=2),
    )


def _headers() -> Iterator[Entry]:
    yield _envelope(
        "encrypted-token-compressed",
        "jose.header_forbidden",
        "An encrypted token that says that it is compressed",
        "A few octets could inflate to gigabytes.",
        Encrypted(spoil=zipped),
    )
    yield _envelope(
        "encrypted-token-of-no-type",
        "jose.typ_mismatch",
        "An encrypted token that does not say that a token is inside",
        "A nested token says `cty`, so that no other content is taken for one.",
        Encrypted(header={"cty": ABSENT}),
    )
    yield _envelope(
        "encrypted-token-with-a-key-address",
        "jose.header_forbidden",
        "An encrypted token whose header points at a key",
        "Nothing is ever fetched because a token says so.",
        Encrypted(header={"jku": "https://keys.example/jwks.json"}),
    )
    yield _envelope(
        "encrypted-token-critical-extension",
        "jose.crit_unsupported",
        "An encrypted token with an extension that must be understood",
        "What must be understood and is not is refused.",
        Encrypted(spoil=critical),
    )


def _hashes() -> Iterator[Entry]:
    yield HASHES.refused(
        "access-token-of-another-login",
        "oidc.hash_mismatch",
        "An access token of another login beside the token",
        why="Put together from two logins, one person's access goes with another's name.",
        token={"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"},
    )
    yield HASHES.refused(
        "code-without-its-hash",
        "oidc.hash_mismatch",
        "A code was sent along, and the token has no hash of it",
        why="A comparison that cannot be made has not passed.",
        hashed=("access_token", "state"),
    )
    yield HASHES.refused(
        "login-of-an-hour-ago",
        "oidc.login_too_old",
        "A fresh token for a login of an hour ago, where five minutes were expected",
        why="A session that was left open is not the person in front of the screen.",
        logged_in=timedelta(hours=1),
    )
    yield HASHES.refused(
        "login-at-an-unknown-time",
        "time.claim_missing",
        "A login whose time the token leaves out, where its age matters",
        why="Asked for an age, a provider says when the person logged in.",
        token={"auth_time": ABSENT},
    )
    yield presentations.SG.refused(
        "credential-asked-for-the-age-of-a-login",
        "policy.expectation_unanswerable",
        "A credential of a wallet, of which the age of a login is expected",
        why="A demand that nothing can answer is not passed over.",
        expected={"max_age": 300},
    )


def _beside(name: str, code: str, title: str, why: str, response: Userinfo) -> Entry:
    return USERINFO.refused(name, code, title, why=why, userinfo=response)


def _responses() -> Iterator[Entry]:
    """Yield logins beside which a response of somebody else's stands, or one that is not as it was signed."""
    mismatch = "oidc.userinfo_mismatch"
    yield _beside(
        "userinfo-of-somebody-else",
        mismatch,
        "A userinfo response about another person",
        "The address of one person would stand beside the name of another.",
        replace(_BESIDE, edits={"sub": "u-2e90aa14"}),
    )
    yield _beside(
        "userinfo-for-another-client",
        mismatch,
        "A userinfo response that was made for another client",
        "Who receives one may not use it elsewhere.",
        replace(_BESIDE, edits={"aud": "another-client"}),
    )
    yield _beside(
        "userinfo-of-another-issuer",
        mismatch,
        "A userinfo response that names another issuer",
        "Two providers may call two people by the same subject.",
        replace(_BESIDE, edits={"iss": "https://login.th.example"}),
    )
    yield _beside(
        "userinfo-signed-by-another",
        "jose.signature_invalid",
        "A userinfo response under the name of a key that did not sign it",
        "Anybody could write the claims of anybody.",
        replace(_BESIDE, signed_by="sg-login-sealed"),
    )
    yield _beside(
        "userinfo-altered",
        "jose.signature_invalid",
        "A userinfo response with one bit of its signature changed",
        "What is not signed as it stands says nothing.",
        replace(_BESIDE, seal=forgeries.signature_changed),
    )
    yield _beside(
        "userinfo-without-date",
        "time.claim_missing",
        "A userinfo response that does not say when it was made",
        "An undated statement could be of any year.",
        replace(_BESIDE, edits={"iat": ABSENT}),
    )


def _responses_of_another_kind() -> Iterator[Entry]:
    """Yield logins beside which a token of another kind stands for a response."""
    yield _beside(
        "id-token-as-userinfo",
        "oidc.token_confusion",
        "An ID token in place of a userinfo response",
        "A token of one kind never serves as another.",
        replace(_BESIDE, edits={"nonce": "n", "exp": After(300)}),
    )
    for name, what, edits in (
        ("refresh-token", "A refresh token", {"typ": "Refresh"}),
        ("proof-of-possession", "A proof of possession", {"htm": "POST", "htu": "https://bank.th.example"}),
        ("token-of-a-login", "A token that tells of a login", {"auth_time": After(0), "amr": ["pwd"]}),
    ):
        yield _beside(
            f"{name}-as-userinfo",
            "oidc.token_confusion",
            f"{what} in place of a userinfo response",
            "The same key signs it, for the same client and about the same person, and it answers something else.",
            replace(_BESIDE, edits=edits),
        )


def _deciding() -> Iterator[Entry]:
    """Yield logins of which a userinfo response says what only the ID token may."""
    yield USERINFO.refused(
        "level-in-userinfo",
        "recognition.loa_too_low",
        "A login whose level only the userinfo response says",
        why="It says who somebody is; how they logged in, the ID token alone says.",
        userinfo=replace(_BESIDE, says=("regadd", "acr")),
    )
    yield legal_persons.VN.refused(
        "company-named-in-userinfo",
        "mandate.incomplete",
        "An organisation whose name only the userinfo response says",
        why="Put together from two answers, the number of one company goes with the name of another.",
        userinfo=Userinfo(says=("ten_to_chuc",)),
    )


def _downgraded() -> Iterator[Entry]:
    """Yield userinfo responses that arrive in another form than their list says."""
    yield USERINFO_SEALED.refused(
        "userinfo-downgraded",
        "oidc.encryption_mismatch",
        "A userinfo response in the open beside an encrypted token",
        why="What was to be read by the node alone was read by somebody else.",
        userinfo=_BESIDE,
    )
    yield USERINFO.refused(
        "userinfo-encrypted-unasked",
        "oidc.encryption_mismatch",
        "An encrypted userinfo response of a provider whose list knows no encryption",
        why="What holds for the token holds for what comes beside it.",
        userinfo=replace(_BESIDE, envelope=_ENCRYPTED),
    )


def _kinds() -> Iterator[Entry]:
    """Yield what the same key signs and is no ID token, each by what tells it."""
    confusions = {
        "access-token": ("An access token", {"scope": "openid", "client_id": "th-bank"}),
        "access-token-of-no-client": ("An access token that names no client", {"scope": ["openid", "profile"]}),
        "introspection-answer": ("The answer to an introspection", {"token_introspection": {"active": True}}),
        "security-event": ("A security event", {"events": {"urn:example:account-disabled": {}}, "toe": After(0)}),
        "authorization-response": ("An authorization response by JWT", {"code": "SplxlOBe", "state": "af0ifjsl"}),
        "key-binding": ("A key binding", {"sd_hash": "x"}),
        "verifiable-credential": ("A verifiable credential", {"vc": {"type": ["VerifiableCredential"]}}),
        "proof-of-possession": ("A proof of possession", {"htm": "POST", "htu": "https://bank.th.example"}),
        "request-object": ("A request object", {"response_type": "code"}),
    }
    for name, (what, claims) in confusions.items():
        yield HASHES.refused(
            f"{name}-in-place-of-id-token",
            "oidc.token_confusion",
            f"{what} under the type of an ID token",
            why="The same key signs it, under the same type, and it is no proof of a login.",
            token=claims,
        )
    yield HASHES.refused(
        "userinfo-response-in-place-of-id-token",
        "time.claim_missing",
        "A userinfo response in place of an ID token",
        why="It says who somebody is, not that they are here: it does not expire.",
        token={"exp": ABSENT},
    )
    for typ in ("at+jwt", "logout+jwt", "kb+jwt", "secevent+jwt", "oauth-authz-req+jwt"):
        yield HASHES.refused(
            f"type-{typ.partition('+')[0]}-in-place-of-id-token",
            "jose.typ_mismatch",
            f"A token of the type `{typ}` beside all that came with a login",
            why="A token says what it is; a verifier that does not look takes one for another.",
            header={"typ": typ},
        )
