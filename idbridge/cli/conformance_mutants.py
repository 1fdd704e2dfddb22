"""``idbridge conformance mutants``: put the suite itself to the test, on implementations that are broken on purpose.

They are no part of what is installed: they stand in ``tests/mutants`` of a checkout, below the directory in which the
command is called.
"""

import sys
from pathlib import Path
from typing import Any

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure, json_option
from idbridge.conformance.corpus import shipped


@click.command("mutants")
@click.option("--mutant", "names", multiple=True, metavar="NAME", help="Only this one; may be said again.")
@click.option("--profile", "profiles", multiple=True, metavar="PROFILE", help="Only mutants of this profile.")
@json_option
def mutants(*, names: tuple[str, ...], profiles: tuple[str, ...], as_json: bool) -> Exit:
    """Run the suite against broken implementations; it must catch all.

    From a checkout only. A mutant is caught by a failed case that names a requirement which the
    mutant breaks; a crash catches nothing. Ends with 1 if one survives.
    """
    frame = _frame()
    chosen = [
        one
        for one in frame.every_mutant()
        if (not names or one.name in names) and (not profiles or one.profile.value in profiles)
    ]
    if not chosen:
        raise Failure("there is no such mutant", exit_code=Exit.USAGE)
    corpus = shipped()
    trials = [frame.tried(one, corpus) for one in output.tracked(chosen, label="mutants")]
    survivors = [trial for trial in trials if not trial.is_caught]
    counts: dict[str, Any] = {
        "mutants": len(trials),
        "caught": len(trials) - len(survivors),
        "survivors": len(survivors),
    }
    if as_json:
        rows = [trial.document() for trial in trials]
        summary = {"corpus": corpus.version, "names": [one.mutant.name for one in survivors]}
        output.document("idbridge-conformance-mutants-1", summary=summary, results=rows, **counts)
    else:
        _show([trial.document() for trial in trials], counts)
    return Exit.DONE if not survivors else Exit.REFUSED


def _frame() -> Any:
    """Return the module that knows the mutants.

    Raises:
        Failure: This is no checkout.
    """
    here = Path.cwd()
    if not (here / "tests" / "mutants" / "mutant.py").is_file():
        raise Failure("mutants stand in a checkout of idbridge, and this is none", hint="call it where `tests/` is")
    sys.path.insert(0, str(here))
    from importlib import import_module

    return import_module("tests.mutants.mutant")


def _show(rows: list[dict[str, Any]], counts: dict[str, Any]) -> None:
    heads = ("MUTANT", "PROFILE", "CAUGHT BY", "BREAKS", "WHAT IT DOES")
    cells = (
        (one["mutant"], one["profile"], one["caught_by"] or "SURVIVES", ", ".join(one["breaks"]), one["title"])
        for one in rows
    )
    output.table(heads, cells, wrap={"WHAT IT DOES", "BREAKS"}, optional={"BREAKS"})
    output.line()
    words = f"{counts['mutants']} mutants, {counts['caught']} caught, {counts['survivors']} survivors"
    output.emphasis(words, colour="green" if not counts["survivors"] else "red")
