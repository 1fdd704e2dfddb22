"""A token that names no key, of which this node found out at a login of its own which listed key did sign it."""

from dataclasses import fields
from datetime import datetime, timedelta

import pytest

from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import IdBridgeError
from idbridge.model.request import VerifyRequest
from idbridge.trust.resolver import KeyResolver, ResolvedKey
from idbridge_gateway.api.request import MEMBERS
from tests.trust.editions import LOGIN_KEY, NOON, OTHER_KEY, service, statuses
from tests.trust.test_polled import JWKS, NEW, UNTIL, over
from tests.trust.test_resolver import resolver, unverified

STRANGER = generate("ES256", "stranger")
TWO = service(keys=(LOGIN_KEY, OTHER_KEY))


def print_of(signer: FileSigner) -> str:
    return parse_jwk(signer.public_jwk).thumbprint


def found(keys: KeyResolver, signer: FileSigner, *, kid: str | None = None, at: datetime = NOON) -> ResolvedKey:
    return keys.resolve(unverified=unverified(kid=kid), credential_type=None, at=at, signer=print_of(signer))


def code_of(keys: KeyResolver, signer: FileSigner, *, kid: str | None = None, at: datetime = NOON) -> str:
    with pytest.raises(IdBridgeError) as caught:
        found(keys, signer, kid=kid, at=at)
    return caught.value.code


def test_a_key_that_nobody_lists_is_not_taken_for_one() -> None:
    assert code_of(resolver(TWO), STRANGER) == "jose.kid_missing"
    assert code_of(resolver(service()), STRANGER) == "jose.kid_missing"
    assert code_of(over(), STRANGER) == "jose.kid_missing"


def test_a_key_of_another_algorithm_is_not_taken() -> None:
    assert code_of(resolver(TWO), generate("ES384")) == "jose.kid_missing"


def test_a_key_that_is_named_counts_by_its_name_alone() -> None:
    assert found(resolver(TWO), OTHER_KEY, kid="login-1").key.thumbprint == print_of(LOGIN_KEY)
    assert code_of(resolver(TWO), LOGIN_KEY, kid="unknown") == "jose.kid_unknown"


def test_what_was_found_for_one_signer_answers_for_no_other() -> None:
    keys = resolver(TWO)

    for signer in (LOGIN_KEY, OTHER_KEY, LOGIN_KEY):
        assert found(keys, signer).key.thumbprint == print_of(signer)
    with pytest.raises(IdBridgeError):
        keys.resolve(unverified=unverified(kid=None), credential_type=None, at=NOON)


def test_a_fetched_key_counts_so_as_long_as_its_set_does_and_as_its_service() -> None:
    keys = over(service(keys=(LOGIN_KEY, OTHER_KEY), key_set=JWKS))

    assert found(keys, NEW).key.thumbprint == print_of(NEW)
    assert found(keys, NEW, at=UNTIL - timedelta(seconds=1)).until == UNTIL
    assert code_of(keys, NEW, at=UNTIL) == "jose.kid_missing"
    ended = statuses(("granted", "2026-01-01"), ("withdrawn", "2026-11-01"))
    assert code_of(over(service(key_set=JWKS, status=ended)), NEW) == "issuer.withdrawn"


def test_no_request_can_name_a_signer() -> None:
    assert "signer" in {field.name for field in fields(VerifyRequest)}
    assert "signer" not in MEMBERS
