"""What a holder may withhold: claims and not the parts of every claim; and what is said of it."""

from typing import Any

import pytest

from idbridge.credential.sd_jwt import SdJwtFault, process
from tests.credential.kit import digest, disclosure

D = disclosure("given_name", "ธนพร")


def with_digests(*texts: str, **claims: Any) -> dict[str, Any]:
    return {"_sd": [digest(text) for text in texts], **claims}


def fault(payload: dict[str, Any], *disclosures: str, **named: Any) -> tuple[str, int]:
    with pytest.raises(SdJwtFault) as caught:
        process(payload, disclosures, **named)
    return caught.value.code, caught.value.rule


@pytest.mark.parametrize(
    "value",
    [with_digests(D), {"entity": with_digests(D)}, {"scope": [{"...": digest(D)}]}, {"a": [[{"b": {"_sd_alg": "x"}}]]}],
)
def test_no_part_of_a_claim_that_is_hidden_as_one_may_be_disclosable(value: Any) -> None:
    hidden = disclosure("represents", value)
    refused = ("sd_jwt.disclosure_forbidden_claim", 13)

    assert fault({"represents": value}, whole="represents") == refused
    assert fault({"represents": value}, D, whole="represents") == refused
    assert fault(with_digests(hidden), hidden, whole="represents") == refused
    assert fault(with_digests(hidden), hidden, D, whole="represents") == refused


def test_a_claim_that_is_hidden_as_one_is_disclosed_withheld_or_in_plain_sight() -> None:
    text = disclosure("represents", {"scope": ["sign"]})

    assert process(with_digests(text), [text], whole="represents").claims == {"represents": {"scope": ["sign"]}}
    assert process(with_digests(text), [], whole="represents").claims == {}
    assert process({"represents": {"a": [1]}}, [], whole="represents").claims == {"represents": {"a": [1]}}


def test_a_claim_of_that_name_further_down_is_another_claim() -> None:
    inner = {"represents": with_digests(D)}
    outer = disclosure("address", inner)

    assert process({"address": inner}, [], whole="represents").claims == {"address": {"represents": {}}}
    assert process(with_digests(outer), [outer], whole="represents").claims == {"address": {"represents": {}}}


def test_it_is_told_whether_a_claim_may_be_hidden() -> None:
    street = disclosure("street", "x")

    assert process(with_digests(D), []).hides
    assert process(with_digests(D, street), [street]).hides
    assert not process(with_digests(D), [D]).hides
    assert not process({"given_name": "x"}, []).hides
    assert not process({"address": with_digests(street)}, []).hides
