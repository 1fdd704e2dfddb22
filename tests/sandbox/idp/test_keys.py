"""A new key of a provider: published first, used later, and good for whoever looked at the list in between."""

from pathlib import Path

import pytest

from idbridge.crypto.signer import FileSigner
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.reasons import Indication
from idbridge.sandbox.idp.keys import with_key
from idbridge.sandbox.region import Region
from tests.sandbox.idp.kit import Visit, document, error_of, visit
from tests.sandbox.regions import NOON, region


class Operator:
    """The operator of Singapore's list, who lists what a provider tells them."""

    def __init__(self) -> None:
        self.region: Region = region()

    def list_key(self, service: str, signer: FileSigner) -> None:
        self.region = with_key(self.region, service, signer).reissued(MemberState.SG, at=NOON)


def step(at_provider: Visit, name: str) -> dict[str, str]:
    answer = at_provider.send("POST", f"/sandbox/keys/{name}", host="127.0.0.1")
    assert answer.status == 200, answer.body
    return document(answer)


def kids(at_provider: Visit) -> list[str]:
    return [key["kid"] for key in document(at_provider.send("GET", "/jwks"))["keys"]]


def test_a_key_that_was_not_published_is_not_used() -> None:
    at_provider = visit()

    assert error_of(at_provider.send("POST", "/sandbox/keys/use", host="127.0.0.1")) == "invalid_request"


def test_one_new_key_waits_at_a_time() -> None:
    at_provider = visit()
    step(at_provider, "publish")

    assert error_of(at_provider.send("POST", "/sandbox/keys/publish", host="127.0.0.1")) == "invalid_request"


def test_a_provider_has_so_many_keys_and_no_more() -> None:
    at_provider = visit()
    for _ in range(LIMITS.keys_per_service - len(kids(at_provider))):
        step(at_provider, "publish")
        step(at_provider, "use")

    assert error_of(at_provider.send("POST", "/sandbox/keys/publish", host="127.0.0.1")) == "invalid_request"


@pytest.mark.parametrize("service", ["sg-login", "sg-corporate-login"])
def test_logins_go_on_over_both_steps_for_whoever_follows_the_list(service: str) -> None:
    operator = Operator()
    at_provider = visit(service, list_key=operator.list_key)
    before = at_provider.tokens()

    published = step(at_provider, "publish")["published"]
    between = at_provider.tokens()
    used = step(at_provider, "use")["in_use"]
    after = at_provider.tokens()

    assert published == used
    assert published in kids(at_provider)
    for tokens in (before, between, after):
        assert at_provider.judged(tokens, region_now=operator.region).indication is Indication.PASSED
    late = at_provider.judged(after)
    assert late.reason is not None
    assert late.reason.code == "jose.kid_unknown"


def test_a_region_is_kept_with_its_new_key(tmp_path: Path) -> None:
    operator = Operator()
    at_provider = visit(list_key=operator.list_key)
    step(at_provider, "publish")
    operator.region.save(tmp_path)

    assert Region.load(tmp_path).keys.services["sg-login"] == operator.region.keys.services["sg-login"]
    assert len(operator.region.keys.services["sg-login"].signers) == len(kids(at_provider))


def test_a_private_key_is_never_published() -> None:
    at_provider = visit()
    step(at_provider, "publish")

    assert all("d" not in key for key in document(at_provider.send("GET", "/jwks"))["keys"])
