"""Disclosures in arrays (RFC 9901, sections 4.2.4.2 and 7.1): at any depth, each in its own place and in no other."""

from typing import Any

import pytest

from idbridge.credential.sd_jwt import SdJwtFault, process
from idbridge.model.query import ArrayWithGaps
from tests.credential.kit import digest, disclosure

SG, MY, TH = (disclosure(code) for code in ("SG", "MY", "TH"))


def hidden(text: str) -> dict[str, str]:
    return {"...": digest(text)}


def fault(payload: dict[str, Any], *disclosures: str) -> str:
    with pytest.raises(SdJwtFault) as caught:
        process(payload, disclosures)
    return caught.value.code


def claims(payload: dict[str, Any], *disclosures: str) -> Any:
    return process(payload, disclosures).claims


def test_an_element_that_stands_in_two_arrays_is_refused() -> None:
    assert fault({"a": [hidden(SG)], "b": [[hidden(SG)]]}, SG) == "sd_jwt.digest_duplicate"


def test_an_element_that_only_a_withheld_element_would_place_is_refused() -> None:
    row = disclosure([hidden(SG)])

    assert fault({"rows": [hidden(row)]}, SG) == "sd_jwt.disclosure_unreferenced"


def test_a_disclosure_of_a_member_has_no_place_in_an_array_within_an_array() -> None:
    named = disclosure("country", "SG")

    assert fault({"rows": [[hidden(named)]]}, named) == "sd_jwt.disclosure_arity"


def test_a_placeholder_with_company_is_refused_at_any_depth() -> None:
    assert fault({"rows": [[{**hidden(SG), "code": "MY"}]]}, SG) == "sd_jwt.disclosure_malformed"


def test_an_array_within_an_array_is_disclosed_element_by_element() -> None:
    payload = {"rows": [["BN", hidden(SG)], [hidden(MY), hidden(TH)]]}

    assert claims(payload, TH, SG, MY) == {"rows": [["BN", "SG"], ["MY", "TH"]]}
    assert claims(payload, MY) == {"rows": [["BN"], ["MY"]]}


def test_an_element_may_itself_be_an_array_or_object_with_hidden_parts() -> None:
    name = disclosure("code", "SG")
    row = disclosure([hidden(MY), "BN", {"_sd": [digest(name)]}])

    assert claims({"rows": [hidden(row)]}, row, name, MY) == {"rows": [["MY", "BN", {"code": "SG"}]]}
    assert claims({"rows": [hidden(row)]}, row) == {"rows": [["BN", {}]]}
    assert claims({"rows": [hidden(row)]}) == {"rows": []}


def test_decoys_among_elements_leave_no_trace() -> None:
    decoy = {"...": "A" * 43}

    assert claims({"codes": [decoy, hidden(SG), decoy | {"...": "B" * 43}]}, SG) == {"codes": ["SG"]}


def test_what_is_left_of_an_array_knows_where_it_stood() -> None:
    found = claims({"codes": ["BN", hidden(SG), hidden(MY), hidden(TH)], "all": [hidden(disclosure("x"))]}, MY)

    assert type(found["codes"]) is ArrayWithGaps
    assert found["codes"].indices == (0, 2)
    assert found["all"].indices == ()
    assert type(claims({"codes": ["BN", hidden(SG)]}, SG)["codes"]) is list
