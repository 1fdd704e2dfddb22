"""Proposals that break the reader of a change: looked at and offered for signing, each is refused under its code."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.ceremony import Ceremony, digest
from tests.cli.ended import Ended

Run = Callable[..., Ended]
Table = dict[str, Any]


def named_by_a_number(signed: Table) -> None:
    signed["delegations"]["roles"][0]["name"] = 7


def further(path: str) -> Callable[[Table], None]:
    """List one more file, under another hash than ours."""

    def change(signed: Table) -> None:
        signed["targets"][path] = {"length": 1, "hashes": {"sha512": "0" * 128}}

    return change


@pytest.mark.parametrize(
    ("role", "key", "change"),
    [
        ("targets", "role-targets-{}", named_by_a_number),
        ("deny", "role-{}-on-call", further("deny/other.json")),
        ("agreements", "role-{}-on-call", further("other/x.json")),
    ],
    ids=["a role named by a number", "a denial without sha256", "an agreement without sha256"],
)
def test_a_proposal_that_breaks_its_reader_is_refused_and_not_signed(
    ceremony: Ceremony, role: str, key: str, change: Callable[[Table], None]
) -> None:
    made = ceremony.proposed("propose", "--renew", role, key=key.format("SG"))
    table = json.loads(made.read_text())
    change(table["metadata"]["signed"])
    made.write_text(json.dumps(table))
    octets = made.read_bytes()

    looked = ceremony.trust("proposals", str(made), *ceremony.tree)
    told = ceremony.trust("proposals", str(made), *ceremony.tree, "--json")
    signed = ceremony.trust(
        "sign", str(made), *ceremony.tree, "--key", ceremony.key(key.format("TH")), "--diff-digest", digest(made)
    )

    assert (looked.code, "trust.metadata_invalid" in looked.out) == (1, True)
    assert [row["code"] for row in told.json["results"]] == ["trust.metadata_invalid"]
    assert "cannot be judged" in told.json["results"][0]["detail"]
    assert (signed.code, "trust.metadata_invalid" in signed.err) == (1, True)
    assert made.read_bytes() == octets
