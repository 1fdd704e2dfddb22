"""A refusal before any signature is told under its format's own checklist, if anybody can tell the format."""

import re
from dataclasses import replace
from typing import Any

import pytest

from idbridge.limits import LIMITS
from idbridge.model.check import Check, Step
from idbridge.model.region import Format
from idbridge.model.request import Expectations, VerifyRequest
from idbridge.presentation.dcql import parse_query
from idbridge.sandbox.case import Case
from idbridge.sandbox.catalogue import cases
from idbridge.sandbox.mint import mint
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.run import in_process, reported
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.sandbox.statuses import statuses_of
from idbridge.sandbox.w3c import Vc
from tests.sandbox.regions import NOON as THEN
from tests.sandbox.regions import region as region_of
from tests.sandbox.regions import snapshot
from tests.verify.pretend import NOON, asked, registered, verifier

CHECKLISTS = {Format.MDOC: re.compile(r"mdoc\.\d+"), Format.QR: re.compile(r"qr\.\d+")}
BY_FORMAT_STEPS = frozenset({Step.V2, Step.V3, Step.V4, Step.V5})
REFUSED = [case for case in cases() if case.format in CHECKLISTS and case.code is not None and in_process(case)]
# Nothing of this text says that it is a code, and nobody declares it: it is a JSON object like any other.
UNTOLD = frozenset({"qr-object-undeclared"})
MDOC_QUERY = parse_query({"credentials": [{"id": "pid", "format": "mso_mdoc", "meta": {}}]})
LONG = "A" * LIMITS.token_bytes


def request(text: str, **changes: Any) -> VerifyRequest:
    said: dict[str, Any] = {"claims": (), "expected": Expectations(), **changes}
    return VerifyRequest(credential=text, relying_party=registered("th-bank"), purpose="account-opening", **said)


def decided(text: str, **changes: Any) -> Check:
    check = verifier().verify(request(text, **changes), at=NOON).decided_by
    assert check is not None
    return check


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_each_refused_mdoc_and_code_is_told_under_its_own_checklist(case: Case) -> None:
    region, trust = region_of(case.environment), snapshot(case.environment)
    minted = mint(case, region=region, at=THEN, randomness=SeededRandomness(case.name.encode()), trust=trust)
    statuses = statuses_of(region, trust=trust, at=THEN)

    check = reported(minted, region=region, trust=trust, statuses=statuses, at=THEN).decided_by

    assert check is not None
    if check.step in BY_FORMAT_STEPS and check.id.partition(".")[0] not in {"vp", "query"}:
        assert case.format is not None
        assert (CHECKLISTS[case.format].fullmatch(check.id) is None) is (case.name in UNTOLD), check.id


@pytest.mark.parametrize(
    ("text", "changes", "code", "told"),
    [
        pytest.param("omE", {}, "input.malformed", "mdoc.1", id="a map that is cut"),
        pytest.param(f"omE{LONG}", {}, "input.too_large", "mdoc.1", id="a map past the bound"),
        pytest.param("####", {"format": Format.MDOC}, "input.malformed", "mdoc.1", id="no base64, declared as mdoc"),
        pytest.param(f"{LONG}A", {"format": Format.MDOC}, "input.too_large", "mdoc.1", id="much, declared as mdoc"),
        pytest.param("omE", {"query": MDOC_QUERY}, "input.malformed", "mdoc.1", id="a cut map, asked for as mdoc"),
        pytest.param("####", {"query": MDOC_QUERY}, "input.malformed", "mdoc.1", id="no base64, asked for as mdoc"),
        pytest.param('{"pid":["####"]}', {"query": MDOC_QUERY}, "input.malformed", "mdoc.1", id="in a vp_token"),
        pytest.param("hello", {"format": Format.QR}, "qr.envelope_malformed", "qr.2", id="declared as code"),
        pytest.param("omE", {"format": Format.QR}, "qr.envelope_malformed", "qr.2", id="a map, declared as code"),
        pytest.param("HC1:6BF", {"format": Format.QR}, "qr.profile_unknown", "qr.1", id="a health certificate"),
        pytest.param("a.b.c", {"format": Format.ID_TOKEN}, "input.malformed", "id-token.12", id="declared as ID token"),
        pytest.param("a.b.c~", {"format": Format.SD_JWT_VC}, "input.malformed", "sd-jwt.1", id="declared as SD-JWT VC"),
        pytest.param("hello", {}, "input.malformed", "envelope.1", id="nothing that anybody knows"),
        pytest.param("a.b.c", {}, "input.malformed", "envelope.1", id="a JWS of which no kind is told"),
        pytest.param(f"omE.{LONG}", {}, "input.too_large", "envelope.1", id="no base64 and too much"),
        pytest.param("", {"format": Format.MDOC}, "input.empty", "envelope.1", id="nothing, declared as mdoc"),
        pytest.param("{}", {"format": Format.MDOC}, "input.format_mismatch", "envelope.1", id="a JSON object as mdoc"),
    ],
)
def test_the_number_is_that_of_the_format_that_request_or_text_tell(
    text: str, changes: dict[str, Any], code: str, told: str
) -> None:
    check = decided(text, **changes)

    assert check.reason is not None
    assert (check.reason.code, check.id, check.step) == (code, told, Step.V2)


@pytest.mark.parametrize("declared", [None, Format.VC_JWT])
@pytest.mark.parametrize(
    ("changes", "code", "told"),
    [
        ({"vp_claims": {"@context": []}}, "w3c.context_invalid", "vc.7"),
        ({"document": {"type": {}}, "alone": True}, "w3c.type_invalid", "vc.8"),
        ({"vp_claims": {"vc": {}}}, "w3c.claims_contradict", "vc.15"),
    ],
)
def test_a_code_of_w3c_credentials_alone_is_told_under_their_checklist(
    changes: dict[str, Any], code: str, told: str, declared: Format | None
) -> None:
    check = verifier().verify(asked(replace(Vc("sg-vc", "sg-tan"), **changes), format=declared), at=NOON).decided_by

    assert check is not None
    assert check.reason is not None
    assert (check.reason.code, check.id, check.step) == (code, told, Step.V2)


@pytest.mark.parametrize("declared", [None, Format.SD_JWT_VC])
def test_a_type_that_is_none_is_told_under_the_checklist_of_sd_jwt_vcs(declared: Format | None) -> None:
    untyped = Presentation("sg-pid", "sg-tan", payload={"vct": 7})
    check = verifier().verify(asked(untyped, format=declared), at=NOON).decided_by

    assert check is not None
    assert check.reason is not None
    assert (check.reason.code, check.id, check.step) == ("sd_jwt.vct_invalid", "sd-jwt.14", Step.V2)


def test_what_comes_after_a_numbered_refusal_is_told_as_not_made() -> None:
    report = verifier().verify(request("omE"), at=NOON)

    ids = [check.id for check in report.checks]
    assert ids[:3] == ["mdoc.1", "issuer.1", "signature.1"]
    assert "envelope.1" not in ids
