"""The examination of an attestation: who signed, and does it still count? Every question is answered, none by silence.

Whose key signed, only whoever examines can know: without a pinned signer nothing is decided. The age is that of the
run, so that signing an old run again does not make it younger.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from idbridge.conformance.attestation import Attestation, contradicted, digest_of, open_attestation
from idbridge.conformance.corpus import Corpus, CorpusFacts
from idbridge.conformance.declaration import STATE, undeclarable
from idbridge.conformance.logged import Logged, parse_unverified, verify
from idbridge.conformance.profiles import PROFILES, Profile, Reach
from idbridge.conformance.record import Record
from idbridge.errors import ConfigurationError, EvidenceError, InputError, JoseError
from idbridge.limits import LIMITS
from idbridge.model.time import instant_text
from idbridge.reasons import Indication
from idbridge.trust.published_test_keys import CODE as PUBLISHED
from idbridge.trust.published_test_keys import published

_NAMES: Final = 12  # of what was declared or waived; the attestation has all of them


class Question(StrEnum):
    """What is asked of an attestation."""

    SIGNATURE = "signature"
    SIGNER = "signer"
    OUTCOME = "outcome"
    COUNTS = "counts"
    CORPUS = "corpus"
    AGE = "age"
    REACH = "reach"
    PROFILES = "profiles"
    WAIVERS = "waivers"
    RECORD = "record"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question, in words; ``code`` is a reason of the catalogue where one says it."""

    question: Question
    indication: Indication
    words: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """All answers, at least one. ``attestation`` is ``None`` if the signature did not even verify.

    Raises:
        ValueError: Nothing was asked.
    """

    attestation: Attestation | None
    findings: tuple[Finding, ...]

    def __post_init__(self) -> None:
        if not self.findings:
            raise ValueError("an examination asks something")

    @property
    def indication(self) -> Indication:
        """The worst of the answers."""
        found = {one.indication for one in self.findings}
        order = (Indication.FAILED, Indication.INDETERMINATE)
        return next((one for one in order if one in found), Indication.PASSED)

    def of(self, question: Question) -> Finding | None:
        """Return the answer to one question, if it was asked."""
        return next((one for one in self.findings if one.question is question), None)


@dataclass(frozen=True, slots=True)
class Kept:
    """The record that somebody kept of a run, and the cases of this installation, by which it is counted again."""

    record: Record
    corpus: Corpus


@dataclass(frozen=True, slots=True)
class Terms:
    """What whoever examines demands, and when.

    ``signers`` are thumbprints (RFC 7638) of keys that are known to be the integrator's. ``corpus`` is what this
    installation has; ``corpus_digest`` is the one demanded, its own if ``None``. ``profiles`` have to be proved as a
    whole, but for what ``without`` names as it was declared; of the cases that failed as expected, those of ``waived``
    are borne and ``waivers`` more, any number if ``None``. ``kept`` is held against what was signed, word by word, and
    ``logged`` has to be a receipt of it.
    """

    signers: frozenset[str]
    corpus: CorpusFacts
    at: datetime
    max_age: timedelta = LIMITS.conformance_attestation_age
    corpus_digest: str | None = None
    profiles: tuple[Profile, ...] = ()
    without: frozenset[str] = frozenset()
    waived: frozenset[str] = frozenset()
    waivers: int | None = 0
    kept: Kept | None = None
    logged: Logged | None = None


def examined(text: str, terms: Terms) -> Examination:
    """Return what ``text`` is worth under ``terms``. It never raises for what somebody put into ``text``."""
    try:
        attestation = open_attestation(text)
    except (InputError, JoseError) as refusal:
        words = refusal.detail or "it is no attestation that can be believed"
        return Examination(None, (Finding(Question.SIGNATURE, Indication.FAILED, words, refusal.code),))
    key = attestation.signer
    words = f"it is signed with the key {key.thumbprint}"
    first = Finding(Question.SIGNATURE, Indication.PASSED, words)
    in_log = () if terms.logged is None else (_logged(text, terms.logged),)
    return Examination(attestation, (first, *_answers(attestation, terms), *in_log))


def _answers(attestation: Attestation, terms: Terms) -> Iterator[Finding]:
    yield _signer(attestation, terms)
    yield _outcome(attestation)
    yield _counts(attestation, terms)
    yield _corpus(attestation, terms)
    yield _age(attestation, terms)
    yield _reach(attestation, terms)
    yield _profiles(attestation, terms)
    yield _waivers(attestation, terms)
    if terms.kept is not None:
        yield _record(attestation, terms.kept)


def _passed(question: Question, words: str) -> Finding:
    return Finding(question, Indication.PASSED, words)


def _open(question: Question, words: str) -> Finding:
    return Finding(question, Indication.INDETERMINATE, words)


