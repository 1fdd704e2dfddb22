"""Registrations of fictional businesses, as documents and as values."""

from typing import Any, Final

from idbridge.crypto.signer import generate
from idbridge.model.region import Environment
from idbridge_gateway.registry.form import read_registration
from idbridge_gateway.registry.record import Registration

SIGNING: Final = {**generate("ES256", kid="bakery-1").public_jwk, "use": "sig"}
ENCRYPTING: Final = {**generate("ES256", kid="bakery-2").public_jwk, "use": "enc"}
ENCRYPTING.pop("alg", None)
DIGEST: Final = "5" * 64
CLIENT: Final[dict[str, Any]] = {
    "id": "bakery-web",
    "profile": "fapi2",
    "redirect_uris": ["https://bakery.th.example/callback"],
    "post_logout_redirect_uris": ["https://bakery.th.example/bye"],
    "backchannel_logout_uri": "https://bakery.th.example/logout",
    "jwks": {"keys": [SIGNING, ENCRYPTING]},
    "id_token_encryption": {"alg": "ECDH-ES+A256KW", "enc": "A256GCM"},
}
SECRET_CLIENT: Final[dict[str, Any]] = {
    "id": "bakery-till",
    "profile": "oidc-code",
    "redirect_uris": ["https://bakery.th.example/till"],
    "secret_digest": DIGEST,
}
NEEDY: Final = {name: value for name, value in SECRET_CLIENT.items() if name != "secret_digest"}
LEAST: Final[dict[str, Any]] = {
    "id": "bakery",
    "name": "Sample River Bakery",
    "state": "TH",
    "sector": "retail",
    "purposes": ["age-check"],
}
WHOLE: Final[dict[str, Any]] = {
    **LEAST,
    "claims": ["age_over_20"],
    "audiences": ["https://bakery.th.example"],
    "clients": {"https://login.sg.example": ["bakery-at-sg"]},
    "minimum_level": "A1",
    "enabled": True,
    "policy_version": 2,
    "oidc_clients": [CLIENT, SECRET_CLIENT],
    "limits": {"per_minute": 600, "burst": 20},
    "webhook": "https://bakery.th.example/hook",
    "contact": "Sample River Bakery, 1 Sample Road, Bangkok",
    "withdrawal": "mailto:privacy@bakery.th.example",
    "signs_in_as": {"scheme": "TH-DBD", "value": "0105599000011"},
}
# The same as somebody asks for it: the secret is made by who keeps it.
ASKED: Final[dict[str, Any]] = {**WHOLE, "oidc_clients": [CLIENT, NEEDY]}


def without(document: dict[str, Any], name: str) -> dict[str, Any]:
    return {member: value for member, value in document.items() if member != name}


def registration(document: Any = None, *, environment: Environment = Environment.SANDBOX, **more: Any) -> Registration:
    """The registration that ``document`` describes, with some of its members changed."""
    return read_registration({**(document or WHOLE), **more}, environment=environment)
