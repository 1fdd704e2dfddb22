"""A recall finds what was accepted by the word of others on time: by key of witness and log, and by their lists."""

from datetime import timedelta

import pytest

from idbridge.codec import base64url
from idbridge.evidence.dispute_affected import Recalled, affected
from idbridge.model.region import MemberState
from idbridge.tlog.leaf import Leaf, LeafType
from idbridge.verify.report import Report
from idbridge_gateway.evidence.leaves import VerdictForms, kind_of, members_of
from tests.verify.pretend import NOON, region
from tests.verify.test_time_evidence import EVIDENCE, KH, RESIDENCE, SG, TH, here, question, told

REPORT_ID = f"rep_{'7' * 32}"


@pytest.fixture(scope="module")
def accepted() -> Report:
    report = told(question(EVIDENCE))
    assert report.accepted
    return report


def key_of(service: str) -> str:
    thumbprint: str = region().service(service).signer.kid
    return thumbprint


def found(report: Report, *, key: str | None = None, trust_list: str | None = None) -> bool:
    """Tell whether a recall of this finds the leaf of ``report``."""
    own = {"report_id": REPORT_ID, "commitment": base64url.encode(bytes(32)), "day": "2026-06-01"}
    kind = kind_of(report, asserted=False)
    leaves = {
        Leaf(kind, int(NOON.timestamp() * 1_000), members).octets(): Leaf(kind, int(NOON.timestamp() * 1_000), members)
        for members in (members_of(report, **own), VerdictForms().members(report, kind, mark=None, **own))
    }
    (leaf,) = leaves.values()  # a form writes what is written without one
    recalled = Recalled(NOON - timedelta(hours=1), key=key, trust_list=trust_list)
    return bool(affected([leaf], recalled))


@pytest.mark.parametrize("service", ["th-witness", "sg-log", "kh-residence-2025"])
def test_an_answer_by_time_evidence_is_found_by_each_key_that_it_rests_on(accepted: Report, service: str) -> None:
    assert found(accepted, key=key_of(service))


@pytest.mark.parametrize("state", [TH, SG, KH])
def test_an_answer_by_time_evidence_is_found_by_each_list_that_it_rests_on(
    accepted: Report, state: MemberState
) -> None:
    assert found(accepted, trust_list=here().provenance(state).digest)


def test_an_answer_by_time_evidence_is_not_found_by_what_confirmed_nothing(accepted: Report) -> None:
    assert not found(accepted, key=key_of("sg-witness"))
    assert not found(accepted, trust_list=here().provenance(MemberState.VN).digest)


def test_what_was_refused_for_want_of_evidence_names_none_of_it() -> None:
    refused = told(question(RESIDENCE))

    assert kind_of(refused, asserted=False) is LeafType.REJECT
    assert not found(refused, key=key_of("th-witness"))
