"""A report on a wallet's answer is kept in less detail where it is too long, and accepts nothing where that is too."""

from dataclasses import replace

from idbridge.model.request import Detail
from idbridge.sandbox.presentations import Presentation
from idbridge_gateway.verdict import Released
from idbridge_gateway.wallet.question import kept_report
from tests.verify.pretend import answered

PID = Presentation("sg-pid", "sg-tan")


def released() -> Released:
    report = answered(PID, claims=("name", "birthdate", "nationality"))
    return Released(replace(report, request=replace(report.request, detail=Detail.EVIDENCE)), "rep_1", None)


def test_a_report_whose_claims_alone_are_too_long_accepts_nothing_and_says_why() -> None:
    kept = kept_report(released(), max_bytes=100)

    assert (kept["accepted"], kept["indication"], kept["reason"]["code"]) == (False, "FAILED", "input.too_large")
    assert not kept["claims"]


def test_a_report_that_is_too_long_is_kept_in_less_detail() -> None:
    whole, less = kept_report(released()), kept_report(released(), max_bytes=2_500)

    assert whole["accepted"] is less["accepted"] is True
    assert whole["claims"] == less["claims"]
    assert len(str(less)) < 2_500 < len(str(whole))
