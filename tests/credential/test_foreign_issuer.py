"""Presentations that another project's issuer and wallet made: PyPI `sd-jwt`, the reference implementation."""

from typing import Any

import pytest
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer

from idbridge.crypto.signer import FileSigner
from idbridge.model.credential import HolderMethod
from tests.credential.kit import (
    AUDIENCE,
    ISSUER,
    NONCE,
    NOW,
    PERSON,
    VCT,
    YEAR,
    bare_jwk,
    code,
    disclosure,
    signer,
    verify,
)


def private(by: FileSigner) -> JWK:
    return JWK.from_pem(by.pem().encode())


def issued(*, decoys: bool = True) -> str:
    """A credential with a flat part, a structured one and an array, everything of the person disclosable."""
    claims: dict[Any, Any] = {
        "iss": ISSUER,
        "vct": VCT,
        "iat": NOW - 100,
        "exp": NOW + YEAR,
        "acr": "3",
        **{SDObj(name): value for name, value in PERSON.items() if name not in ("address", "nationality")},
        SDObj("address"): {SDObj("street_address"): "99/1 ถนนตัวอย่าง", SDObj("country"): "TH"},
        "nationality": [SDObj("TH"), SDObj("LA")],
    }
    return str(
        SDJWTIssuer(
            claims,
            private(signer()),
            JWK(**bare_jwk()),
            sign_alg="ES256",
            add_decoy_claims=decoys,
            extra_header_parameters={"kid": signer().kid},
        ).sd_jwt_issuance
    )


def presented(credential: str, shown: Any, *, nonce: str = NONCE, audience: str = AUDIENCE) -> str:
    holder = SDJWTHolder(credential)
    holder.create_presentation(shown, nonce, audience, private(signer("holder")), sign_alg="ES256")
    text = holder.sd_jwt_presentation
    return str(text)


@pytest.fixture(autouse=True)
def _foreign_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the foreign issuer use the present type, and the foreign wallet's clock stand at the instant of the tests."""
    monkeypatch.setattr("sd_jwt.issuer.SDJWTIssuer.SD_JWT_HEADER", "dc+sd-jwt")
    monkeypatch.setattr("sd_jwt.holder.time", lambda: NOW - 5)


@pytest.mark.parametrize("decoys", [True, False])
def test_a_foreign_presentation_is_read_as_it_was_meant(decoys: bool) -> None:
    names = {"given_name": True, "family_name": True}
    shown = {**names, "birthdate": True, "address": {"country": True}, "nationality": [True, False]}

    credential = verify(presented(issued(decoys=decoys), shown))

    assert credential.holder.method is HolderMethod.KB_JWT
    assert dict(credential.claims) == {
        "birthdate": PERSON["birthdate"],
        "address": {"country": "TH"},
        "nationality": ["TH"],
    }
    assert credential.name is not None
    assert credential.name.native == f"{PERSON['given_name']} {PERSON['family_name']}"


@pytest.mark.parametrize("part", ["given_name", "family_name"])
def test_one_part_of_a_foreign_name_is_no_name(part: str) -> None:
    assert verify(presented(issued(decoys=False), {part: True, "birthdate": True})).name is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"nonce": "another"}, "holder.nonce_mismatch"), ({"audience": "another"}, "holder.audience_mismatch")],
)
def test_a_foreign_presentation_for_somebody_else_is_refused(changes: dict[str, str], expected: str) -> None:
    assert code(presented(issued(), {"birthdate": True}, **changes)) == expected


def test_a_foreign_presentation_with_one_value_changed_is_refused() -> None:
    parts = presented(issued(), {"birthdate": True}).split("~")
    forged = disclosure("birthdate", "2001-01-01")

    assert code("~".join((parts[0], forged, *parts[2:]))) == "sd_jwt.disclosure_unreferenced"
    assert code("~".join(parts)) is None
