"""A login provider as the lists name it now: who may be sent where, and which keys speak for it beside an ID token."""

from datetime import timedelta
from typing import Any

import pytest

from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import Refusal, TrustError
from idbridge.model.region import ServiceType
from idbridge.model.trust import NO_POLLED_KEYS, PolledKeys
from idbridge.oidc.upstream_listed import ListedLogin, keys_of, listed_login
from idbridge.trust.deny_entry import STATE_TARGET, key_target, service_target
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from tests.trust.denying import denial
from tests.trust.editions import (
    DAY,
    LOGIN,
    LOGIN_KEY,
    NOON,
    OTHER_KEY,
    SG,
    attestation,
    edition,
    service,
    statuses,
    trusted,
)
from tests.trust.test_denials import denying

JWKS = "https://login.sg.example/jwks"
FETCHED = generate("ES256", "fetched")
WITHDRAWN = statuses(("granted", "2026-01-01"), ("withdrawn", "2026-11-01"))


def held(*services: Any, tier: str = "T2", **changes: Any) -> TrustSnapshot:
    return snapshot_of(trusted(edition(1, *services, tier=tier, **changes)))


def login(snapshot: TrustSnapshot, issuer: str = LOGIN) -> ListedLogin:
    return listed_login(snapshot, issuer, at=NOON)


def code_of(snapshot: TrustSnapshot, issuer: str = LOGIN) -> str:
    with pytest.raises(Refusal) as caught:
        login(snapshot, issuer)
    return caught.value.code


def names(snapshot: TrustSnapshot, *fetched: FileSigner, until: timedelta = DAY) -> list[str | None]:
    """The ids of the keys that may speak for the provider."""
    polled = {(SG, JWKS): PolledKeys(tuple(parse_jwk(one.public_jwk) for one in fetched), NOON + until, "0" * 64)}
    return [key.kid for key in keys_of(login(snapshot), snapshot, polled if fetched else NO_POLLED_KEYS, at=NOON)]


@pytest.mark.parametrize(
    ("history", "code"),
    [
        (WITHDRAWN, "issuer.withdrawn"),
        (statuses(("granted", "2026-01-01"), ("compromised", "2026-11-01")), "issuer.compromised"),
        (statuses(("granted", "2026-01-01"), ("superseded", "2026-11-01")), "issuer.superseded"),
        (statuses(("granted", "2026-12-01")), "issuer.not_yet_granted"),
    ],
)
def test_nobody_is_sent_to_a_service_that_is_not_granted(history: Any, code: str) -> None:
    assert code_of(held(service(status=history))) == code
    other = service("second", keys=(OTHER_KEY,))
    assert len(login(held(service(status=history), other)).services) == 1


@pytest.mark.parametrize("tier", ["T0", "T1", "observer"])
def test_nobody_is_sent_to_a_state_that_is_not_ready_for_logins(tier: str) -> None:
    assert code_of(held(service(), tier=tier)) == "issuer.service_not_listed"


def test_nobody_is_sent_to_an_issuer_that_is_unknown_or_listed_for_something_else() -> None:
    assert code_of(held(service()), "https://login.elsewhere.example") == "issuer.unknown"
    assert code_of(held(service()), f"{LOGIN}/") == "issuer.unknown"
    assert code_of(held(attestation()), "https://pid.sg.example") == "issuer.service_not_listed"


@pytest.mark.parametrize("target", [STATE_TARGET, service_target(LOGIN, ServiceType.LOGIN)])
def test_nobody_is_sent_to_what_is_denied(target: Any) -> None:
    snapshot = snapshot_of(denying(trusted(edition(1, service())), denial(target=target)))

    assert code_of(snapshot) == "issuer.denied"


def test_nobody_is_sent_by_a_list_that_is_out_of_date() -> None:
    with pytest.raises(TrustError) as caught:
        listed_login(held(service()), LOGIN, at=NOON + 40 * DAY)

    assert caught.value.code == "trust.stale"


def test_a_key_that_is_denied_or_ended_elsewhere_speaks_for_nobody() -> None:
    two = edition(1, service(keys=(LOGIN_KEY, OTHER_KEY)))
    denied = snapshot_of(denying(trusted(two), denial(target=key_target(parse_jwk(OTHER_KEY.public_jwk).thumbprint))))
    assert names(denied) == [LOGIN_KEY.kid]

    ended = held(service(keys=(LOGIN_KEY, OTHER_KEY)), attestation(keys=(OTHER_KEY,), status=WITHDRAWN))
    assert names(ended) == [LOGIN_KEY.kid]


def test_fetched_keys_come_after_listed_ones_where_the_list_names_their_set_and_for_as_long() -> None:
    named = held(service(key_set=JWKS))

    assert names(named, FETCHED) == [LOGIN_KEY.kid, "fetched"]
    assert names(named, FETCHED, until=timedelta(0)) == [LOGIN_KEY.kid]
    assert names(held(service()), FETCHED) == [LOGIN_KEY.kid]


def test_a_fetched_key_that_its_state_ended_elsewhere_speaks_for_nobody() -> None:
    ended = held(service(key_set=JWKS), attestation(keys=(FETCHED,), status=WITHDRAWN))

    assert names(ended, FETCHED) == [LOGIN_KEY.kid]


@pytest.mark.parametrize(("tier", "fapi"), [("T2", False), ("T3", True), ("T4", True)])
def test_the_tier_of_the_state_says_what_is_spoken(tier: str, fapi: bool) -> None:
    found = login(held(service(key_set=JWKS, algorithms=["ES256", "ES384"]), tier=tier))

    assert found.fapi is fapi
    assert found.algorithms == {"ES256", "ES384"}
    assert found.key_sets == {JWKS}
    assert found.state is SG
