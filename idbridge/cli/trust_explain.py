"""``idbridge trust explain``: what is known of a key or a provider, and why it is trusted at an instant or not."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit, of_indication
from idbridge.cli.key_argument import KeyCommand
from idbridge.cli.material import at_option, instant, open_snapshot, region_option
from idbridge.cli.output import json_option, styled
from idbridge.model.time import instant_text
from idbridge.model.trust import StatusPeriod
from idbridge.reasons import reason
from idbridge.trust import document
from idbridge.trust.operator.explain import Answer, Explanation, Match, explain
from idbridge.trust.operator.rules import word
from idbridge.trust.snapshot import TrustSnapshot

_COLOURS: Final = {Answer.TRUSTED: "green", Answer.SUPERSEDED: "yellow", Answer.NOT_YET: "yellow"}
_MIDNIGHT: Final = "T00:00:00Z"


@click.command("explain", cls=KeyCommand)
@click.argument("asked", metavar="KEY|PROVIDER")
@region_option
@at_option
@json_option
def explain_trust(*, asked: str, region: Path, at: datetime | None, as_json: bool) -> Exit:
    """Explain why a key or a provider is trusted or not.

    KEY is a thumbprint (RFC 7638), a `kid`, a subject key identifier (hexadecimal or base64), or the serial number or
    SHA-256 of a certificate. PROVIDER is the address of an issuer, compared character by character as a verification
    compares it, or a part of the name of a provider or service.
    """
    moment = instant(at)
    snapshot = open_snapshot(region)
    found = explain(snapshot, asked, at=moment)
    if as_json:
        output.document(
            "idbridge-explain-1", summary=_summary(found, snapshot, at=moment), results=tuple(_results(found))
        )
    else:
        _show(found, snapshot, at=moment)
    return Exit.DONE if found.code is None else of_indication(reason(found.code).indication)


def _summary(found: Explanation, snapshot: TrustSnapshot, *, at: datetime) -> dict[str, Any]:
    return {
        "environment": snapshot.environment.value,
        "trust_snapshot": snapshot.id,
        "asked": found.asked,
        "at": instant_text(at),
        "trusted": found.code is None,
        "answer": found.answer.value,
        "code": found.code,
        "signs_lists_of": [state.value for state in found.signs],
        "not_held": {state.value: code for state, code in found.not_held},
    }


def _results(found: Explanation) -> Iterator[dict[str, Any]]:
    for match in found.matches:
        service = match.service
        yield {
            "state": match.state.value,
            "name": match.entry.name,
            "issuer": match.entry.issuer,
            "named_by": list(match.named_by),
            "concerns": list(match.keys),
            "answer": match.answer.value,
            "code": match.code,
            "why": match.why,
            **(document.service_row(service) if service is not None else {}),
        }


def _show(found: Explanation, snapshot: TrustSnapshot, *, at: datetime) -> None:
    outcome = "trusted" if found.code is None else f"not trusted: {found.code}"
    colour = "green" if found.code is None else "red"
    words = styled((found.asked, "bold"), (" is ", ""), (outcome, f"bold {colour}"), (f" at {instant_text(at)}", ""))
    output.styled_line(words)
    if found.code is not None:
        output.facts((("meaning", reason(found.code).developer), ("remedy", reason(found.code).remedy)))
    for state in found.signs:
        output.line(f"it signs the list of {state}")
    for match in found.matches:
        output.line()
        _match(match, snapshot)
    if not found.matches and found.not_held:
        output.line()
        absent = ", ".join(f"{state} ({code})" for state, code in found.not_held)
        output.paragraph(f"without a list, and so not asked: {absent}")


def _match(match: Match, snapshot: TrustSnapshot) -> None:
    service, about = match.service, snapshot.provenance(match.state)
    kind = word(service.service_type) if service is not None else "not understood"
    output.styled_line(styled((match.entry.name, "bold"), (f"  {match.state} {kind}", "dim")))
    colour = _COLOURS.get(match.answer, "red")
    output.facts(
        (
            ("answer", styled((match.answer.value, f"bold {colour}"), (f": {match.why.replace(_MIDNIGHT, '')}", ""))),
            ("found by", ", ".join(match.named_by)),
            ("issuer", match.entry.issuer),
            ("provider", service.provider if service is not None else None),
            ("formats", ", ".join(sorted(service.profile.formats)) if service is not None else None),
            ("keys", ", ".join(match.keys)),
            ("history", "; ".join(map(_period, service.history)) if service is not None else None),
            ("listed by", f"{match.state}, sequence {about.sequence}, next update {instant_text(about.next_update)}"),
            ("list digest", about.digest),
        )
    )


def _period(period: StatusPeriod) -> str:
    start, end = period.validity.start, period.validity.end
    until = f" until {_short(end)}" if end is not None else ""
    return f"{word(period.status)} from {_short(start)}{until}"


def _short(moment: datetime) -> str:
    return instant_text(moment).removesuffix(_MIDNIGHT)
