"""Several entries of ``verified_claims`` in one request: each is answered for itself, and in both places the same."""

import json
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.gateway.providing import Bank, bank_in
from tests.gateway.test_resources import shown

NAME: dict[str, Any] = {"verification": {"trust_framework": None}, "claims": {"name": None}}
BIRTHDATE: dict[str, Any] = {
    "verification": {"trust_framework": None, "assurance_level": None},
    "claims": {"birthdate": None},
}
ADDRESS: dict[str, Any] = {"verification": {"trust_framework": {"value": "another"}}, "claims": {"address": None}}


def both(bank: Bank, *entries: dict[str, Any]) -> tuple[Any, Any]:
    """What ID token and userinfo response say under ``verified_claims`` when ``entries`` were asked for in both."""
    asked = {"verified_claims": list(entries)}
    wanted = [name for one in entries for name in one["claims"] if name in {"name", "birthdate"}]
    code = bank.code(claims=json.dumps({"id_token": asked, "userinfo": asked}), report={"claims": wanted})
    document = bank.redeem(code).json()
    userinfo = shown(bank, document["access_token"])
    assert userinfo.status_code == 200, userinfo.text
    token = jwt.decode(document["id_token"], options={"verify_signature": False})
    return token["verified_claims"], userinfo.json()["verified_claims"]


@pytest.mark.parametrize("more", [(), (ADDRESS,)], ids=["both met", "and one that is not"])
def test_two_entries_are_answered_in_an_array(shared_files: Path, more: tuple[dict[str, Any], ...]) -> None:
    in_token, in_userinfo = both(bank_in(shared_files), NAME, BIRTHDATE, *more)

    assert in_token == in_userinfo
    assert [one["claims"].keys() for one in in_token] == [{"name"}, {"birthdate"}]
    assert in_token[1]["verification"] == {"trust_framework": "idbridge", "assurance_level": "A3"}


def test_of_two_entries_the_one_that_is_met_is_answered_as_an_object(shared_files: Path) -> None:
    in_token, in_userinfo = both(bank_in(shared_files), NAME, ADDRESS)

    assert in_token == in_userinfo
    assert in_token["claims"].keys() == {"name"}
