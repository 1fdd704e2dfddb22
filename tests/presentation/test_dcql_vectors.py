"""Published DCQL cases: none that is to be refused is satisfied, and each that we refuse beyond that is named."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from idbridge.errors import RequestError
from idbridge.presentation.dcql import parse_query
from idbridge.presentation.fulfilment import fulfilment
from tests.presentation.dcql_kit import can_be_satisfied, of_npm
from tests.vectors import shared_vectors

OLD_MDOC: Final = "claims by `namespace` and `claim_name`: the form of old drafts"
OLD_SD_JWT: Final = "`vc+sd-jwt` with `vct_values`: the form of old drafts"
NO_META: Final = "a credential query without `meta`, which section 6.1 requires"
STRICTER: Final = Counter({OLD_MDOC: 5, OLD_SD_JWT: 7, NO_META: 6})
# There an index selects any element, because a presentation may lack those before it. We know where each one stood.
ANY_INDEX: Final = frozenset({"dcql/19-dcql-presentation/dcql-presentation.test.ts"})


def satisfied(vector: Mapping[str, Any], query: Mapping[str, Any]) -> bool | str:
    """Tell whether the case is satisfied, or the code of what is wrong with its query."""
    try:
        asked = parse_query(query)
    except RequestError as error:
        return error.code
    if vector["kind"] == "dcql:query":
        return can_be_satisfied(asked, [of_npm(one) for one in vector["input"]])
    answers = {
        name: tuple(of_npm(one) for one in (sent if isinstance(sent, list) else [sent]))
        for name, sent in vector["input"].items()
    }
    return fulfilment(asked, answers).satisfied


def why_malformed(query: Mapping[str, Any]) -> str:
    for one in query["credentials"]:
        if any("claim_name" in claim for claim in one.get("claims", ())):
            return OLD_MDOC
        if "meta" not in one:
            return NO_META
        if one["format"] == "vc+sd-jwt" and "vct_values" in one["meta"]:
            return OLD_SD_JWT
    return "no reason that is known"


def of_today(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return the query in the form of OpenID4VP 1.0."""
    today = {**query, "credentials": [_of_today(one) for one in query["credentials"]]}
    if "credential_sets" in query:
        today["credential_sets"] = [
            {name: value for name, value in one.items() if name != "purpose"} for one in query["credential_sets"]
        ]
    return today


def _of_today(one: Mapping[str, Any]) -> dict[str, Any]:
    claims = [
        {name: value for name, value in claim.items() if name not in ("namespace", "claim_name")}
        | ({"path": [claim["namespace"], claim["claim_name"]]} if "claim_name" in claim else {})
        for claim in one.get("claims", ())
    ]
    today = {**one, "meta": one.get("meta", {})} | ({"claims": claims} if claims else {})
    if "vct_values" in today["meta"] or today["format"] == "vc+sd-jwt":
        today["format"] = "dc+sd-jwt"
    return today


def test_no_published_case_is_accepted_falsely_and_every_refusal_beyond_is_named() -> None:
    vectors = shared_vectors("dcql")
    assert len(vectors) == 26
    refused: Counter[str] = Counter()
    for vector in vectors:
        query = vector["context"]["query"]
        outcome = satisfied(vector, query)
        if outcome == "query.malformed":
            refused[why_malformed(query)] += 1
            continue
        assert outcome is (vector["expected"] == "accept"), vector["id"]

    assert refused == STRICTER


def test_in_the_form_of_today_every_published_case_comes_out_right() -> None:
    for vector in shared_vectors("dcql"):
        renamed = _with_today_format(vector)
        outcome = satisfied(renamed, of_today(vector["context"]["query"]))
        expected = vector["expected"] == "accept" and vector["id"] not in ANY_INDEX
        assert outcome is expected, vector["id"]


def _with_today_format(vector: Mapping[str, Any]) -> dict[str, Any]:
    def renamed(one: Mapping[str, Any]) -> dict[str, Any]:
        old = one["credential_format"] == "vc+sd-jwt" and "vct" in one
        return {**one, "credential_format": "dc+sd-jwt"} if old else dict(one)

    sent = vector["input"]
    if isinstance(sent, list):
        return {**vector, "input": [renamed(one) for one in sent]}
    lists = {name: one if isinstance(one, list) else [one] for name, one in sent.items()}
    return {**vector, "input": {name: [renamed(one) for one in ones] for name, ones in lists.items()}}
