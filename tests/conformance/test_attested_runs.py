"""What an attestation says of the run: chosen, waived, declared or impossible, it proves no profile as a whole."""

from typing import Any

import pytest

from idbridge.conformance.attestation import attest, digest_of
from idbridge.conformance.corpus import shipped
from idbridge.conformance.examination import Question, examined
from idbridge.conformance.judge import declined, judged
from idbridge.conformance.profiles import Profile, Reach
from idbridge.conformance.record import Record
from idbridge.conformance.target import Description
from idbridge.errors import ConfigurationError
from idbridge.reasons import Indication
from tests.conformance.attesting import (
    FAILED,
    INDETERMINATE,
    NAME,
    OURS,
    PASSED,
    WHOLE,
    answer,
    attested,
    resigned,
    terms,
)
from tests.conformance.records import AT, accepted, as_it_must, cases, of_every_outcome, record, refused_case


def test_a_run_of_chosen_cases_proves_no_profile() -> None:
    case = cases(1)[0]
    text = attested(record([judged(case, as_it_must(case))], chosen_by=(case.id,)))

    assert examined(text, terms()).indication is INDETERMINATE
    assert answer(examined(text, terms(profiles=(Profile.VERIFIER,))), Question.PROFILES) is FAILED


def test_a_run_that_hides_that_it_was_chosen_proves_no_profile_either() -> None:
    few = record([judged(case, as_it_must(case)) for case in cases(3)])

    assert answer(examined(attested(few), terms()), Question.PROFILES) is INDETERMINATE
    assert answer(examined(attested(few), terms(profiles=(Profile.VERIFIER,))), Question.PROFILES) is FAILED


def test_a_profile_that_was_not_run_is_missing() -> None:
    asked = terms(profiles=(Profile.VERIFIER, Profile.ISSUER))
    found = examined(attested(), asked).of(Question.PROFILES)

    assert found is not None
    assert found.indication is FAILED
    assert "issuer" in found.words


def test_a_run_that_is_not_passed_is_attested_only_when_asked_and_says_so() -> None:
    run = of_every_outcome()
    with pytest.raises(ConfigurationError, match="not passed"):
        attest(run, shipped(), name=NAME, at=AT, signer=OURS, allow_failures=False)
    found = examined(attested(run), terms())

    assert answer(found, Question.OUTCOME) is FAILED
    assert found.attestation is not None
    assert found.attestation.passed is False


def test_a_whole_run_with_a_pinned_signer_counts() -> None:
    found = examined(attested(), terms(record=WHOLE, profiles=(Profile.VERIFIER,)))
    attestation = found.attestation

    assert [one.words for one in found.findings if one.indication is not PASSED] == []
    assert attestation is not None
    assert (attestation.name, attestation.target_name, attestation.reach) == (NAME, "a verifier", Reach.CLI)
    assert attestation.record_digest == digest_of(WHOLE)
    assert attestation.profiles[Profile.VERIFIER].is_whole


def test_waivers_are_attested_with_their_reasons_and_those_that_nothing_needed_are_not() -> None:
    case, rest = refused_case(), cases()
    results = [judged(one, as_it_must(one)) for one in rest if one != case]
    run = record(
        [*results, judged(case, accepted(case), waiver="until May")],
        waivers={case.id: "until May", "not-run": "whatever"},
    )
    found = examined(attested(run), terms(waivers=1))

    assert found.indication is PASSED
    assert found.attestation is not None
    assert dict(found.attestation.waivers) == {case.id: "until May"}
    assert not found.attestation.profiles[Profile.VERIFIER].is_whole


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        ({}, INDETERMINATE),
        ({"waived": frozenset({"another"})}, INDETERMINATE),
        ({"waived": frozenset({"another"}), "waivers": 1}, PASSED),
        ({"waived": frozenset({refused_case().id})}, PASSED),
        ({"waivers": 1}, PASSED),
        ({"waivers": None}, PASSED),
    ],
)
def test_a_failure_that_was_waived_is_borne_only_by_whoever_says_so(
    allowed: dict[str, Any], expected: Indication
) -> None:
    case = refused_case()
    results = [judged(one, as_it_must(one)) for one in cases() if one != case]
    run = record([*results, judged(case, accepted(case), waiver="until May")], waivers={case.id: "until May"})

    for profiles in ((), (Profile.VERIFIER,)):
        found = examined(attested(run), terms(profiles=profiles, **allowed))

        assert (answer(found, Question.WAIVERS), found.indication) == (expected, expected)


def declaring(*names: str) -> Record:
    """Return a run of a target that answers as it must, but for what it declares not to do."""
    described = Description("a verifier", "2.1", frozenset(names))
    results = [declined(one, described) if described.declines(one) else judged(one, as_it_must(one)) for one in cases()]
    return record(results, description=described)


def test_what_was_declared_as_not_implemented_proves_no_profile() -> None:
    almost_nothing = declaring("id-token", "sd-jwt-vc", "mdoc", "w3c-vc", "qr")
    found = examined(attested(almost_nothing), terms(profiles=(Profile.VERIFIER,)))
    one = found.of(Question.PROFILES)

    assert found.attestation is not None
    assert not found.attestation.profiles[Profile.VERIFIER].is_whole
    assert one is not None
    assert (one.indication, found.indication) == (INDETERMINATE, INDETERMINATE)
    left = almost_nothing.counts["not_implemented"]
    assert f"{left} cases are not implemented, declared as id-token, mdoc, qr, sd-jwt-vc, w3c-vc" in one.words
    assert "whole" not in one.words