def _failed(question: Question, words: str, code: str | None = None) -> Finding:
    return Finding(question, Indication.FAILED, words, code)


def _signer(attestation: Attestation, terms: Terms) -> Finding:
    signer = attestation.signer.thumbprint
    if signer in published():
        return _failed(Question.SIGNER, "everybody can sign with this key: its private half is published", PUBLISHED)
    if not terms.signers:
        return _open(Question.SIGNER, "no signer is pinned, so that anybody may have signed")
    if signer not in terms.signers:
        return _failed(Question.SIGNER, "another key signed than the one that is pinned")
    return _passed(Question.SIGNER, f"the pinned key of {attestation.name}, as it is called there")


def _outcome(attestation: Attestation) -> Finding:
    tallies = attestation.profiles.values()
    failed, errors = sum(one.failed for one in tallies), sum(one.errors for one in tallies)
    if not attestation.passed:
        return _failed(Question.OUTCOME, f"it attests a run that is not passed: {failed} failed, {errors} errors")
    passed, cases = sum(one.passed for one in tallies), sum(one.cases for one in tallies)
    left = sum(one.not_implemented for one in tallies)
    words = f"{passed} of {cases} cases passed" + (f", {left} are not implemented" if left else "")
    return _passed(Question.OUTCOME, words)


def _counts(attestation: Attestation, terms: Terms) -> Finding:
    tallies = attestation.profiles
    if not all(one.adds_up for one in tallies.values()):
        return _failed(Question.COUNTS, "the counts of a profile do not add up")
    good = not any(one.failed or one.errors for one in tallies.values()) and any(one.passed for one in tallies.values())
    if good is not attestation.passed:
        return _failed(Question.COUNTS, "it is called passed otherwise than its counts say")
    if sum(one.expected_failures for one in tallies.values()) != len(attestation.waivers):
        return _failed(Question.COUNTS, "there are other waivers than expected failures")
    if any(one.not_implemented for one in tallies.values()) and not attestation.not_implemented:
        return _failed(Question.COUNTS, "cases are not implemented, and nothing declares that")
    if attestation.minted > sum(one.cases - one.not_implemented for one in tallies.values()):
        return _failed(Question.COUNTS, "more cases are called minted for the run than were put to the target")
    if attestation.corpus_digest != terms.corpus.digest:
        return _open(
            Question.COUNTS, "how many cases that corpus has, only its own word says: it is not installed here"
        )
    short = [name for name, one in tallies.items() if one.in_corpus != terms.corpus.cases[name]]
    if short:
        return _failed(Question.COUNTS, f"the corpus has another number of cases of {short[0].value}")
    return _passed(Question.COUNTS, "the counts add up")


def _corpus(attestation: Attestation, terms: Terms) -> Finding:
    demanded = terms.corpus_digest or terms.corpus.digest
    if attestation.corpus_digest != demanded:
        words = f"the run was made with another corpus: {attestation.corpus_version} {attestation.corpus_digest}"
        return _failed(Question.CORPUS, words)
    return _passed(Question.CORPUS, f"corpus {attestation.corpus_version} {demanded}")


def _age(attestation: Attestation, terms: Terms) -> Finding:
    run_at, signed_at = attestation.run_at, attestation.signed_at
    if signed_at > terms.at + LIMITS.list_issue_skew:
        return _failed(Question.AGE, f"it was signed in the future, at {instant_text(signed_at)}")
    if run_at > signed_at + LIMITS.list_issue_skew:
        return _failed(Question.AGE, "it was signed before the run was made")
    days = max((terms.at - run_at).days, 0)
    if terms.at - run_at > terms.max_age:
        return _failed(Question.AGE, f"the run is {days} days old, and {terms.max_age.days} are allowed")
    return _passed(Question.AGE, f"the run was made at {instant_text(run_at)}, {days} days ago")


def _reach(attestation: Attestation, terms: Terms) -> Finding:
    reach = attestation.reach
    strange = [one.value for one in attestation.profiles if reach not in PROFILES[one].reaches]
    if strange:
        return _failed(Question.REACH, f"nobody proves {', '.join(strange)} by a target reached as {reach.value}")
    if reach is Reach.BUILTIN:
        words = "it attests IdBridge's own library, and nothing that anybody else made or runs"
        return _open(Question.REACH, words) if terms.profiles else _passed(Question.REACH, words)
    words = f"reached as {reach.value}"
    if attestation.minted or reach is Reach.CLI:
        put = sum(one.cases - one.not_implemented for one in attestation.profiles.values())
        words += f"; {attestation.minted} of {put} cases were minted for the run"
    return _passed(Question.REACH, words)


