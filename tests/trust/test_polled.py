"""Keys that a login service published itself: after listed ones, by `kid` alone, and under the fate of the service."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import IdBridgeError
from idbridge.model.region import Format
from idbridge.model.trust import PolledKeys
from idbridge.trust.resolver import KeyResolver
from idbridge.trust.snapshot import snapshot_of
from tests.trust.editions import (
    DAY,
    HOUR,
    LOGIN_KEY,
    NOON,
    OTHER_KEY,
    SG,
    TH,
    attestation,
    edition,
    service,
    statuses,
    trusted,
)
from tests.trust.test_resolver import resolved, unverified

JWKS = "https://login.sg.example/jwks"
NEW = generate("ES256", "new")
SAME_NAME = generate("ES256", "login-1")
UNTIL = NOON + DAY


def over(*services: dict[str, Any], keys: tuple[FileSigner, ...] = (NEW,), place: Any = (SG, JWKS)) -> KeyResolver:
    """A resolver over one list of Singapore and one fetched key set."""
    polled = {place: PolledKeys(tuple(parse_jwk(one.public_jwk) for one in keys), UNTIL, "0" * 64)}
    listed = services or (service(key_set=JWKS),)
    return KeyResolver(snapshot_of(trusted(edition(1, *listed))), polled=polled)


def code_of(resolver: KeyResolver, kid: str | None = "new", **how: Any) -> str:
    with pytest.raises(IdBridgeError) as caught:
        resolved(resolver, unverified(kid=kid), **how)
    return caught.value.code


def test_a_fetched_key_counts_until_its_set_is_too_old_and_an_answer_is_not_kept_longer() -> None:
    resolver = over()

    found = resolved(resolver, unverified(kid="new"))

    assert (found.key.thumbprint, found.until) == (parse_jwk(NEW.public_jwk).thumbprint, UNTIL)
    assert resolved(resolver, unverified(kid="new"), at=UNTIL - timedelta(seconds=1)).key == found.key
    assert code_of(resolver, at=UNTIL) == "jose.kid_unknown"


@pytest.mark.parametrize(
    "resolver",
    [
        over(service()),
        over(place=(TH, JWKS)),
        over(place=(SG, f"{JWKS}/")),
        over(keys=()),
        over(keys=(OTHER_KEY,)),
        over(attestation()),
    ],
)
def test_a_key_that_no_set_of_the_service_holds_is_unknown(resolver: KeyResolver) -> None:
    assert code_of(resolver) in ("jose.kid_unknown", "issuer.unknown")


def test_the_listed_key_comes_first_whatever_a_set_calls_by_its_name() -> None:
    found = resolved(over(keys=(SAME_NAME, NEW)), unverified(kid="login-1"))

    assert found.key.thumbprint == parse_jwk(LOGIN_KEY.public_jwk).thumbprint


def test_without_a_key_id_only_listed_keys_count() -> None:
    two = service(keys=(LOGIN_KEY, OTHER_KEY), key_set=JWKS)

    assert code_of(over(two), None) == "jose.kid_missing"
    assert resolved(over(), unverified(kid=None)).key.thumbprint == parse_jwk(LOGIN_KEY.public_jwk).thumbprint


@pytest.mark.parametrize(
    ("history", "code"),
    [
        (statuses(("granted", "2026-01-01"), ("withdrawn", "2026-11-01")), "issuer.withdrawn"),
        (statuses(("granted", "2026-01-01"), ("compromised", "2026-11-01")), "issuer.compromised"),
        (statuses(("granted", "2026-12-01")), "issuer.not_yet_granted"),
    ],
)
def test_a_fetched_key_shares_the_fate_of_its_service(history: list[dict[str, Any]], code: str) -> None:
    assert code_of(over(service(key_set=JWKS, status=history))) == code


def test_a_fetched_key_that_the_state_lists_as_ended_elsewhere_has_ended() -> None:
    ended = statuses(("granted", "2026-01-01"), ("compromised", "2026-11-01"))
    pid = attestation(keys=(NEW,), status=ended)

    assert code_of(over(service(key_set=JWKS), pid)) == "issuer.compromised"


def test_two_services_whose_sets_call_different_keys_by_one_name_leave_it_open() -> None:
    sets = {(SG, f"{JWKS}/{number}"): key for number, key in enumerate((NEW, generate("ES256", "new")))}
    polled: Mapping[Any, PolledKeys] = {
        place: PolledKeys((parse_jwk(key.public_jwk),), UNTIL, "0" * 64) for place, key in sets.items()
    }
    services = [service("a", key_set=f"{JWKS}/0"), service("b", keys=(OTHER_KEY,), key_set=f"{JWKS}/1")]
    resolver = KeyResolver(snapshot_of(trusted(edition(1, *services))), polled=polled)

    assert code_of(resolver) == "jose.kid_unknown"


def test_a_format_that_the_service_is_not_listed_for_finds_no_key() -> None:
    with pytest.raises(IdBridgeError) as caught:
        resolved(over(), unverified(kid="new", form=Format.SD_JWT_VC), vct="urn:x", at=NOON + HOUR)

    assert caught.value.code == "issuer.service_not_listed"