@pytest.mark.parametrize("declared", ["qr", "IDB-QR", "mdoc-expired", "state", "state.spent"])
def test_what_was_declared_is_borne_only_by_whoever_names_it(declared: str) -> None:
    text = attested(declaring(declared))
    demanded = {"profiles": (Profile.VERIFIER,)}

    assert answer(examined(text, terms(**demanded)), Question.PROFILES) is INDETERMINATE
    assert answer(examined(text, terms(**demanded, without=frozenset({"other"}))), Question.PROFILES) is INDETERMINATE
    assert examined(text, terms(**demanded, without=frozenset({declared}))).indication is PASSED


def test_a_profile_of_which_no_case_passed_is_proved_to_nobody_whatever_they_can_do_without() -> None:
    described = Description("a verifier", "2.1", frozenset({"state"}))
    profiles = (Profile.VERIFIER, Profile.TRUST_LIST_CONSUMER)
    put = shipped().chosen(profiles)
    results = [declined(one, described) if described.declines(one) else judged(one, as_it_must(one)) for one in put]
    text = attested(record(results, description=described, profiles=profiles))
    without = {"without": frozenset({"state"})}

    demanded = examined(text, terms(profiles=(Profile.TRUST_LIST_CONSUMER,), **without)).of(Question.PROFILES)

    assert demanded is not None
    assert (demanded.indication, demanded.words) == (FAILED, "no case passed of: trust-list-consumer")
    assert answer(examined(text, terms(**without)), Question.PROFILES) is INDETERMINATE
    assert answer(examined(text, terms(profiles=(Profile.VERIFIER,), **without)), Question.PROFILES) is PASSED


def test_what_has_to_be_refused_is_never_declared_away() -> None:
    with pytest.raises(ConfigurationError, match="negative, which nobody can"):
        attested(declaring("negative"))
    text = resigned(lambda one: one["subject"].update(not_implemented=["negative"]))

    assert answer(examined(text, terms(without=frozenset({"negative"}))), Question.PROFILES) is FAILED


def test_a_corpus_that_is_not_installed_is_not_believed_about_how_many_cases_it_has() -> None:
    few = {"in_corpus": 1, "cases": 1, "passed": 1}
    other = "ab" * 32

    def small(one: dict[str, Any]) -> None:
        one["corpus"].update(digest=other)
        one["profiles"]["verifier"].update(few)

    found = examined(resigned(small), terms(corpus_digest=other, profiles=(Profile.VERIFIER,)))

    assert answer(found, Question.COUNTS) is INDETERMINATE
    assert found.indication is INDETERMINATE


@pytest.mark.parametrize(("reach", "profile"), [("builtin", "wallet"), ("cli", "gateway"), ("list", "verifier")])
def test_a_profile_that_such_a_target_cannot_prove_is_refused(reach: str, profile: str) -> None:
    number = len(shipped().chosen([Profile(profile)]))

    def lie(one: dict[str, Any]) -> None:
        one["subject"].update(reach=reach)
        tally = dict.fromkeys(one["profiles"]["verifier"], 0) | dict.fromkeys(("in_corpus", "cases", "passed"), number)
        one["profiles"] = {profile: tally}

    assert answer(examined(resigned(lie), terms()), Question.REACH) is FAILED


def test_a_run_of_our_own_library_says_so_and_proves_nothing_of_anybody_else() -> None:
    text = attested(record(target="builtin"))
    found = examined(text, terms(profiles=(Profile.VERIFIER,)))
    one = found.of(Question.REACH)

    assert one is not None
    assert "own library" in one.words
    assert found.indication is INDETERMINATE
    assert examined(text, terms()).indication is PASSED


def test_an_attestation_says_how_many_cases_were_minted_for_the_run() -> None:
    few = [judged(case, as_it_must(case, fresh=bool(number))) for number, case in enumerate(cases(3))]
    minted, known = record(few), record([judged(case, as_it_must(case)) for case in cases(3)])

    for made, words in ((minted, "2 of 3"), (known, "0 of 3")):
        found = examined(attested(made), terms(record=made)).of(Question.REACH)
        assert found is not None
        assert found.words == f"reached as cli; {words} cases were minted for the run"


def test_a_record_in_which_fewer_were_minted_than_was_signed_is_another_one() -> None:
    found = examined(resigned(lambda told: told["run"].update(minted=3)), terms(record=WHOLE))

    assert answer(found, Question.RECORD) is FAILED


@pytest.mark.parametrize("number", [0, -1, True, "3", 1.5])
def test_a_number_of_minted_cases_that_is_none_is_no_attestation(number: object) -> None:
    found = examined(resigned(lambda told: told["run"].update(minted=number)), terms())

    assert answer(found, Question.SIGNATURE) is FAILED


@pytest.mark.parametrize(("more", "due"), [(0, PASSED), (1, FAILED)])
def test_no_more_cases_were_minted_than_were_put_to_the_target(more: int, due: Indication) -> None:
    minted = len(WHOLE.rows) + more
    found = examined(resigned(lambda payload: payload["run"].update(minted=minted)), terms())

    assert answer(found, Question.COUNTS) is due
