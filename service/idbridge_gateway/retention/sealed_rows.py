"""Rows of what is sealed: codes, tokens, logins, sessions and requests to wallets (architecture D9).

All of it is encrypted under a key that comes from its handle, and stands under another value derived from that handle.
The stores keep none of it for longer than its row says, whatever whoever puts it there asks for.
"""

from typing import Final

from idbridge_gateway.retention.row import STORES, About, Form, Row

_HELD: Final = "tests/gateway/test_retention.py::test_nothing_sealed_outlives_its_row"
_BROWSER: Final = "the node, when the browser brings the handle in its cookie"
_CLIENT: Final = "the node, when the client brings the handle"
_PARTY: Final = "the node, when the relying party names its id"
_LINK: Final = "the node, when a browser or wallet brings the link"


def _row(name: str, what: str, about: About, readers: str, *limits: str) -> Row:
    return Row(
        name=name, what=what, about=about, form=Form.SEALED, places=STORES, readers=readers, proof=_HELD, limits=limits
    )


_PERSON, _ASKER, _OPERATOR = About.PERSON, About.RELYING_PARTY, About.OPERATOR
SEALED_ROWS: Final[tuple[Row, ...]] = (
    _row(
        "pushed-request", "an authorization request that a client pushed", _ASKER, _CLIENT, "pushed_request_lifetime"
    ),
    _row(
        "transaction",
        "a login in progress: request, decision with its claims, and the yes of the person",
        _PERSON,
        _BROWSER,
        "login_transaction",
    ),
    _row(
        "upstream-state", "what the answer of a provider has to match", _PERSON, _BROWSER, "login_transaction"
    ),
    _row(
        "upstream-logins",
        "which logins rest on one at a provider, and by which clients; handles, no identifiers",
        _PERSON,
        "the node, when the provider names the person or session",
        "session_lifetime",
    ),
    _row(
        "code",
        "an authorization code: the decision with the claims that the person agreed to",
        _PERSON,
        _CLIENT,
        "code_lifetime",
        "bound_token_lifetime",
    ),
    _row(
        "access-token", "an access token: the claims that userinfo answers with", _PERSON, _CLIENT,
        "bound_token_lifetime",
    ),
    _row(
        "session",
        "that a login may still be ended: client, pairwise subject, access token",
        _PERSON,
        "the node, when client or browser names the `sid`",
        "session_lifetime",
    ),
    _row("session-over", "that no session may begin any more", _PERSON, "the node", "code_lifetime"),
    _row("logout", "a logout that the person is asked about", _PERSON, _BROWSER, "login_transaction"),
    _row(
        "presentation",
        "how a request to a wallet ended, with the report of the answer",
        _PERSON,
        _PARTY,
        "presentation_lifetime_max",
        "presentation_kept",
    ),
    _row(
        "presentation-end", "that a request was cancelled", _ASKER, _PARTY, "presentation_lifetime_max",
        "presentation_kept",
    ),
    _row(
        "wallet-request", "what a wallet is asked, and the key for its answer", _ASKER, _LINK,
        "presentation_lifetime_max",
    ),
    _row(
        "wallet-page", "what a page says of a request: who asks, for what", _ASKER, _LINK, "presentation_lifetime_max",
        "presentation_kept",
    ),
    _row(
        "wallet-page-end", "in one word, how a request ended", _ASKER, _LINK, "presentation_lifetime_max",
        "presentation_kept",
    ),
    _row(
        "wallet-browser", "that no browser began on this device yet", _ASKER, _LINK, "presentation_lifetime_max"
    ),
    _row("wallet-turn", "that no answer counted yet", _ASKER, "the node", "presentation_lifetime_max"),
    _row(
        "response-code", "which request an answer belongs to that waits for its browser", _PERSON, _BROWSER,
        "response_code_lifetime",
    ),
    _row(
        "held-answer", "the answer of a wallet, until its browser comes for it", _PERSON, _BROWSER,
        "response_code_lifetime",
    ),
    _row("operator-session", "who is signed in at the console, by pseudonym", _OPERATOR, _BROWSER, "operator_session"),
    _row(
        "business-session", "which company a browser asks for, and the ids of what it asked", _ASKER, _BROWSER,
        "business_session",
    ),
)  # fmt: skip
