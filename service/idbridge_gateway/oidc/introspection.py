"""Answers about an access token: as JSON, or signed for the client that asks (RFC 7662 section 2.2, RFC 9701).

An answer is signed if the client asks for one by ``Accept``, or registered that it always is, and then encrypted if it
registered how. The claims of the token stand inside one member and never beside those of the answer, so that nobody can
take the answer for the token (RFC 9701 section 8.1). A token that is not the caller's own is not active, and nothing
more is said of it.
"""

from typing import Any, Final

from fastapi import Request, Response

from idbridge.oidc.authorization_request import OPENID
from idbridge.oidc.client import OidcClient
from idbridge_gateway.oidc.access_tokens import AccessToken
from idbridge_gateway.oidc.answers import NO_STORE, token_answer
from idbridge_gateway.oidc.signed_responses import encrypted, signed
from idbridge_gateway.oidc.turns import Turn

TYPE: Final = "token-introspection+jwt"
MEDIA: Final = f"application/{TYPE}"


def introspection_answer(token: AccessToken | None, client: OidcClient, request: Request, turn: Turn) -> Response:
    """Return what ``client`` hears of ``token``, ``None`` being one that is not its own or opens nothing.

    Raises:
        Refusal: ``policy.assertion_not_available``: this node does not sign with the algorithm of the client.
        OAuthError: ``temporarily_unavailable``: the key does not sign now.
    """
    said = _active(token) if token is not None else {"active": False}
    algorithm = client.introspection_signed_response_alg
    if algorithm is None and client.introspection_encryption is None and not _asks_for_jwt(request):
        return token_answer(said)
    claims = {
        "iss": turn.issuing.node.issuer,
        "aud": client.id,
        "iat": int(turn.at.timestamp()),
        "token_introspection": said,
    }
    answer = signed(claims, algorithm=algorithm or client.id_token_signed_response_alg, turn=turn, typ=TYPE)
    text = encrypted(answer, client.introspection_encryption, client, cty=TYPE)
    return Response(text, media_type=MEDIA, headers=dict(NO_STORE))


def _asks_for_jwt(request: Request) -> bool:
    """Tell whether ``Accept`` names the media type and does not weigh it with nothing (RFC 9110 section 12.5.1)."""
    for entry in ",".join(request.headers.getlist("accept")).split(","):
        essence, *parameters = (part.strip().lower() for part in entry.split(";"))
        if essence == MEDIA:
            return not any(parameter.replace("0", "") in {"q=", "q=."} for parameter in parameters)
    return False


def _active(token: AccessToken) -> dict[str, Any]:
    document = {
        "active": True,
        "iss": token.decision.issuer,
        "sub": token.decision.subject,
        "aud": token.client_id,
        "client_id": token.client_id,
        "scope": OPENID,
        "token_type": token.token_type,
        "iat": int(token.issued_at.timestamp()),
        "exp": int(token.expires_at.timestamp()),
    }
    return document if token.jkt is None else {**document, "cnf": {"jkt": token.jkt}}
