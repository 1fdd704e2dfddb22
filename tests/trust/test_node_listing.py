"""Which keys a list grants to a node: those of an assertion service, for their algorithm, in a period that grants."""

from datetime import datetime, timedelta
from functools import cache

import pytest

from idbridge.crypto.keys import thumbprint
from idbridge.sandbox.region import Region
from idbridge.trust.node_listing import grants
from tests.gateway.clocks import NOON


@cache
def the_region() -> Region:
    return Region.generate(at=NOON)


def granted(region: Region, service: str, *, algorithm: str = "ES256", at: datetime = NOON) -> list[str]:
    """For which issuers the key of a service may make assertions."""
    own = thumbprint(region.signer(service).public_jwk)
    return [grant.service.issuer for grant in grants(region.snapshot(at=at), own, algorithm=algorithm, at=at)]


def test_the_key_of_another_kind_of_service_makes_no_assertions() -> None:
    assert granted(the_region(), "sg-login") == []


def test_a_key_is_not_granted_for_another_algorithm() -> None:
    assert granted(the_region(), "sg-node", algorithm="ES384") == []


def test_a_key_that_no_list_names_is_not_granted() -> None:
    assert list(grants(the_region().snapshot(at=NOON), "A" * 43, algorithm="ES256", at=NOON)) == []


@pytest.mark.parametrize("status", ["superseded", "withdrawn", "compromised"])
def test_a_key_is_granted_until_the_instant_at_which_its_service_ends(status: str) -> None:
    end = NOON + timedelta(hours=1)
    region = the_region().with_status("sg-node", status, at=end)

    assert granted(region, "sg-node", at=end - timedelta(seconds=1)) == ["https://sandbox.node.sg.example"]
    assert granted(region, "sg-node", at=end) == []
