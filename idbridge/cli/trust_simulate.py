"""``idbridge trust simulate``: which verdicts a proposed list would change, before anybody signs it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli import output
from idbridge.cli.bundles import Bundle, questions
from idbridge.cli.exits import Exit
from idbridge.cli.material import at_option, instant, open_region, open_snapshot, region_option
from idbridge.cli.output import Failure, json_option, styled
from idbridge.cli.reading import STATE
from idbridge.cli.trust_editions import read_signed_list
from idbridge.crypto.signer import generate
from idbridge.errors import TrustError
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.reasons import Indication
from idbridge.sandbox import simulation, storage
from idbridge.sandbox.simulation import Comparison, Verdict
from idbridge.trust.profile import TrustList
from idbridge.trust.snapshot import TrustSnapshot

_COLOURS: Final = {Indication.PASSED: "green", Indication.FAILED: "red", Indication.INDETERMINATE: "yellow"}
_ALGORITHM: Final = "ES256"


def _bundles(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[Bundle, ...]:
    found = []
    for value in values:
        name, separator, file = value.partition("=")
        if not (name and separator and file):
            raise click.BadParameter(f"`{value}` is not NAME=FILE")
        found.append(Bundle(name, Path(file)))
    return tuple(found)


@click.command("simulate")
@click.argument("list_file", metavar="LIST_FILE")
@click.option("--state", type=STATE, required=True, help="Whose list it is to be.")
@click.option(
    "--bundle",
    "bundles",
    multiple=True,
    callback=_bundles,
    metavar="NAME=FILE",
    help="Recorded requests too, one JSON object a line. Repeatable.",
)
@region_option
@at_option
@json_option
def simulate(
    *, list_file: str, state: MemberState, bundles: tuple[Bundle, ...], region: Path, at: datetime | None, as_json: bool
) -> Exit:
    """Show which verdicts would change if a list were published.

    LIST_FILE is a signed list, a proposal of one, or the JSON of one that nobody has signed yet. It is put in the
    place of the list that is held, and the cases of the pretend region are asked again, as far as there is one. A
    line of a bundle is `{"request": ..., "for": "TH", "as": "th-bank"}`: the body of a verify request, and who asks;
    `audiences`, `clients`, `at` and `name` may be added. Ends with 1 if a verdict changes, or if nodes would refuse
    the list.
    """
    moment = instant(at)
    present = open_snapshot(region)
    signer = generate(_ALGORITHM)
    offered = read_signed_list(list_file)
    listed = simulation.proposed_list(offered, state=state, present=present, signer=signer, at=moment)
    proposed = simulation.with_list(present, listed, signer=signer)
    refused = simulation.refusal(present.lists.get(state), listed, at=moment)
    compared = tuple(_compared(region, bundles, present, proposed, at=moment))
    if not compared:
        hint = "run `idbridge demo` first, or name recorded requests with `--bundle NAME=FILE`"
        raise Failure("there is nothing to ask", hint=hint)
    changed = [one for one in compared if one.changed]
    if as_json:
        summary = _summary(present.lists.get(state), listed, refused, changed=len(changed), compared=len(compared))
        summary = {"state": state.value, "at": instant_text(moment), **summary}
        output.document("idbridge-simulation-1", summary=summary, results=[one.document() for one in changed])
    else:
        _show(changed, compared=len(compared))
    if refused is not None:
        output.words("warning", f"a node that holds the present list would refuse this one: {refused.code}, {refused}")
    return Exit.REFUSED if changed or refused is not None else Exit.DONE


def _compared(
    region: Path, bundles: Iterable[Bundle], present: TrustSnapshot, proposed: TrustSnapshot, *, at: datetime
) -> Iterator[Comparison]:
    """Yield what becomes of every question that there is to ask."""
    asked = [one for bundle in bundles for one in questions(bundle, region=region, present=present, at=at)]
    if storage.is_stored(region):
        made = open_region(region)
        cases = output.tracked(simulation.asked_cases(made), label="cases of the pretend region")
        yield from simulation.compare_cases(
            cases, region=made, present=present, proposed=proposed, at=at, randomness=SystemRandomness()
        )
    yield from simulation.compare_questions(
        output.tracked(asked, label="recorded requests"), present=present, proposed=proposed
    )


def _summary(
    held: TrustList | None, listed: TrustList, refused: TrustError | None, *, changed: int, compared: int
) -> dict[str, Any]:
    return {
        "present": _edition(held) if held is not None else None,
        "proposed": _edition(listed),
        "refused": refused.code if refused is not None else None,
        "compared": compared,
        "changed": changed,
        "share": changed / compared,
    }


def _edition(listed: TrustList) -> dict[str, Any]:
    return {"sequence": listed.provenance.sequence, "content": listed.content}


def _show(changed: list[Comparison], *, compared: int) -> None:
    if changed:
        rows = ((_case(one), _verdict(one.before), _verdict(one.after)) for one in changed)
        output.table(("CASE", "NOW", "THEN"), rows)
        output.line()
    output.line(f"{len(changed)} of {compared} verdicts change ({len(changed) / compared:.1%})")


def _case(one: Comparison) -> str:
    return one.name if one.group == simulation.SANDBOX else f"{one.group}: {one.name}"


def _verdict(verdict: Verdict) -> object:
    """Return the code where there is one: it says which of the two other indications it stands for."""
    return styled((verdict.code or verdict.indication.value, _COLOURS[verdict.indication]))
