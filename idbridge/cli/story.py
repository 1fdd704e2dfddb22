"""The story of a verdict, V1 to V9: what was asked, what each step found, what decided, and what it does not prove.

Told from the report alone and decides nothing; the words are for a person, the ids of the checks for whoever looks them
up. Of the credential's holder it says nothing: no claim, no name, no number.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from idbridge.cli.story_words import WORDS
from idbridge.model.check import Check, Result, Step
from idbridge.model.credential import HolderMethod
from idbridge.model.region import Format
from idbridge.model.time import instant_text
from idbridge.reasons import Indication
from idbridge.verify.report import Report

TITLES: Final = {
    Step.V1: "The question",
    Step.V2: "What was shown",
    Step.V3: "Whose it is",
    Step.V4: "The signature",
    Step.V5: "What it says, and who shows it",
    Step.V6: "Whether it was revoked",
    Step.V7: "Whether it counts here",
    Step.V8: "What the asker demands",
    Step.V9: "The verdict",
}
_HOLDERS: Final = {
    HolderMethod.KB_JWT: "The sender proved with a key that it is theirs.",
    HolderMethod.DEVICE_SIG: "The sender's device proved with a key that it is theirs.",
    HolderMethod.DEVICE_MAC: "The sender's device proved with a shared secret that it is theirs.",
    HolderMethod.LOGIN: "The person logged in for this very question.",
    HolderMethod.NONE: "Nobody proved that it is theirs: whoever has a copy could show it.",
}


@dataclass(frozen=True, slots=True)
class Chapter:
    """One step: what happened there in words, and every check that was made or left out."""

    step: Step
    result: Result
    said: tuple[str, ...]
    checks: tuple[Check, ...] = ()

    @property
    def title(self) -> str:
        """What the step is about."""
        return TITLES[self.step]


def told(report: Report) -> tuple[Chapter, ...]:
    """Return the nine chapters of ``report``; every check of it stands in one of them."""
    by_step: dict[Step, list[Check]] = {step: [] for step in Step}
    for check in report.checks:
        by_step[check.step].append(check)
    return tuple(_chapter(step, report, tuple(checks)) for step, checks in by_step.items())


def _chapter(step: Step, report: Report, checks: tuple[Check, ...]) -> Chapter:
    result = Result(report.indication.value) if step is Step.V9 else _worst(checks)
    if step is Step.V8 and result is Result.PASSED and report.findings.recognised is None:
        result = Result.SKIPPED  # whether it may be asked at all was looked at, and nothing else
    return Chapter(step, result, tuple(_TELLERS[step](report, result)), checks)


def _worst(checks: tuple[Check, ...]) -> Result:
    """Return the worst that came of a step; PASSED where nothing is checked, SKIPPED where nothing was."""
    found = [check.result for check in checks]
    for worst in (Result.FAILED, Result.INDETERMINATE):
        if worst in found:
            return worst
    return Result.SKIPPED if found and all(one is Result.SKIPPED for one in found) else Result.PASSED


def not_proven(report: Report) -> tuple[str, ...]:
    """Return what the verdict does not prove, however it came out."""
    found = []
    if report.indication is not Indication.PASSED:
        found.append("That the person is dishonest: most refusals have an innocent cause, which the remedy names.")
    credential = report.findings.credential
    if credential is None or not credential.holder.bound:
        found.append("That whoever shows it is the person in it: look at them, or ask for a bound one.")
    if credential is not None and credential.status_reference is None:
        found.append("That it was not cancelled since: its issuer offers nowhere to look that up.")
    found.append("That it will be good tomorrow: the answer is about one instant, and one set of official lists.")
    found.append("Anything that it does not state: what is not shared is not known.")
    return tuple(found)


def _question(report: Report, _result: Result) -> Iterator[str]:
    request, party = report.request, report.request.relying_party
    yield f"{party.name} asks for {party.state}, for the purpose {request.purpose}, at {instant_text(report.at)}."
    expected = request.expected
    wanted = [
        f"a level of {expected.minimum_level} or more" if expected.minimum_level is not None else "",
        "its own nonce in the answer" if expected.nonce is not None else "",
        f"an answer made for {expected.audience}" if expected.audience is not None else "",
        f"somebody who acts for {' '.join(expected.entity)}" if expected.entity is not None else "",
        f"the format {request.format}" if request.format is not None else "",
    ]
    named = ", ".join(one for one in wanted if one)
    yield f"It expects {named}." if named else "It expects nothing more of the answer."
    yield f"It wants to know: {', '.join(request.claims)}." if request.claims else "It asks for no claims."
    if report.historical:
        yield "The question is about another instant than now, so the answer accepts nothing today."


def _shown(report: Report, result: Result) -> Iterator[str]:
    unverified = report.findings.unverified
    if unverified is None:
        yield WORDS[Step.V2].of(result)
        return
    yield f"It has the shape of {_ARTICLES.get(unverified.format, 'the format')} ({unverified.format})."
    named = "says who issued it" if unverified.unverified_issuer is not None else "brings certificates of who issued it"
    yield f"It {named}; up to here nobody believes it."
    others = len(report.findings.others)
    if others:
        yield f"It came with {others} more; each was judged, and the story is that of the one that decides."


def _listed(report: Report, result: Result) -> Iterator[str]:
    resolved = report.findings.resolved
    if resolved is None:
        yield WORDS[Step.V3].of(result)
        return
    service = resolved.service
    period = service.status_at(report.at)
    status = period.status.value.rpartition(":")[2] if period is not None else "not granted yet"
    held = report.trust.lists.get(service.member_state)
    edition = f" (edition {held.provenance.sequence}, from {instant_text(held.provenance.issued_at)})" if held else ""
    yield f"{service.member_state} lists it as {service.name}{edition}; at that instant the service is {status}."
    way = "by certificates that lead to a listed one" if resolved.path is not None else "in the list itself"
    yield f"The key to check with was found {way}."


def _signed(report: Report, result: Result) -> Iterator[str]:
    if not report.findings.signed or report.findings.unverified is None:
        yield WORDS[Step.V4].of(result)
        return
    algorithm = report.findings.unverified.message.header.algorithm
    yield f"The listed key signed exactly what was shown, with {algorithm}: not a letter was changed."


def _stated(report: Report, result: Result) -> Iterator[str]:
    credential = report.findings.credential
    if credential is None:
        yield WORDS[Step.V5].of(result)
        return
    issued, expires = credential.issued_at, credential.expires_at
    since = f"of {instant_text(issued)}" if issued is not None else "of an unknown day"
    until = f"good until {instant_text(expires)}" if expires is not None else "without an end of its own"
    yield f"It is {since}, and {until}."
    yield _HOLDERS[credential.holder.method]


def _revoked(report: Report, result: Result) -> Iterator[str]:
    status, credential = report.findings.status, report.findings.credential
    if status is None or credential is None:
        yield WORDS[Step.V6].skipped
    elif result is not Result.PASSED:
        yield WORDS[Step.V6].of(result)
    elif credential.status_reference is None:
        yield "Its issuer offers nowhere to look it up; its word at issue stands until it expires."
    else:
        as_of = f", as of {instant_text(status.as_of)}" if status.as_of is not None else ""
        yield f"The official lists that are held say: {status.state}{as_of}. Nobody was asked just now."


def _recognised(report: Report, result: Result) -> Iterator[str]:
    found = report.findings.recognised
    if found is None:
        yield WORDS[Step.V7].of(result)
        return
    under = (
        f"under the arrangement {found.arrangement}, version {found.arrangement_version}"
        if found.arrangement is not None
        else "as its own"
    )
    yield f"{found.by} recognises it for {found.purpose} {under}, at level {found.level}."
    credential = found.credential
    yield (
        f"Its own level {credential.national_level or 'none'} is worth {credential.identity} for identity and "
        f"{credential.authentication} for authentication."
    )
    yield from (f"Mind: {limit}." for limit in found.limits)


def _demanded(report: Report, result: Result) -> Iterator[str]:
    if result is Result.PASSED and report.findings.recognised is not None:
        yield "All that the asker demands of it is met."
    else:
        yield WORDS[Step.V8].of(result)


def _decided(report: Report, _result: Result) -> Iterator[str]:
    check, reason = report.decided_by, report.reason
    if check is None or reason is None:
        yield f"{report.indication}: every check that was made passed."
    else:
        yield f"{report.indication}: {check.id} at {check.step} decided, with {reason.code} ({reason.clause})."
        yield reason.developer
        if check.note:
            yield f"More exactly: {check.note}."
        yield f"What helps: {reason.remedy}"
    if report.accepted and report.grace is not None:
        yield "It is accepted all the same, in the grace that the states agreed on."
    claims, withheld = report.released()
    if claims:
        yield f"Released: {', '.join(claims)}."
    if withheld:
        yield "Not released: " + ", ".join(f"{entry['claim']} ({entry['why']})" for entry in withheld) + "."


_TELLERS: Final = {
    Step.V1: _question,
    Step.V2: _shown,
    Step.V3: _listed,
    Step.V4: _signed,
    Step.V5: _stated,
    Step.V6: _revoked,
    Step.V7: _recognised,
    Step.V8: _demanded,
    Step.V9: _decided,
}
_ARTICLES: Final = {
    Format.ID_TOKEN: "the token of a login",
    Format.SD_JWT_VC: "a wallet credential",
    Format.MDOC: "a mobile document",
    Format.JWT_VC_JSON: "a W3C credential",
    Format.VC_JWT: "a W3C credential",
    Format.VC_SD_JWT: "a W3C credential",
    Format.QR: "a scanned code",
    Format.ASSERTION: "another node's assertion",
}
