"""ID tokens across a rotation of the node's key: others know each key before it signs, and long enough after."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.trust import key_folder
from tests.gateway.providing import LOGGED_OUT, Bank, bank_at, error_of
from tests.gateway.rotating import Rotating, look, published, with_one_key
from tests.gateway.test_logout import asked, out

Keys = dict[str, Any]


@pytest.fixture
def rotating(tmp_path: Path) -> Rotating:
    return with_one_key(tmp_path, state=MemberState.TH, service="th-node")[0]


@pytest.fixture
def bank(rotating: Rotating) -> Bank:
    return bank_at(rotating.node())


def key_set(bank: Bank) -> Keys:
    """The key set as a client fetches it, by name."""
    response = bank.node.send("GET", "/.well-known/jwks.json")
    assert response.headers["cache-control"].startswith("public, max-age=")
    return {key["kid"]: key for key in response.json()["keys"]}


def id_token(bank: Bank) -> str:
    return str(bank.redeem(bank.code()).json()["id_token"])


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def verified(token: str, keys: Keys) -> dict[str, Any]:
    """The claims of a token by a copy of the key set that a client holds."""
    options: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    found: dict[str, Any] = jwt.decode(
        token, jwt.PyJWK(keys[kid_of(token)]).key, algorithms=["ES256"], audience="bank", options=options
    )
    return found


def test_a_key_that_waits_signs_no_id_token(rotating: Rotating, bank: Bank) -> None:
    first = kid_of(id_token(bank))
    waiting = rotating.key()
    rotating.list_keys(*_listed(rotating))
    look(bank.node)

    assert waiting.kid in published(bank.node)
    assert kid_of(id_token(bank)) == first != waiting.kid


def _listed(rotating: Rotating) -> tuple[Any, ...]:
    return key_folder.read(rotating.folder).ring.keys


def test_an_id_token_is_never_signed_with_a_key_that_a_client_could_not_know(rotating: Rotating, bank: Bank) -> None:
    before = id_token(bank)
    new = rotating.key()
    rotating.list_keys(*_listed(rotating))
    look(bank.node)
    copy = key_set(bank)  # a client fetched it once the key was published, and keeps it
    bank.node.clock.turn(seconds=LIMITS.key_publication_lead.total_seconds())
    rotating.rotate()
    look(bank.node)
    after = id_token(bank)

    assert LIMITS.key_publication_lead >= 2 * LIMITS.metadata_max_age
    assert kid_of(after) == new.kid != kid_of(before)
    assert verified(after, copy)["aud"] == "bank"


def test_an_id_token_from_before_the_rotation_still_verifies_after_it(rotating: Rotating, bank: Bank) -> None:
    before = id_token(bank)
    rotating.key()
    rotating.list_keys(*_listed(rotating))
    look(bank.node)
    bank.node.clock.turn(seconds=LIMITS.key_publication_lead.total_seconds())
    before_last = id_token(bank)
    rotating.rotate()
    look(bank.node)

    for token in (before, before_last):
        assert verified(token, key_set(bank))["iss"] == bank.issuer


def test_a_token_that_is_older_than_any_published_key_still_ends_its_login(rotating: Rotating, bank: Bank) -> None:
    """The hint of a logout may be signed with a key that nobody else needs any more."""
    before = id_token(bank)
    new = rotating.key()
    rotating.list_keys(*_listed(rotating))
    look(bank.node)
    bank.node.clock.turn(seconds=LIMITS.key_publication_lead.total_seconds())
    rotating.rotate()
    rotating.list_keys(new)
    look(bank.node)
    bank.node.clock.turn(seconds=(LIMITS.assertion_lifetime + LIMITS.clock_leeway_max).total_seconds() + 1)
    look(bank.node)

    assert kid_of(before) not in published(bank.node)
    assert asked(bank, **out(before)).headers["location"] == f"{LOGGED_OUT}?state=state-1"


def test_a_key_that_the_list_withdraws_signs_no_id_token(rotating: Rotating, bank: Bank) -> None:
    code = bank.code()
    other = rotating.key(at=bank.node.clock.now() - timedelta(days=2))
    rotating.list_keys(other)
    look(bank.node)

    assert error_of(bank.redeem(code)) == ("invalid_grant", "policy.assertion_not_available")
