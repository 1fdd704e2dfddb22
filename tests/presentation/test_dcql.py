"""DCQL queries: what is no query is refused whole, and nothing in one is passed over."""

from typing import Any

import pytest

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.query import Authority
from idbridge.presentation.dcql import parse_query
from tests.presentation.dcql_kit import credential, query

CLAIMS = [{"id": "a", "path": ["given_name"]}, {"id": "b", "path": ["address", "country"]}]
MDOC = {"format": "mso_mdoc", "meta": {"doctype_value": "org.iso.18013.5.1.mDL"}}
LONG = "x" * (LIMITS.identifier_characters + 1)

MALFORMED: dict[str, Any] = {
    "no object": [],
    "nothing": {},
    "a stranger": query(purpose="p"),
    "no credentials": {"credentials": []},
    "credentials that are no list": {"credentials": {}},
    "a credential that is no object": query("pid"),
    "too many credentials": query(*[credential(id=f"c{n}") for n in range(LIMITS.query_credentials + 1)]),
    "two of one id": query(credential(), credential()),
    "an id with a space": query(credential(id="my pid")),
    "an empty id": query(credential(id="")),
    "an id that is a number": query(credential(id=7)),
    "an id with a newline": query(credential(id="pid\n")),
    "no id": query({"format": "dc+sd-jwt", "meta": {}}),
    "no format": query({"id": "pid", "meta": {}}),
    "a long format": query(credential(format=LONG)),
    "no meta": query({"id": "pid", "format": "dc+sd-jwt"}),
    "meta that is no object": query(credential(meta=[])),
    "meta of another format": query(credential(meta={"doctype_value": "x"})),
    "meta of an unknown format that is no object": query(credential(format="anoncreds", meta=[])),
    "vct_values without an entry": query(credential(meta={"vct_values": []})),
    "a vct that is a number": query(credential(meta={"vct_values": [7]})),
    "too many types": query(credential(meta={"vct_values": ["x"] * (LIMITS.query_values + 1)})),
    "an empty doctype": query(credential(**{**MDOC, "meta": {"doctype_value": ""}})),
    "type_values that are not nested": query(credential(format="jwt_vc_json", meta={"type_values": ["A"]})),
    "an empty alternative": query(credential(format="jwt_vc_json", meta={"type_values": [[]]})),
    "multiple that is a text": query(credential(multiple="true")),
    "multiple that is a number": query(credential(multiple=1)),
    "holder binding that is null": query(credential(require_cryptographic_holder_binding=None)),
    "a stranger in a credential": query(credential(purpose="p")),
    "authorities without an entry": query(credential(trusted_authorities=[])),
    "an authority of an unknown kind": query(credential(trusted_authorities=[{"type": "did", "values": ["x"]}])),
    "an authority without values": query(credential(trusted_authorities=[{"type": "aki", "values": []}])),
    "an authority with a stranger": query(credential(trusted_authorities=[{"type": "aki", "values": ["x"], "n": 1}])),
    "claims without an entry": query(credential(claims=[])),
    "too many claims": query(credential(claims=[{"path": [str(n)]} for n in range(LIMITS.requested_claims + 1)])),
    "a claim without a path": query(credential(claims=[{"id": "a"}])),
    "a claim with an empty path": query(credential(claims=[{"path": []}])),
    "a path that is too long": query(credential(claims=[{"path": ["a"] * (LIMITS.nesting_depth + 1)}])),
    "a negative index": query(credential(claims=[{"path": ["a", -1]}])),
    "an index that is no integer": query(credential(claims=[{"path": ["a", 1.0]}])),
    "an index that is true": query(credential(claims=[{"path": ["a", True]}])),
    "an index past all integers": query(credential(claims=[{"path": ["a", 2**53]}])),
    "a step that is an object": query(credential(claims=[{"path": [{}]}])),
    "a long step": query(credential(claims=[{"path": [LONG]}])),
    "one path twice": query(credential(claims=[{"path": ["a"]}, {"path": ["a"]}])),
    "one claim id twice": query(credential(claims=[{"id": "a", "path": ["a"]}, {"id": "a", "path": ["b"]}])),
    "a stranger in a claim": query(credential(claims=[{"path": ["a"], "intent_to_retain": True}])),
    "an mdoc path of one step": query(credential(**MDOC, claims=[{"path": ["a"]}])),
    "an mdoc path with an index": query(credential(**MDOC, claims=[{"path": ["a", 0]}])),
    "the mdoc claims of old drafts": query(credential(**MDOC, claims=[{"namespace": "a", "claim_name": "b"}])),
    "a will to retain that is null": query(credential(**MDOC, claims=[{"path": ["a", "b"], "intent_to_retain": None}])),
    "values without an entry": query(credential(claims=[{"path": ["a"], "values": []}])),
    "a value that is null": query(credential(claims=[{"path": ["a"], "values": [None]}])),
    "a value that is no integer": query(credential(claims=[{"path": ["a"], "values": [1.5]}])),
    "too many values": query(credential(claims=[{"path": ["a"], "values": list(range(LIMITS.query_values + 1))}])),
    "claim sets without claims": query(credential(claim_sets=[["a"]])),
    "claim sets without an entry": query(credential(claims=CLAIMS, claim_sets=[])),
    "an empty claim set": query(credential(claims=CLAIMS, claim_sets=[[]])),
    "a claim set of a stranger": query(credential(claims=CLAIMS, claim_sets=[["c"]])),
    "a claim set with an object": query(credential(claims=CLAIMS, claim_sets=[[{}]])),
    "a claim twice in a set": query(credential(claims=CLAIMS, claim_sets=[["a", "a"]])),
    "claim sets over a claim without id": query(credential(claims=[{"path": ["a"]}], claim_sets=[["a"]])),
    "sets without an entry": query(credential_sets=[]),
    "a set without options": query(credential_sets=[{"required": True}]),
    "an empty option": query(credential_sets=[{"options": [[]]}]),
    "an option of a stranger": query(credential_sets=[{"options": [["other"]]}]),
    "an option with a list": query(credential_sets=[{"options": [[["pid"]]]}]),
    "one id twice in an option": query(credential_sets=[{"options": [["pid", "pid"]]}]),
    "a stranger in a set": query(credential_sets=[{"options": [["pid"]], "purpose": "x"}]),
    "required that is a number": query(credential_sets=[{"options": [["pid"]], "required": 0}]),
    "too many sets": query(credential_sets=[{"options": [["pid"]]}] * (LIMITS.query_sets + 1)),
    "too many options": query(credential_sets=[{"options": [["pid"]] * (LIMITS.query_sets + 1)}]),
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_query_is_refused(name: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_query(MALFORMED[name])

    assert caught.value.code == "query.malformed"


def test_the_name_of_a_stranger_is_not_repeated() -> None:
    with pytest.raises(RequestError) as caught:
        parse_query(query(credential(**{"Nur Aisyah binti Hamdan": 1})))

    assert "Aisyah" not in str(caught.value)


def test_a_query_with_every_member_is_read() -> None:
    parsed = parse_query({
        "credentials": [
            credential(
                multiple=True,
                require_cryptographic_holder_binding=False,
                trusted_authorities=[{"type": "aki", "values": ["AQID", "BAUG"]}],
                claims=[{**CLAIMS[0], "values": ["A", 1, True]}, {"id": "b", "path": ["a", None, 0]}],
                claim_sets=[["a", "b"], ["b"]],
            ),
            credential(id="mdl", **MDOC, claims=[{"path": ["ns", "el"], "intent_to_retain": True}]),
            credential(id="vc", format="jwt_vc_json", meta={"type_values": [["A", "B"], ["C"]]}),
            credential(id="any", meta={}),
            credential(id="other", format="anoncreds", meta={"cred_def": 1}),
        ],
        "credential_sets": [{"options": [["pid"], ["mdl", "vc"]]}, {"options": [["any"]], "required": False}],
    })  # fmt: skip

    pid, mdl, vc, anything, other = parsed.credentials
    assert (pid.multiple, pid.holder_binding, pid.claim_sets) == (True, False, ((0, 1), (1,)))
    assert pid.authorities == {Authority("aki", "AQID"), Authority("aki", "BAUG")}
    assert pid.claims[0].values == {(str, "A"), (int, 1), (bool, True)}
    assert pid.claims[1].path == ("a", None, 0)
    assert mdl.types == (frozenset({"org.iso.18013.5.1.mDL"}),)
    assert vc.types == (frozenset({"A", "B"}), frozenset({"C"}))
    assert (anything.types, other.types) == ((), ())
    assert [one.required for one in parsed.sets] == [True, False]
    assert parsed.sets[0].options == (frozenset({"pid"}), frozenset({"mdl", "vc"}))
