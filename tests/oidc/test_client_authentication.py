"""A client proves in exactly one way who it is, and a stranger learns nothing from being refused."""

import base64
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.oidc.client import Profile
from idbridge.oidc.client_assertion import ASSERTION_TYPE
from idbridge.oidc.client_authentication import PresentedClient, authenticate, read_presented_client, unknown_client
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters
from tests.oidc.kit import ISSUER, NOON, client, outcome, plain_client, refused, signed
from tests.oidc.test_client_assertion import claims

SECRET = "a secret of 256 bits, say"
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def presented(*, authorization: str | None = None, **values: str) -> PresentedClient:
    return read_presented_client(
        Parameters.of({name: [value] for name, value in values.items()}), authorization=authorization
    )


def by_assertion(assertion: str | None = None) -> PresentedClient:
    return presented(client_assertion_type=ASSERTION_TYPE, client_assertion=assertion or signed(claims()))


WAYS = {
    "none": {},
    "an id alone": {"client_id": "bank.sg"},
    "secret and assertion": {
        "client_secret": "x",
        "client_assertion": signed(claims()),
        "client_assertion_type": ASSERTION_TYPE,
    },
    "secret twice": {"client_id": "bank.sg", "client_secret": "x", "authorization": basic("bank.sg:x")},
    "assertion without type": {"client_assertion": signed(claims())},
    "type without assertion": {"client_assertion_type": ASSERTION_TYPE, "client_secret": "x"},
    "another type": {
        "client_assertion": signed(claims()),
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
    },
    "secret without id": {"client_secret": "x"},
    "assertion of nobody": {"client_assertion": "e30.e30.AA", "client_assertion_type": ASSERTION_TYPE},
}


@pytest.mark.parametrize("values", WAYS.values(), ids=WAYS.keys())
def test_a_client_that_does_not_authenticate_in_exactly_one_way_is_refused(values: dict[str, str]) -> None:
    assert refused(presented, **values).error == "invalid_client"


HEADER_FIELDS = {
    "bearer": "Bearer abc",
    "no colon": basic("bank.sg"),
    "no secret": basic("bank.sg:"),
    "no id": basic(":secret"),
    "no base64": "Basic !!!!",
    "base64 with a break": "Basic YmFuay5z\nZzp4",
    "no ASCII": "Basic " + base64.b64encode("bänk:x".encode()).decode(),
    "half a character": basic("bank.sg:%ff"),
    "empty": "Basic ",
    "too long": "Basic " + "A" * 40_000,
}


@pytest.mark.parametrize("authorization", HEADER_FIELDS.values(), ids=HEADER_FIELDS.keys())
def test_a_header_field_that_is_no_id_and_secret_is_refused(authorization: str) -> None:
    found = refused(presented, authorization=authorization)

    assert (found.error, found.status) == ("invalid_client", 401)
    assert found.headers["WWW-Authenticate"].startswith("Basic")


def test_a_request_that_names_two_clients_is_refused() -> None:
    values = {"client_assertion": signed(claims()), "client_assertion_type": ASSERTION_TYPE, "client_id": "other"}

    assert refused(presented, **values).error == "invalid_request"
    assert refused(presented, authorization=basic("bank.sg:x"), client_id="other").error == "invalid_request"


def secret(value: str, **changes: Any) -> Any:
    registered = plain_client(**{"secret_digest": DIGEST, **changes})
    return authenticate(presented(client_id="bank.sg", client_secret=value), registered, issuer=ISSUER, at=NOON)


def test_a_wrong_secret_an_unknown_client_and_one_that_is_switched_off_get_one_answer() -> None:
    strangers: list[OAuthError] = [
        refused(secret, "wrong"),
        refused(secret, SECRET, enabled=False),
        refused(secret, SECRET, id="other"),
        refused(authenticate, presented(client_id="x", client_secret=SECRET), None, issuer=ISSUER, at=NOON),
        refused(authenticate, by_assertion(), None, issuer=ISSUER, at=NOON),
        refused(authenticate, presented(client_id="bank.sg", client_secret=SECRET), client(), issuer=ISSUER, at=NOON),
        refused(authenticate, by_assertion(), plain_client(secret_digest=DIGEST), issuer=ISSUER, at=NOON),
    ]

    assert {one.description for one in strangers} == {unknown_client().description}
    assert {one.code for one in strangers} == {"policy.unauthenticated"}


def test_the_digest_of_nobody_is_the_secret_of_nobody() -> None:
    empty = PresentedClient("bank.sg", secret="")
    of_nothing = plain_client(secret_digest=hashlib.sha256(b"").hexdigest())

    assert refused(authenticate, PresentedClient("bank.sg"), of_nothing, issuer=ISSUER, at=NOON).status == 401
    assert refused(authenticate, empty, None, issuer=ISSUER, at=NOON).error == "invalid_client"
    assert refused(authenticate, PresentedClient("bank.sg"), plain_client(), issuer=ISSUER, at=NOON).status == 401


def test_an_assertion_is_judged_by_the_registered_client() -> None:
    changed = signed(claims(aud="https://other.example"))

    assert (
        refused(authenticate, by_assertion(changed), client(), issuer=ISSUER, at=NOON).code == "oidc.audience_mismatch"
    )
    assert authenticate(by_assertion(), client(), issuer=ISSUER, at=NOON) is not None
    assert authenticate(by_assertion(), client(profile=Profile.OIDC_CODE), issuer=ISSUER, at=NOON) is not None


def test_the_registered_secret_authenticates_in_the_body_and_in_the_header_field() -> None:
    quoted = basic("bank.sg:a+secret+of+256%20bits%2C%20say")

    assert secret(SECRET) is None
    assert (
        authenticate(presented(authorization=quoted), plain_client(secret_digest=DIGEST), issuer=ISSUER, at=NOON)
        is None
    )


def test_no_secret_and_no_assertion_is_in_a_repr() -> None:
    assert SECRET not in repr(presented(client_id="bank.sg", client_secret=SECRET))
    assert "eyJ" not in repr(by_assertion())


@given(st.text(max_size=60))
def test_no_header_field_makes_the_reader_stumble(text: str) -> None:
    found = outcome(presented, authorization=f"Basic {text}")

    assert found.error == "invalid_client" if isinstance(found, OAuthError) else found.client_id and found.secret
