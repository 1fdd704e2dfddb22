"""The recognition table against the whole pipeline, over the whole pretend region: they never say different things."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from idbridge.model.login import Encryption
from idbridge.model.region import Format, MemberState
from idbridge.model.request import VerifyRequest
from idbridge.reasons import Indication
from idbridge.recognition.table import ServiceRow, recognition_table
from idbridge.sandbox.codes import Code
from idbridge.sandbox.companies import CompanyPresentation
from idbridge.sandbox.full_logins import FullLogin
from idbridge.sandbox.logins import Login
from idbridge.sandbox.mdocs import Mdoc
from idbridge.sandbox.people import population
from idbridge.sandbox.presentations import Presentation, Representation
from idbridge.sandbox.recipe import Source
from idbridge.sandbox.services import Service
from idbridge.sandbox.sources import services_of
from idbridge.sandbox.w3c import Vc
from tests.recognition.agreement import PretendRegion, assert_table_and_pipeline_agree
from tests.verify.pretend import NOON, asked, reasons, region, verifier

SENT = Encryption("ECDH-ES", "A256GCM")
PURPOSES = sorted(verifier().trust.purposes.purposes)
STATES = verifier().trust.listed_states()


# Listed with an authority that does not keep the profile of mdocs, which only a credential shows.
UNUSABLE = {"sg-mdoc-pilot": "issuer.certificate_profile"}


def providers() -> Iterator[Service]:
    """Every service of the region that issues identities, with its keys."""
    for table in region().sources.lists.values():
        for source in services_of(table):
            if source["type"] in ("login", "pid-issuance", "attestation-issuance") and source["id"] not in UNUSABLE:
                yield region().service(source["id"])


def best_of(service: Service) -> Source:
    """The best that a service can have issued: at its highest level, bound, for a company if it knows companies."""
    person = population().of(service.state)[0].id
    named = [one.id for one in population().companies.values() if one.state is service.state]
    formats = set(map(Format, service.source["formats"]))
    if "entity" in service.claim_map and Format.SD_JWT_VC in formats:
        return CompanyPresentation(service.id, named[0])
    if "entity" in service.claim_map or "encryption" in service.source:
        return FullLogin(service.id, person, company=named[0] if "entity" in service.claim_map else None)
    if Format.ID_TOKEN in formats:
        return Login(service.id, person)
    if Format.QR in formats:
        return Code(service.id, person)
    if Format.MDOC in formats:
        return Mdoc(service.id, person)
    if formats & {Format.JWT_VC_JSON, Format.VC_JWT, Format.VC_SD_JWT}:
        return Vc(service.id, person)
    company = Representation(named[0]) if "mandate" in service.claim_map else None
    return Presentation(service.id, person, represents=company)


@cache
def shown(service_id: str) -> VerifyRequest:
    """The best credential of a service, as a bank received it."""
    service = region().service(service_id)
    sent = SENT if service.source.get("encryption") == "required" else None
    named = Format.QR if Format.QR.value in service.source["formats"] else None  # not every code says what it is
    return asked(best_of(service), encryption=sent, format=named)


def rows(service: Service, *, by: MemberState, purpose: str) -> list[ServiceRow]:
    """The rows of the table that are about this service: one for each list entry with its key."""
    thumbprint = {key.thumbprint for entry in verifier().trust.by_issuer(service.issuer) for key in entry.keys}
    state = [listed for listed in STATES if listed.member_state == service.state]
    (row,) = recognition_table(state, standings=verifier().standings, by=by, purpose=purpose, at=NOON)
    named = service.source["name"]["en"]
    found = [one for one in row.services if one.service.issuer == service.issuer and one.service.name == named]
    assert found, (service.id, thumbprint)
    return found


@pytest.mark.parametrize(("name", "code"), UNUSABLE.items())
def test_what_the_table_cannot_know_is_refused_for_itself(name: str, code: str) -> None:
    assert reasons(verifier().verify(shown(name), at=NOON)) == [code]


@pytest.mark.parametrize("service", list(providers()), ids=lambda service: service.id)
def test_the_table_says_of_every_service_what_becomes_of_its_best_credential(service: Service) -> None:
    request = shown(service.id)
    for by in MemberState:
        for purpose in PURPOSES:
            party = replace(request.relying_party, state=by, purposes=frozenset({purpose}))
            report = verifier().verify(replace(request, relying_party=party, purpose=purpose), at=NOON)
            (row,) = rows(service, by=by, purpose=purpose)

            assert (row.code is None) is (report.indication is Indication.PASSED), (
                by,
                purpose,
                row.code,
                reasons(report),
            )
            assert row.code is None or row.code in reasons(report), (by, purpose)
            if row.code is None:
                identity = report.require_passed()
                assert identity.level == row.level
                assert (identity.arrangement, identity.arrangement_version) == (
                    row.standing.arrangement,
                    row.standing.version,
                )


def test_every_row_of_the_region_is_borne_out_by_step_v7() -> None:
    assert_table_and_pipeline_agree(
        PretendRegion(
            states=STATES,
            standings=verifier().standings,
            purposes=tuple(verifier().trust.purposes.purposes.values()),
            at=NOON,
        )
    )


def test_the_region_has_something_to_agree_about() -> None:
    codes = {
        row.code
        for by in MemberState
        for purpose in PURPOSES
        for row in recognition_table(STATES, standings=verifier().standings, by=by, purpose=purpose, at=NOON)
    }

    assert {None, "recognition.no_arrangement", "recognition.observer_state", "recognition.suspended"} <= codes
