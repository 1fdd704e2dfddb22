"""A key set is read only if it is the confirmed file, and only the keys of it that may verify here."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import generate
from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.trust.importers.imported import ImportedList, Offer
from idbridge.trust.importers.jwks import import_jwks
from tests.trust.importers.xml_lists import numbered

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ONE, TWO, RSA = generate("ES256", "one"), generate("Ed25519", "two"), generate("RS256", "three")
KEY = dict(ONE.public_jwk)


def read(octets: bytes, expected: str | None = None) -> ImportedList:
    digest = hashlib.sha256(octets).hexdigest()
    return import_jwks(Offer(octets, "jwks.json", NOON), expected=digest if expected is None else expected)


def spell(*keys: Any, **more: Any) -> bytes:
    return json.dumps({"keys": list(keys), **more}).encode()


def test_another_file_than_the_confirmed_one_is_refused() -> None:
    with pytest.raises(TrustError) as caught:
        read(spell(KEY), "0" * 64)

    assert caught.value.code == "trust.signer_unknown"


@pytest.mark.parametrize("expected", ["", "0" * 63, "g" * 64, "0x" + "0" * 62])
def test_a_digest_that_is_none_is_a_mistake(expected: str) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal"):
        read(spell(KEY), expected)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        spell(),
        b'{"keys": {}}',
        spell("key"),
        b'{"keys": [], "keys": [{"kty": "EC"}]}',
        spell({**KEY, "d": "AAAA"}),
        spell(KEY, {"kty": "oct", "k": "AAAA", "kid": "secret"}),
        spell(KEY, {"kty": "oct"}),
        spell(KEY, {"kty": "AKP", "priv": "AAAA"}),
        spell({"kty": "EC", "crv": "P-256"}),  # nothing that may verify is left
        spell(KEY, {**TWO.public_jwk, "kid": "one"}),
        spell(KEY, {**KEY, "kid": "another"}),
        spell(*[KEY] * (LIMITS.keys_per_service + 1)),
        spell(KEY, padding=" " * LIMITS.fetch_bytes),
    ],
    ids=numbered(),
)
def test_a_set_that_is_ambiguous_empty_or_gives_a_secret_away_is_refused(octets: bytes) -> None:
    with pytest.raises(TrustError) as caught:
        read(octets)

    assert caught.value.code == "trust.profile_violation"


@pytest.mark.parametrize(
    "key",
    [
        {**KEY, "use": "enc"},
        {**KEY, "alg": "ES384"},
        {**KEY, "alg": "ECDH-ES"},
        {**KEY, "key_ops": ["encrypt"]},
        {**KEY, "crv": "secp256k1"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "short"},
        {"kty": "OKP", "crv": "X25519", "x": "AAAA"},
        {"kty": "EC", "crv": "P-256", "x": KEY["x"], "y": KEY["x"]},
        {"kty": 7, "kid": 7},
    ],
)
def test_a_key_that_may_not_verify_here_is_left_out_and_the_rest_stays(key: dict[str, Any]) -> None:
    found = read(spell(key, dict(TWO.public_jwk)))

    assert [jwk["kid"] for jwk in found.services[0].jwks] == ["two"]
    assert found.dropped[0].code.startswith("jose.")


def test_a_set_is_read_as_its_keys_and_nothing_else() -> None:
    unnamed = {name: value for name, value in generate("ES384").public_jwk.items() if name != "kid"}
    octets = spell(
        {**KEY, "x5u": "https://evil.example/", "note": "x"}, dict(TWO.public_jwk), dict(RSA.public_jwk), unnamed
    )

    found = read(octets, hashlib.sha256(octets).hexdigest().upper())

    (service,) = found.services
    assert [jwk.get("kid") for jwk in service.jwks] == ["one", "two", "three", None]
    assert set(service.jwks[0]) == {"kty", "crv", "x", "y", "use", "alg", "kid"}
    assert [jwk.get("alg") for jwk in service.jwks] == ["ES256", "Ed25519", "RS256", "ES384"]
    assert parse_jwk(service.jwks[1]).thumbprint == parse_jwk(TWO.public_jwk).thumbprint
    assert found.provenance.signer is None
    assert found.provenance.octets == hashlib.sha256(octets).hexdigest()
    assert service.granted


def test_a_key_that_names_no_algorithm_is_not_narrowed() -> None:
    free = {name: value for name, value in RSA.public_jwk.items() if name != "alg"}

    (service,) = read(spell(free)).services

    assert "alg" not in service.jwks[0]


def test_as_many_keys_as_are_allowed_are_read_and_not_one_more() -> None:
    keys = [dict(generate("Ed25519").public_jwk) for _ in range(LIMITS.keys_per_service + 1)]

    assert len(read(spell(*keys[1:])).services[0].jwks) == LIMITS.keys_per_service
    with pytest.raises(TrustError) as caught:
        read(spell(*keys))
    assert "keys" in caught.value.detail


def test_a_key_that_is_left_out_is_called_by_its_id_or_its_place() -> None:
    odd = {"kty": "OKP", "crv": "X25519", "x": "AAAA"}

    found = read(spell(odd, {**odd, "kid": ""}, {**odd, "kid": 7}, {**odd, "kid": "mine"}, KEY))

    assert [one.name for one in found.dropped] == ["key 0", "key 1", "key 2", "mine"]


def test_a_key_without_id_gets_none() -> None:
    unnamed = {name: value for name, value in KEY.items() if name != "kid"}

    assert "kid" not in read(spell(unnamed)).services[0].jwks[0]
