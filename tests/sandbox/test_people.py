"""The people: two or more for each state, in their own scripts, and unharmed on their way into a report."""

import unicodedata
from collections import Counter
from dataclasses import replace

import pytest

from idbridge.model.credential import PersonName
from idbridge.model.region import Format, MemberState
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.logins import Login
from idbridge.sandbox.people import Person, claims_of, population, renumbered
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.questions import question
from idbridge.sandbox.recipe import Source
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.sandbox.sources import services_of
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.verify.verifier import Verifier
from tests.sandbox.regions import NOON, region, snapshot

PEOPLE = tuple(population().people.values())
SCRIPTS = {
    MemberState.TH: "THAI",
    MemberState.KH: "KHMER",
    MemberState.LA: "LAO",
    MemberState.MM: "MYANMAR",
}


def sources(person: Person) -> list[Source]:
    """A login or presentation at every service of the person's state that serves people today."""
    found: list[Source] = []
    for source in services_of(region().sources.lists[person.state]):
        if "entity" in source["claims"] or "encryption" in source:
            continue  # a login for companies, or one that arrives encrypted: `sandbox.full_logins` makes those
        granted = source["status"][-1]["status"] == "granted" and source["status"][-1]["from"] < "2027"
        if granted and Format.ID_TOKEN.value in source["formats"]:
            found.append(Login(source["id"], person.id))
        elif granted and Format.SD_JWT_VC.value in source["formats"]:
            found.append(Presentation(source["id"], person.id))
    return found


def verified_name(source: Source) -> PersonName:
    """The name in the verified credential, whether or not anybody recognises it."""
    asking = region().registration("th-bank")
    shown = source.shown(Bench(region(), NOON, SeededRandomness(b"people")), to=asking)
    body = {"credential": shown.credential, "purpose": "account-opening", "expected": {"nonce": shown.nonce}}
    report = Verifier(trust=snapshot(), status=EMPTY_STATUS).verify(
        question(body, relying_party=asking.relying_party), at=NOON
    )
    credential = report.findings.credential
    assert credential is not None, report.reason
    assert credential.name is not None
    return credential.name


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.id)
def test_a_name_arrives_in_the_report_as_its_state_writes_it(person: Person) -> None:
    names = [verified_name(source) for source in sources(person)]

    assert names
    for name in names:
        listed = {part.kind for part in name.parts}
        assert (name.display, name.native) == (person.display, person.display)
        assert name.parts == tuple(part for part in person.parts if part.kind in listed)


def test_a_mononym_has_one_part_and_no_family_name() -> None:
    suharti, thida = (
        verified_name(source) for source in (Login("id-login", "id-suharti"), Presentation("mm-card", "mm-thida"))
    )

    assert [part.kind for part in (*suharti.parts, *thida.parts)] == ["single", "single"]
    assert thida.latin == "Thida"
    assert suharti.latin is None


def test_a_family_name_comes_first_where_it_does_at_home() -> None:
    name = verified_name(Login("vn-login", "vn-maianh"))

    assert [part.native for part in name.parts] == ["Nguyễn", "Thị", "Mai Anh"]
    assert name.display == "Nguyễn Thị Mai Anh"


def test_a_patronymic_stays_one() -> None:
    name = verified_name(Login("my-login", "my-arvind"))

    assert [(part.kind, part.native) for part in name.parts] == [("given", "Arvind"), ("patronymic", "Suresh")]
    assert name.display == "Arvind a/l Suresh"


@pytest.mark.parametrize(("state", "script"), SCRIPTS.items())
def test_names_stand_in_the_script_of_the_state_with_latin_beside_it(state: MemberState, script: str) -> None:
    for person in population().of(state):
        letters = {letter for part in person.parts for letter in part.native if letter.isalpha()}

        assert all(unicodedata.name(letter).startswith(script) for letter in letters)
        assert person.latin is not None
        assert person.latin.isascii()


def test_a_name_is_written_in_one_way_only() -> None:
    spelt = [name for person in PEOPLE for name in (person.display, *(part.native for part in person.parts))]

    assert all(unicodedata.is_normalized("NFC", name) for name in spelt)


def test_every_state_has_at_least_two_people() -> None:
    by_state = Counter(person.state for person in PEOPLE)

    assert len(PEOPLE) >= 22
    assert set(by_state) == set(MemberState)
    assert min(by_state.values()) >= 2


def test_nobody_shares_a_subject_or_a_number() -> None:
    assert len({person.subject for person in PEOPLE}) == len(PEOPLE)
    assert len({person.facts["personal_number"] for person in PEOPLE}) == len(PEOPLE)


def test_a_provider_says_nothing_that_it_does_not_list() -> None:
    person = population().people["th-kitti"]
    claim_map = region().service("th-broker").claim_map

    assert set(claims_of(person, claim_map)) == {
        "sub", "given_name", "given_name_en", "family_name", "family_name_en", "birthdate", "phone_number",
    }  # fmt: skip


def test_latin_forms_are_never_made_up() -> None:
    half = replace(
        population().people["th-kitti"],
        parts=tuple(replace(part, latin=None) for part in population().people["th-kitti"].parts),
    )

    assert half.latin is None
    assert "given_name_en" not in claims_of(half, region().service("th-login").claim_map)


def test_people_under_other_numbers_are_the_same_people_and_still_nobody_real() -> None:
    others = renumbered(population(), SeededRandomness(b"another occasion")).people

    for person in PEOPLE:
        other = others[person.id]
        assert other.subject != person.subject
        assert other.facts["personal_number"] != person.facts["personal_number"]
        assert (other.display, other.parts) == (person.display, person.parts)
        for was, now in (
            (person.subject, other.subject),
            (person.facts["personal_number"], other.facts["personal_number"]),
        ):
            assert [letter for letter in now if not letter.isdecimal()] == [one for one in was if not one.isdecimal()]
            assert now[:-6] == was[:-6]
        if person.facts["personal_number"] == person.subject:
            assert other.facts["personal_number"] == other.subject
