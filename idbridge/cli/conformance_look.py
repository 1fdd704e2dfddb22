"""``idbridge conformance list`` and ``explain``: the profiles, their cases, and what one case is about."""

import difflib
import json
from typing import Any

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure, json_option
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus, shipped
from idbridge.conformance.profiles import PROFILES, Profile
from idbridge.model.time import instant_text
from idbridge.reasons import REASONS


@click.command("list")
@click.option(
    "--profile", type=click.Choice([one.value for one in Profile]), metavar="PROFILE", help="The cases of a profile."
)
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only cases with this tag; may be said again.")
@json_option
def list_cases(*, profile: str | None, tags: tuple[str, ...], as_json: bool) -> Exit:
    """List the profiles, who proves each and how, or the cases of one.

    Without a profile and tags: one line for each profile. With either: one line for each case.
    """
    corpus = shipped()
    if profile is None and not tags:
        _profiles(corpus, as_json=as_json)
        return Exit.DONE
    chosen = corpus.chosen((Profile(profile),) if profile is not None else Profile, tags)
    if not chosen:
        raise Failure(
            "no case of the corpus is like that", hint="`idbridge conformance list` shows the profiles",
            exit_code=Exit.USAGE,
        )  # fmt: skip
    if as_json:
        rows = [case_document(case) for case in chosen]
        output.document("idbridge-conformance-list-1", summary={"cases": len(rows)}, results=rows)
    else:
        rows_ = ((case.id, str(case.expect), ", ".join(case.requirements), case.title) for case in chosen)
        output.table(("CASE", "EXPECTED", "REQUIREMENTS", "TITLE"), rows_, wrap={"TITLE"}, optional={"REQUIREMENTS"})
    return Exit.DONE


def _profiles(corpus: Corpus, *, as_json: bool) -> None:
    rows: list[dict[str, Any]] = []
    for profile, terms in PROFILES.items():
        cases = corpus.chosen([profile])
        rows.append(
            {
                "profile": profile.value,
                "proved_by": terms.proved_by,
                "targets": [reach.value for reach in terms.reaches],
                "cases": len(cases),
                "negative": sum(case.is_negative for case in cases),
                "about": terms.about,
            }
        )
    if as_json:
        summary = {"corpus": corpus.version, "digest": corpus.digest()}
        output.document("idbridge-conformance-profiles-1", summary=summary, results=rows)
        return
    heads = ("PROFILE", "CASES", "REFUSED", "TARGETS", "PROVED BY", "ABOUT")
    cells = (
        (one["profile"], one["cases"], one["negative"], " ".join(one["targets"]), one["proved_by"], one["about"])
        for one in rows
    )
    output.table(heads, cells, wrap={"ABOUT", "PROVED BY"})
    output.line()
    output.line(f"corpus {corpus.version}, {len(corpus.cases)} cases, {len(corpus.requirements)} requirements")


@click.command("explain")
@click.argument("name", metavar="CASE")
@json_option
def explain(*, name: str, as_json: bool) -> Exit:
    """Tell what a case sends, what must come of it, and why."""
    corpus = shipped()
    case = named(name, corpus)
    if as_json:
        one = {**case_document(case), "input": dict(case.input)}
        output.document("idbridge-conformance-case-1", summary={"case": case.id}, results=[one])
        return Exit.DONE
    code = case.expect.code
    catalogued = REASONS.get(code) if code is not None else None
    output.facts(
        (
            ("case", case.id),
            ("profile", case.profile.value),
            ("title", case.title),
            ("why", case.why),
            ("must come of it", str(case.expect)),
            ("which means", catalogued.developer if catalogued is not None else None),
            ("remedy", catalogued.remedy if catalogued is not None else None),
            ("state afterwards", json.dumps(case.state) if case.state is not None else None),
            ("asked at", instant_text(case.at) if case.at is not None else None),
            ("accepted twin", case.twin),
            ("differs beside", "; ".join(f"{name}: {why}" for name, why in case.beside.items()) or None),
            ("material", case.material),
            ("tags", ", ".join(case.tags)),
            ("frozen", "yes: it is randomised, and was made once" if case.frozen else None),
        )
    )
    for requirement in (corpus.requirements[one] for one in case.requirements):
        output.line()
        output.line(f"{requirement.id} {requirement.level.value} ({requirement.clause})")
        output.indented(requirement.text, indent=2)
    output.line()
    output.line("input:")
    for line in json.dumps(case.input, ensure_ascii=False, indent=2).splitlines():
        output.line(f"  {line}")
    return Exit.DONE


def named(name: str, corpus: Corpus) -> ConformanceCase:
    """Return the case called ``name``.

    Raises:
        Failure: There is none; the words name one that is near.
    """
    if name in corpus.cases:
        return corpus.cases[name]
    near = difflib.get_close_matches(name, corpus.cases, n=1, cutoff=0.6)
    hint = f"did you mean `{near[0]}`?" if near else "`idbridge conformance list --profile verifier` names them"
    raise Failure(f"there is no case `{name}`", hint=hint, exit_code=Exit.USAGE)


def case_document(case: ConformanceCase) -> dict[str, Any]:
    """Return what is said of a case, without its input, as JSON values."""
    return {
        "case": case.id,
        "profile": case.profile.value,
        "title": case.title,
        "why": case.why,
        "tags": list(case.tags),
        "requirements": list(case.requirements),
        "expected": {"indication": case.expect.indication.value, "code": case.expect.code},
        "twin": case.twin,
        **({"beside": dict(case.beside)} if case.beside else {}),
    }
