"""Several credentials in one presentation: the worst decides, and what they say is one person's or is left out."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.model.check import Result
from idbridge.model.credential import HolderBinding, HolderMethod, PersonName
from idbridge.model.query import Query
from idbridge.model.region import Format
from idbridge.model.request import Detail
from idbridge.model.trust import ClaimMap, IdentifierPersistence
from idbridge.presentation.dcql import parse_query
from idbridge.presentation.transaction_data import parse_transactions
from idbridge.reasons import Indication
from idbridge.sandbox.cases.dcql import PAYMENT
from idbridge.sandbox.cases.dcql import asked as credential_query
from idbridge.sandbox.cases.dcql import query as body_of
from idbridge.sandbox.edits import Edits, Within
from idbridge.sandbox.mdocs import Mdoc
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.vp_tokens import Sent, VpToken
from idbridge.verify.persons import BIRTHDATES, NAMES, SUBJECTS, contradict, same_person
from idbridge.verify.report import Report
from tests.recognition.credentials import BOUND, UNBOUND, credential, service
from tests.recognition.documents import TH
from tests.verify.pretend import NOON, answered, asked, reasons, verifier

TH_PID = credential_query("pid", "urn:example:th:pid:1")
PH_PID = credential_query("national", "urn:example:ph:pid:1")
ALSO_PH = credential_query("second", "urn:example:ph:pid:1")
THANAPORN = Presentation("th-pid", "th-thanaporn")
NONOY = Presentation("ph-pid", "ph-nonoy")
LASTING, TRANSIENT = IdentifierPersistence
OTHER_KEY = HolderBinding(HolderMethod.KB_JWT, "another thumbprint")


def query(*credentials: dict[str, Any], **members: Any) -> Query:
    return parse_query(body_of(*credentials, **members)["dcql"])


def shown(*sent: Sent, asks: Query, **changes: Any) -> Report:
    return answered(VpToken(sent), party_id="sg-bank", query=asks, **changes)


def named(display: str, latin: str | None = None) -> PersonName:
    return PersonName(display, display, latin, ())


# Persons


def test_one_provider_with_two_identifiers_is_two_persons() -> None:
    assert contradict(credential(), credential(subject="another")) == SUBJECTS


def test_two_providers_may_use_two_identifiers() -> None:
    other = credential(subject="another", service=service(TH))

    assert contradict(credential(), other) is None


@pytest.mark.parametrize("subject", ["another", "subject"])
@pytest.mark.parametrize("claim", ["staff_no", "$.credentialSubject.sub", "$.sub"])
def test_identifiers_under_two_names_say_neither_one_person_nor_two(claim: str, subject: str) -> None:
    listed = service(claim_map=ClaimMap(claims={}, subject=claim))
    other = credential(subject=subject, service=listed, holder=OTHER_KEY)

    assert listed.issuer == credential().service.issuer
    assert contradict(credential(), other) is None
    assert not same_person(credential(), other)
    assert same_person(credential(), credential(subject=subject, service=listed))


@pytest.mark.parametrize("subject", ["another", "subject"])
@pytest.mark.parametrize("listed", [(TRANSIENT, TRANSIENT), (TRANSIENT, LASTING), (LASTING, TRANSIENT)])
def test_identifiers_made_anew_each_time_say_neither_one_person_nor_two(
    listed: tuple[IdentifierPersistence, IdentifierPersistence], subject: str
) -> None:
    """A counter that begins anew each day gives two people one number; and one person has another one each time."""
    first, second = (service(claim_map=ClaimMap(claims={}, persistence=one)) for one in listed)
    one, other = credential(service=first), credential(subject=subject, service=second, holder=OTHER_KEY)

    assert contradict(one, other) is None
    assert not same_person(one, other)
    assert same_person(one, credential(subject=subject, service=second))


def test_equal_identifiers_of_two_issuers_of_one_state_are_not_one_person() -> None:
    other = credential(service=service(issuer="https://other.sg.example"), holder=OTHER_KEY)

    assert other.subject == credential().subject
    assert not same_person(credential(), other)


def test_a_lasting_identifier_that_is_another_for_each_credential_is_refused_and_never_united() -> None:
    """A provider whose identifiers are pairwise for each credential has to list them as transient."""
    one, other = credential(), credential(subject="another")

    assert one.holder == other.holder == BOUND
    assert contradict(one, other) == SUBJECTS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2000-01-01", "2000-01-02"),
        ("2000", "2001-01-01"),
        ("2000-02", "2000-01-31"),
        ("2000-0", "2000-01-31"),
        ("", "2000-01-31"),
        ("2000-01-01", "2000-01-01T00"),
    ],
)
def test_two_dates_of_birth_are_two_persons(one: str, other: str) -> None:
    assert contradict(credential(claims={"birthdate": one}), credential(claims={"birthdate": other})) == BIRTHDATES


@pytest.mark.parametrize(("one", "other"), [("2000-01-01", "2000"), ("2000-01", "2000-01-31"), (None, "2000-01-01")])
def test_dates_of_birth_that_may_be_one_are_no_contradiction(one: str | None, other: str) -> None:
    assert contradict(credential(claims={"birthdate": one}), credential(claims={"birthdate": other})) is None


def test_names_without_a_form_in_common_are_two_persons() -> None:
    tan, lim = (credential(name=named(name)) for name in ("Tan Hui Ling", "Lim Wei"))

    assert contradict(tan, lim) == NAMES


def test_names_with_a_form_in_common_are_no_contradiction() -> None:
    thai = credential(name=named("ธนพร ใจดี", "Thanaporn Jaidee"))
    latin = credential(name=named("THANAPORN  JAIDEE"))

    assert contradict(thai, latin) is None
    assert contradict(thai, credential(name=None)) is None


def test_only_a_key_or_an_identifier_shows_one_person() -> None:
    stranger = {"service": service(TH), "holder": OTHER_KEY}

    assert not same_person(credential(), credential(**stranger))
    assert not same_person(credential(name=named("A")), credential(name=named("A"), **stranger))
    assert not same_person(credential(subject=None), credential(subject=None, holder=OTHER_KEY))
    assert not same_person(credential(holder=UNBOUND), credential(holder=UNBOUND, service=service(TH)))
    assert same_person(credential(holder=OTHER_KEY), credential())
    assert same_person(credential(), credential(service=service(TH), subject="another"))


def test_one_key_does_not_make_one_person_of_a_contradiction() -> None:
    one, other = credential(claims={"birthdate": "2000"}), credential(claims={"birthdate": "2001"})

    assert one.holder == other.holder == BOUND
    assert not same_person(one, other)


# Claims


def test_claims_of_two_credentials_of_one_person_are_united_in_the_order_of_the_query() -> None:
    report = shown(
        Sent("second", replace(NONOY, withheld=("DOB",))),
        Sent("national", replace(NONOY, withheld=("sex",))),
        asks=query(ALSO_PH, PH_PID),
        claims=("name", "birthdate", "sex"),
    )

    released, withheld = report.released()
    assert report.indication is Indication.PASSED
    assert set(released) == {"name", "birthdate", "sex"}
    assert not withheld


def test_nothing_that_a_stranger_says_is_released() -> None:
    luisa = Presentation("ph-pid", "ph-luisa", withheld=("fName", "mName", "lName", "DOB"))
    report = shown(
        Sent("pid", replace(THANAPORN, withheld=("gender",))),
        Sent("national", luisa),
        asks=query(TH_PID, PH_PID),
        claims=("name", "sex", "address"),
    )

    released, withheld = report.released()
    assert report.indication is Indication.PASSED
    assert set(released) == {"name", "address"}
    assert withheld == [{"claim": "sex", "why": "other_credential"}]
    assert "one person" in report.render(Detail.SIMPLE, report_id="r")["recognition"]["limits"][-1]


def test_a_claim_of_a_weaker_credential_does_not_stand_under_a_higher_level() -> None:
    weaker = replace(NONOY, level="offline")
    stronger = replace(NONOY, level="online", withheld=("DOB",))
    asks = query(ALSO_PH, PH_PID)
    visit: dict[str, Any] = {"purpose": "building-visit", "claims": ("name", "birthdate"), "asks": asks}

    high_first = shown(Sent("second", stronger), Sent("national", weaker), **visit)
    low_first = shown(
        Sent("second", replace(weaker, withheld=("DOB",))), Sent("national", replace(stronger, withheld=())), **visit
    )

    assert high_first.indication is low_first.indication is Indication.PASSED
    assert high_first.released()[0].keys() == {"name"}
    assert low_first.identity is not None
    assert high_first.identity is not None
    assert low_first.identity.level < high_first.identity.level


# The worst decides


def test_one_refused_credential_refuses_them_all_and_releases_nothing() -> None:
    report = shown(
        Sent("pid", THANAPORN),
        Sent("national", replace(NONOY, bound_by="ph-luisa")),
        asks=query(TH_PID, PH_PID),
    )

    assert report.reason is not None
    assert report.reason.code == "holder.signature_invalid"
    assert report.released()[0] == {}
    assert report.one_time == ()
    assert report.render(Detail.DETAILED, report_id="r")["dcql"] is None
    assert {check.id for check in report.checks if "refused" in check.note} >= {
        "vp.2",
        "vp.3",
        "vp.4",
        "vp.11",
        "person.1",
    }


def test_a_vp_token_that_was_taken_apart_is_told_and_a_credential_alone_is_none() -> None:
    asks = query(PH_PID)
    alone = answered(NONOY, party_id="sg-bank", query=asks)
    refused = shown(Sent("national", replace(NONOY, bound_by="ph-luisa")), asks=asks)

    for report in (shown(Sent("national", NONOY), asks=asks), refused):
        assert [check.result for check in report.checks if check.id == "vp.1"] == [Result.PASSED]
    assert alone.indication is Indication.PASSED
    assert not [check for check in alone.checks if check.id == "vp.1"]


def test_a_nonce_counts_once_however_many_credentials_of_one_issuer_answer_it() -> None:
    report = shown(Sent("national", NONOY), Sent("second", NONOY), asks=query(PH_PID, ALSO_PH))

    assert report.indication is Indication.PASSED
    assert len(report.one_time) == 1


def test_the_report_says_what_came_of_the_query() -> None:
    whole = shown(Sent("pid", THANAPORN), asks=query(TH_PID))
    half = shown(
        Sent("pid", THANAPORN), asks=query(TH_PID, PH_PID, credential_sets=[{"options": [["pid", "national"]]}])
    )

    assert whole.render(Detail.DETAILED, report_id="r")["dcql"] == {
        "satisfied": True, "missing": [], "unsatisfied_sets": [],
    }  # fmt: skip
    assert half.render(Detail.DETAILED, report_id="r")["dcql"] == {
        "satisfied": False, "missing": ["national"], "unsatisfied_sets": [0],
    }  # fmt: skip
    assert answered(THANAPORN, party_id="sg-bank").render(Detail.DETAILED, report_id="r")["dcql"] is None


def test_a_login_answers_no_query() -> None:
    from idbridge.sandbox.cases import logins

    asks = query({"id": "login", "format": "id_token", "meta": {}})
    source: Any = logins.SG.recipe.source

    assert "query.format_mismatch" in reasons(answered(source, query=asks, format=Format.ID_TOKEN))


# A copy, and transactions


def test_a_copy_will_do_where_the_query_says_so_although_a_nonce_is_expected() -> None:
    copy = Sent("national", replace(NONOY, bound=False))
    visit: dict[str, Any] = {"purpose": "building-visit", "claims": ("name",)}

    asks = query({**PH_PID, "require_cryptographic_holder_binding": False})
    assert shown(copy, asks=asks, **visit).indication is Indication.PASSED
    assert "holder.binding_missing" in reasons(shown(copy, asks=query(PH_PID), **visit))


def test_a_binding_that_is_there_counts_although_a_copy_would_do() -> None:
    spoiled = Sent("national", replace(NONOY, kb_claims={"nonce": "another"}))
    asks = query({**PH_PID, "require_cryptographic_holder_binding": False})

    assert "holder.nonce_mismatch" in reasons(shown(spoiled, asks=asks, purpose="building-visit"))


AUTHORISED: Edits = PAYMENT.recipe.source.answers[0].presentation.kb_claims  # type: ignore[attr-defined]  # a VpToken
PAYMENTS = PAYMENT.recipe.ask.body["transaction_data"]


@pytest.mark.parametrize(
    ("edits", "codes"),
    [
        ([AUTHORISED, AUTHORISED], ["holder.transaction_mismatch"]),
        ([{}, {}], ["holder.transaction_mismatch"] * 2),
    ],
)
def test_one_credential_and_no_second_authorises_a_transaction(edits: list[Edits], codes: list[str]) -> None:
    asks = query({**TH_PID, "multiple": True})
    sent = tuple(Sent("pid", replace(THANAPORN, kb_claims=one)) for one in edits)

    report = shown(*sent, asks=asks, transactions=parse_transactions(PAYMENTS, query=asks))

    assert reasons(report) == codes


HASHES = {"transaction_data_hashes": AUTHORISED["transaction_data_hashes"]}
ELEMENT_SPACES = ("net.openid.openid4vc", "example.sg.pid.1", "urn:example:payment")


@pytest.mark.parametrize("name_space", ELEMENT_SPACES)
def test_no_element_that_a_device_signed_authorises_a_transaction(name_space: str) -> None:
    """Though the issuer allows the device to sign it: where it stands no type says (OpenID4VP 1.0, B.2.1)."""
    allowed = {"deviceKeyInfo": Within({"keyAuthorizations": {"nameSpaces": [name_space]}})}
    mdoc = Sent("pid", Mdoc("sg-mdoc", "sg-tan", own={name_space: HASHES}, mso=allowed))
    asks = query({"id": "pid", "format": "mso_mdoc", "meta": {"doctype_value": "example.sg.pid.1"}})
    put: dict[str, Any] = {"party_id": "th-bank", "query": asks}

    report = answered(VpToken((mdoc,)), transactions=parse_transactions(PAYMENTS, query=asks), **put)

    assert reasons(report) == ["holder.transaction_mismatch"]
    assert report.decided_by is not None
    assert (report.decided_by.id, "mdocs" in report.decided_by.note) == ("transaction.1", True)
    assert answered(VpToken((mdoc,)), **put).indication is Indication.PASSED


def test_a_credential_beside_an_mdoc_authorises_what_either_may() -> None:
    asks = query(
        {"id": "pid", "format": "dc+sd-jwt", "meta": {}},
        {"id": "mdoc", "format": "mso_mdoc", "meta": {"doctype_value": "example.sg.pid.1"}},
    )
    text = base64url.encode(b'{"type":"urn:example:payment","credential_ids":["mdoc","pid"]}')
    digest = base64url.encode(hashlib.sha256(text.encode()).digest())
    put: dict[str, Any] = {"query": asks, "transactions": parse_transactions([text], query=asks)}

    def sent(edits: Edits) -> VpToken:
        pid = Presentation("sg-pid", "sg-tan", kb_claims=edits)
        return VpToken((Sent("pid", pid), Sent("mdoc", Mdoc("sg-mdoc", "sg-tan"))))

    assert reasons(answered(sent({}), **put)) == ["holder.transaction_mismatch"]
    assert answered(sent({"transaction_data_hashes": [digest]}), **put).indication is Indication.PASSED


def test_nobody_authorises_anything_without_a_nonce() -> None:
    asks = query(TH_PID)
    source = VpToken((Sent("pid", replace(THANAPORN, kb_claims=AUTHORISED)),))
    request = asked(source, party_id="sg-bank", query=asks, transactions=parse_transactions(PAYMENTS, query=asks))
    expected = replace(request.expected, nonce=None)

    report = verifier().verify(replace(request, expected=expected), at=NOON)

    assert "holder.transaction_mismatch" in reasons(report)
