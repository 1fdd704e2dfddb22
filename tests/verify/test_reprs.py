"""What ends in a log by accident is a ``repr``, so none says anything about the person or repeats the credential."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from idbridge.assertion.issue import Assertion
from idbridge.credential import sd_jwt
from idbridge.credential.device_auth import Presenting
from idbridge.credential.key_binding import Bound
from idbridge.credential.mso import Mso
from idbridge.credential.names import NationalName
from idbridge.model.credential import Mandate, NamePartValue, PersonName
from idbridge.model.trust import ClaimMap
from idbridge.sandbox.assertions import AssertionOf
from idbridge.sandbox.logins import Login
from idbridge.sandbox.people import population
from idbridge.sandbox.presentations import Presentation, Representation
from idbridge.verify.findings import Findings
from idbridge.verify.report import Report
from tests.verify.pretend import answered

LOGIN = Login("sg-login", "sg-tan")
DIRECTOR = Presentation("sg-representative", "sg-tan", represents=Representation("sg-quay"))
TAN = population().people["sg-tan"]
QUAY = population().companies["sg-quay"]
CANARIES = (TAN.display, TAN.subject, TAN.facts["birthdate"], *(part.native for part in TAN.parts), QUAY.value)
SECRET = "canary"

REPORTS: dict[str, Report] = {
    "login": answered(LOGIN),
    "presentation": answered(Presentation("sg-pid", "sg-tan")),
    "mandate": answered(DIRECTOR, purpose="company-representation"),
    "assertion": answered(AssertionOf("sg-node", "sg-branch", LOGIN)),
    "refused": answered(Login("sg-login", "sg-tan", signed_by="th-login")),
}


def held(value: Any) -> Iterator[Any]:
    """All values of ours that ``value`` leads to, itself the first; not the texts and mappings they are made of."""
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        for member in value:
            yield from held(member)
    elif is_dataclass(value) or hasattr(value, "_fields"):
        yield value
        names = value._fields if hasattr(value, "_fields") else [field.name for field in fields(value)]
        for name in names:
            yield from held(getattr(value, name))


def said(canaries: Iterable[str], text: str) -> list[str]:
    """Which canaries stand in a text as words: a short name occurs in a thumbprint by chance."""
    return [canary for canary in canaries if re.search(rf"(?<![\w-]){re.escape(canary)}(?![\w-])", text)]


def test_a_canary_is_found_as_a_word_and_not_within_a_thumbprint() -> None:
    assert said(["Tan"], "name='Tan', kid='x'") == ["Tan"]
    assert said(["Tan"], "kid='guTan-In'") == []


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())
def test_nothing_that_a_verification_leads_to_describes_a_person(report: Report) -> None:
    credential = report.findings.credential
    told = [
        repr(value) for value in held((report, None if credential is None else (credential.name, credential.mandate)))
    ]
    parts = [part for part in report.request.credential.replace("~", ".").split(".") if part]

    assert len(told) > len(Findings._fields)
    assert not [text for text in told if said((*CANARIES, *parts), text)]


@pytest.mark.parametrize(
    "value",
    [
        PersonName(SECRET, SECRET, SECRET, (NamePartValue("given", SECRET, SECRET),)),
        NamePartValue("given", SECRET, SECRET),
        Mandate("UEN", SECRET, SECRET, frozenset({"sign"}), None, None),
        NationalName({"name": SECRET}, ClaimMap({}), hides=False),
        sd_jwt.split(f"{SECRET}.{SECRET}.{SECRET}~{SECRET}~{SECRET}"),
        sd_jwt.process({"name": SECRET}, ()),
        Mso(hashlib.sha256, {SECRET: {0: SECRET.encode()}}, {-2: SECRET}, *[None] * 5),  # type: ignore[arg-type]
        Presenting(SECRET, SECRET, *[None] * 3),  # type: ignore[arg-type] # nothing is looked at
        Bound({"name": SECRET}, "sha-256", SECRET, *[None] * 4),  # type: ignore[arg-type] # nothing else is looked at
        Assertion(SECRET, "jti", REPORTS["login"].at, SECRET),
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_value_on_the_way_describes_a_person(value: Any) -> None:
    assert SECRET not in repr(value)
    assert type(value).__name__ in repr(value)


def test_the_canaries_are_in_what_was_verified() -> None:
    of_login = REPORTS["login"].findings.credential
    of_mandate = REPORTS["mandate"].findings.credential
    assert of_login is not None
    assert of_mandate is not None
    assert of_login.name is not None
    assert of_mandate.mandate is not None

    assert of_login.name.display == TAN.display
    assert of_login.claims["birthdate"] == TAN.facts["birthdate"]
    assert of_mandate.mandate.entity_value == QUAY.value
