"""How a client of OpenID Connect is written as JSON, with the member names of OpenID Connect Registration 1.0.

What a client may be, ``OidcClient`` decides. The digest of its secret is a member where a registration is kept, and is
left out where one is shown.
"""

from collections.abc import Mapping
from typing import Any, Final

from idbridge.errors import TrustError
from idbridge.model.request import RelyingParty
from idbridge.oidc.client import AUTHORIZATION_CODE, EndingSecret, OidcClient, Profile, ResponseEncryption
from idbridge.trust import published_test_keys
from idbridge_gateway.registry.members import flag, instant, members, refused, text, texts, written

SECRET_DIGEST: Final = "secret_digest"  # noqa: S105 - the name of a member
ENDING_SECRET: Final = "ending_secret"  # noqa: S105 - as above
OWN: Final = "idbridge."  # how the ids of a node's own clients begin, which nobody registers
_REQUIRED: Final = frozenset({"id", "profile"})
_OPTIONAL: Final = frozenset({
    "redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri", "jwks", "sector", "grant_types", "enabled",
    "id_token_signed_response_alg", "id_token_encryption", "userinfo_signed_response_alg", "userinfo_encryption",
    "introspection_signed_response_alg", "introspection_encryption",
    SECRET_DIGEST, ENDING_SECRET,
})  # fmt: skip


def read_client(entry: Any, party: RelyingParty) -> OidcClient:
    """Return the client of ``party`` that ``entry`` describes.

    Raises:
        RequestError: ``input.request_malformed``: it is not written so, or is no client that may be served.
    """
    entry = members(entry, "a client", required=_REQUIRED, optional=_OPTIONAL)
    given: dict[str, Any] = {
        "id": _id(entry["id"]),
        "relying_party": party.id,
        "profile": _profile(entry["profile"]),
        "redirect_uris": texts(entry.get("redirect_uris", []), "redirect_uris"),
        "post_logout_redirect_uris": texts(entry.get("post_logout_redirect_uris", []), "post_logout_redirect_uris"),
        "backchannel_logout_uri": _optional_text(entry, "backchannel_logout_uri"),
        "jwks": _jwks(entry.get("jwks", {"keys": []})),
        "sector": _optional_text(entry, "sector") or party.sector,
        "secret_digest": _optional_text(entry, SECRET_DIGEST),
        "ending_secret": _ending(entry.get(ENDING_SECRET)),
        "id_token_signed_response_alg": _optional_text(entry, "id_token_signed_response_alg") or "ES256",
        "id_token_encryption": _encryption(entry.get("id_token_encryption"), "id_token_encryption"),
        "userinfo_signed_response_alg": _optional_text(entry, "userinfo_signed_response_alg"),
        "userinfo_encryption": _encryption(entry.get("userinfo_encryption"), "userinfo_encryption"),
        "introspection_signed_response_alg": _optional_text(entry, "introspection_signed_response_alg"),
        "introspection_encryption": _encryption(entry.get("introspection_encryption"), "introspection_encryption"),
        "grants": frozenset(texts(entry.get("grant_types", [AUTHORIZATION_CODE]), "grant_types")),
        "enabled": flag(entry.get("enabled", True), "oidc_clients.enabled"),
        "environment": party.environment,
    }
    try:
        client = OidcClient(**given)
        _refuse_published(client)
    except (ValueError, TypeError) as refusal:
        sentence = str(refusal) if type(refusal) is ValueError else "a key is not written as a public JWK"
        raise refused(sentence) from refusal
    except TrustError as refusal:
        raise refused(f"{refusal.code}: {refusal.detail}") from refusal
    return client


def _refuse_published(client: OidcClient) -> None:
    """Refuse a client whose private key everybody can have: be it that it signs with it, or that it is told with it."""
    published_test_keys.refuse(client.thumbprints, environment=client.environment, where="`jwks` of a client")


def client_document(client: OidcClient) -> dict[str, Any]:
    """Return ``client`` as JSON values, without any secret and without its digest."""
    return {
        "id": client.id,
        "profile": client.profile.value,
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "backchannel_logout_uri": client.backchannel_logout_uri,
        "jwks": {"keys": [dict(jwk) for jwk in client.jwks]},
        "sector": client.sector,
        "id_token_signed_response_alg": client.id_token_signed_response_alg,
        "id_token_encryption": _encryption_document(client.id_token_encryption),
        "userinfo_signed_response_alg": client.userinfo_signed_response_alg,
        "userinfo_encryption": _encryption_document(client.userinfo_encryption),
        "introspection_signed_response_alg": client.introspection_signed_response_alg,
        "introspection_encryption": _encryption_document(client.introspection_encryption),
        "grant_types": sorted(client.grants),
        "enabled": client.enabled,
    }


def kept_client_document(client: OidcClient) -> dict[str, Any]:
    """Return ``client`` as JSON values for where it is kept: with the digests of its secrets, if it has some."""
    kept = client_document(client)
    if client.secret_digest is not None:
        kept[SECRET_DIGEST] = client.secret_digest
    if client.ending_secret is not None:
        kept[ENDING_SECRET] = ending_document(client.ending_secret)
    return kept


def ending_document(secret: EndingSecret) -> dict[str, Any]:
    """Return what is kept of a secret that ends."""
    return {"digest": secret.digest, "until": written(secret.until)}


def _ending(value: Any) -> EndingSecret | None:
    if value is None:
        return None
    value = members(value, "`ending_secret` of a client", required={"digest", "until"})
    until = instant(value["until"], "ending_secret.until")
    if until is None:
        raise refused("`ending_secret` of a client ends")
    try:
        return EndingSecret(text(value["digest"], "ending_secret.digest"), until)
    except ValueError as refusal:
        raise refused(str(refusal)) from refusal


def needs_secret(entry: Mapping[str, Any]) -> bool:
    """Tell whether the client that ``entry`` describes has nothing yet to authenticate with, and may have a secret."""
    return (
        entry.get("profile") == Profile.OIDC_CODE.value
        and entry.get(SECRET_DIGEST) is None
        and entry.get("jwks") in (None, {"keys": []})
    )


def _id(value: Any) -> str:
    client_id = text(value, "oidc_clients.id")
    if client_id.lower().startswith(OWN):
        raise refused(f"`oidc_clients.id` begins with `{OWN}`, as those of the node itself do")
    return client_id


def _profile(value: Any) -> Profile:
    if not isinstance(value, str) or value not in list(Profile):
        raise refused(f"`profile` of a client is one of {', '.join(Profile)}")
    return Profile(value)


def _optional_text(entry: Mapping[str, Any], name: str) -> str | None:
    value = entry.get(name)
    return None if value is None else text(value, name)


def _jwks(value: Any) -> tuple[Mapping[str, Any], ...]:
    keys = members(value, "`jwks` of a client", required={"keys"})["keys"]
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise refused("`jwks` of a client is a set of public JWKs")
    return tuple(keys)


def _encryption(value: Any, name: str) -> ResponseEncryption | None:
    if value is None:
        return None
    value = members(value, f"`{name}` of a client", required={"alg", "enc"})
    try:
        return ResponseEncryption(text(value["alg"], f"{name}.alg"), text(value["enc"], f"{name}.enc"))
    except ValueError as refusal:
        raise refused(str(refusal)) from refusal


def _encryption_document(encryption: ResponseEncryption | None) -> dict[str, str] | None:
    return None if encryption is None else {"alg": encryption.algorithm, "enc": encryption.encoding}
