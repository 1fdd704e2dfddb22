"""A question in one word asks for every credential that could answer it, and for no other."""

from typing import Any

import pytest

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.presentation.dcql import parse_query
from idbridge.presentation.templates import Template, query_for, templates
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.verify.verifier import Verifier
from tests.gateway.asking import the_region
from tests.gateway.clocks import NOON

EVERY = [pytest.param(template, id=name) for name, template in templates().items()]


@pytest.fixture(scope="module")
def snapshot() -> TrustSnapshot:
    return the_region().snapshot(at=NOON)


def asked(snapshot: TrustSnapshot, *claims: str, purpose: str, by: MemberState = MemberState.TH) -> dict[str, Any]:
    standings = Verifier(trust=snapshot, status=EMPTY_STATUS).standings
    return query_for(claims, purpose=purpose, by=by, snapshot=snapshot, standings=standings, at=NOON)


@pytest.mark.parametrize(
    ("claims", "purpose"),
    [(("shoe_size",), "account-opening"), (("name", "shoe_size"), "account-opening"), (("name",), "no-such-purpose")],
)
def test_what_no_recognised_credential_has_is_not_asked_for(
    snapshot: TrustSnapshot, claims: tuple[str, ...], purpose: str
) -> None:
    with pytest.raises(RequestError) as caught:
        asked(snapshot, *claims, purpose=purpose)

    assert caught.value.code == "query.unanswerable"


@pytest.mark.parametrize("template", EVERY)
def test_every_template_asks_for_any_one_of_several_credentials(snapshot: TrustSnapshot, template: Template) -> None:
    query = asked(snapshot, *template.claims, purpose=template.purpose)
    read = parse_query(query)

    assert 1 < len(read.credentials) <= LIMITS.query_credentials
    (one_of,) = read.sets
    assert one_of.options == tuple(frozenset({one.id}) for one in read.credentials)
    assert all(one.holder_binding for one in read.credentials)


def test_each_credential_is_asked_in_its_own_words(snapshot: TrustSnapshot) -> None:
    query = asked(snapshot, "name", "birthdate", purpose="account-opening")
    paths = {
        next(iter(one["meta"].values())) if one["format"] == "mso_mdoc" else str(one["meta"]): [
            claim["path"] for claim in one["claims"]
        ]
        for one in query["credentials"]
    }

    needed = ("name", "birth_date", "subject", "assurance_level")  # the last two stand in no plain sight in an mdoc
    assert paths["example.sg.pid.1"] == [["example.sg.pid.1", name] for name in needed]
    assert paths["{'vct_values': ['urn:example:id:pid:1']}"] == [["nama"], ["tanggal_lahir"]]
    assert paths["{'type_values': [['ChangIdentity', 'VerifiableAttestation']]}"] == [
        ["credentialSubject", "givenName"], ["credentialSubject", "familyName"], ["credentialSubject", "birthDate"],
    ]  # fmt: skip


def test_an_age_is_asked_for_as_the_date_of_birth_where_no_age_is_stated(snapshot: TrustSnapshot) -> None:
    query = asked(snapshot, "age_over_18", purpose="age-check")
    singapore = next(one for one in query["credentials"] if one["meta"] == {"vct_values": ["urn:example:sg:pid:1"]})

    assert singapore["claims"] == [{"path": ["birthdate"]}]


def test_who_acts_for_a_company_shows_the_mandate_too(snapshot: TrustSnapshot) -> None:
    query = asked(snapshot, "name", "position", purpose="company-representation")

    assert [one["claims"][-1]["path"] for one in query["credentials"]] == [["represents"], ["dai_dien"]]


def test_what_another_state_recognises_is_asked_for_there(snapshot: TrustSnapshot) -> None:
    here = asked(snapshot, "name", purpose="account-opening")
    there = asked(snapshot, "name", purpose="account-opening", by=MemberState.SG)

    assert here != there