def _profiles(attestation: Attestation, terms: Terms) -> Finding:
    tallies = attestation.profiles
    if refused := undeclarable(attestation.not_implemented):
        return _failed(Question.PROFILES, f"{', '.join(refused)} is declared as not implemented, which nobody can")
    absent = [one.value for one in terms.profiles if one not in tallies]
    if absent:
        return _failed(Question.PROFILES, f"nothing was run of: {', '.join(absent)}")
    if attestation.chosen_by:
        words = f"only some cases were run, chosen by {', '.join(attestation.chosen_by)}"
        return Finding(Question.PROFILES, _of_part(terms.profiles), words)
    part = [f"{name.value} ({one.cases} of {one.in_corpus})" for name, one in tallies.items() if not one.is_run]
    demanded = tuple(one for one in terms.profiles if not tallies[one].is_run)
    if demanded or (part and not terms.profiles):
        return Finding(Question.PROFILES, _of_part(demanded), f"not every case was run of: {', '.join(part)}")
    unproved = [name.value for name in terms.profiles or tallies if not tallies[name].passed]
    if unproved:  # whatever somebody can do without, nothing at all proves nothing
        return Finding(Question.PROFILES, _of_part(terms.profiles), f"no case passed of: {', '.join(unproved)}")
    return _declared(attestation, terms) or _passed(Question.PROFILES, _standing(attestation))


def _declared(attestation: Attestation, terms: Terms) -> Finding | None:
    """Return what is to be said of what the target declared not to do; nothing if nobody has to be told."""
    declared = attestation.not_implemented
    unborne = [name for name in declared if name not in terms.without]
    asked = terms.profiles or tuple(attestation.profiles)
    left = sum(attestation.profiles[one].not_implemented for one in asked)
    if not unborne or not (left or any(name.partition(".")[0] == STATE for name in unborne)):
        return None
    words = f"{_standing(attestation)}; {left} cases are not implemented, declared as {_listed(unborne)}"
    return _open(Question.PROFILES, words)


def _standing(attestation: Attestation) -> str:
    tallies = attestation.profiles
    whole = [name.value for name, one in tallies.items() if one.is_whole]
    part = [f"{name.value} ({one.passed} of {one.in_corpus})" for name, one in tallies.items() if not one.is_whole]
    said = ((("whole: " + ", ".join(whole)) if whole else ""), (("in part: " + ", ".join(part)) if part else ""))
    return "; ".join(filter(None, said))


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMES
    return ", ".join(names[:_NAMES]) + (f" and {more} more" if more > 0 else "")


def _of_part(demanded: tuple[Profile, ...]) -> Indication:
    """Return what a part of a profile means: not enough for whoever demands it, and nothing certain for the others."""
    return Indication.FAILED if demanded else Indication.INDETERMINATE


def _waivers(attestation: Attestation, terms: Terms) -> Finding:
    number = len(attestation.waivers)
    words = f"{number} cases failed as expected, each with a reason" if number else "none"
    unborne = sorted(attestation.waivers.keys() - terms.waived)
    asked = terms.profiles or tuple(attestation.profiles)
    concerned = any(attestation.profiles[one].expected_failures for one in asked if one in attestation.profiles)
    if concerned and terms.waivers is not None and len(unborne) > terms.waivers:
        return _open(Question.WAIVERS, f"{words}: {_listed(unborne)}")
    return _passed(Question.WAIVERS, words)


def _record(attestation: Attestation, kept: Kept) -> Finding:
    """Return whether all that was signed follows from the record: its digest alone says nothing of the counts."""
    if digest_of(kept.record) != attestation.record_digest:
        return _failed(Question.RECORD, "the record is another one than was attested")
    if kept.record.corpus_digest != kept.corpus.digest():
        return _open(Question.RECORD, "its cases cannot be held against those of its corpus: it is not installed here")
    try:
        unlike = contradicted(attestation, kept.record, kept.corpus)
    except ConfigurationError as wrong:
        return _failed(Question.RECORD, f"the record that was attested is not in order: {wrong}")
    if unlike:
        return _failed(Question.RECORD, f"the record says otherwise than what was signed: {', '.join(unlike)}")
    return _passed(Question.RECORD, "the record is the one that was attested")


def _logged(text: str, logged: Logged) -> Finding:
    """Return whether the receipt shows that this very attestation was written down, in a log that is known."""
    try:
        if logged.log is None:
            parse_unverified(logged.octets, text)
            return _open(Question.LOG, "no log is pinned, so that anybody may have made the receipt")
        found = verify(logged.octets, text, log=logged.log)
    except EvidenceError as refused:
        return _failed(Question.LOG, refused.detail or "its receipt proves nothing", refused.code)
    who = found.leaf.members["rp"]
    return _passed(Question.LOG, f"{who} had it written down as entry {found.index} of {found.log.origin}")
