"""``idbridge conformance run``: put the cases of one or more profiles to a target, and say what came of each."""

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from idbridge import __version__
from idbridge.cli import output
from idbridge.cli.conformance_files import check_places, report_options, write_reports
from idbridge.cli.conformance_look import named
from idbridge.cli.ending import folder_of_a_run
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure, json_option
from idbridge.clock import SystemClock
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus, damaged_files, shipped
from idbridge.conformance.declaration import NOT_TOLD, unknown_name
from idbridge.conformance.judge import Outcome, Result
from idbridge.conformance.opening import (
    Address,
    Surroundings,
    are_drawn,
    are_minted,
    for_the_occasion,
    opened,
    parse_address,
)
from idbridge.conformance.profiles import Profile, Reach
from idbridge.conformance.record import Record, Row, record_of
from idbridge.conformance.reports.apart import apart
from idbridge.conformance.reports.matrix import uncovered_words
from idbridge.conformance.reports.minted import minted_words
from idbridge.conformance.reports.shown import shortened
from idbridge.conformance.run import Impatient, drawn, grouped, run
from idbridge.conformance.target import Description, Target
from idbridge.conformance.waivers import read_waivers
from idbridge.crypto.seeded_keys import SEED_OCTETS
from idbridge.errors import ConfigurationError
from idbridge.model.randomness import SystemRandomness

_FOUND_CHARACTERS: Final = 300
_FILE: Final = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command("run")
@click.option("--target", "address", required=True, metavar="TARGET", help="`builtin`, `cli:COMMAND`, `http:URL` ...")
@click.option(
    "--profile", "profiles", multiple=True, type=click.Choice([one.value for one in Profile]), metavar="PROFILE",
    help="Only this profile; may be said again. Else all that the target can prove.",
)  # fmt: skip
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only cases with this tag; may be said again.")
@click.option("--case", "names", multiple=True, metavar="CASE", help="Only this case; may be said again.")
@click.option("--settings", type=_FILE, metavar="FILE", help="What a live target needs to be told.")
@click.option("--seed", metavar="SEED", help="Make new cases from this, 64 hexadecimal digits, as in an earlier run.")
@click.option("--waivers", type=_FILE, metavar="FILE", help="Which cases are expected to fail, and why.")
@report_options
@json_option
def run_cases(
    *,
    address: str,
    profiles: tuple[str, ...],
    tags: tuple[str, ...],
    names: tuple[str, ...],
    settings: Path | None,
    seed: str | None,
    waivers: Path | None,
    junit: Path | None,
    page: Path | None,
    markdown: Path | None,
    as_json: bool,
) -> Exit:
    """Put cases to a target, and judge each answer.

    A crash, a hang or an empty answer is an error, and never a refusal. Ends with 1 if a case
    fails or errs, or one passes that is expected to fail. `--json` prints the record of the run,
    which `report`, `compare` and `attest` read. A command gets no case as it is installed: each
    is made anew and put in an order of its own, and the record names the seed.
    """
    target = _address(address)
    check_places(junit, page, markdown)
    corpus, digest = _whole()
    wanted = tuple(map(Profile, profiles)) or target.profiles()
    waived = _waived(waivers, corpus)
    chosen = _chosen(corpus, wanted, tags, names)
    begun = SystemClock().now().replace(microsecond=0)
    with folder_of_a_run("idbridge-conformance-") as folder:
        (folder / "cases").mkdir()
        given = Surroundings(corpus, folder / "cases", SystemClock(), settings, _seed(seed))
        with given.ending, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the libraries' own words about what they are shown here on purpose
            results, description = _results(target, chosen, given, waived)
    if digest != _whole()[1]:
        raise Failure("the corpus was exchanged while the run went on", hint="install idbridge again")
    sown = given.seed.hex() if given.seed is not None and any(result.case.fresh for result in results) else ""
    record = record_of(
        results, corpus=corpus, suite_version=__version__, target=str(target), description=description, at=begun,
        profiles=[profile for profile in wanted if chosen[profile]], chosen_by=(*tags, *names), waivers=waived,
        seed=sown,
    )  # fmt: skip
    _show(record, corpus, as_json=as_json)
    write_reports(record, corpus, junit=junit, page=page, markdown=markdown)
    return Exit.DONE if record.is_good else Exit.REFUSED


def _whole() -> tuple[Corpus, str]:
    """Return the corpus and its digest, if every file of it is the one that its manifest names, before and afterwards.

    Raises:
        Failure: One is not; then nothing can be said of any target.
    """
    corpus = shipped()
    damaged = damaged_files(corpus.folder)
    if damaged:
        raise Failure(f"the corpus is damaged: `{damaged[0]}`", hint="install idbridge again")
    return corpus, corpus.digest()


def _address(text: str) -> Address:
    """Return the address of the target.

    Raises:
        Failure: It is none.
    """
    try:
        return parse_address(text)
    except ConfigurationError as none:
        raise Failure(str(none), hint="see `idbridge conformance run --help`", exit_code=Exit.USAGE) from None


def _waived(place: Path | None, corpus: Corpus) -> Mapping[str, str]:
    """Return why cases are expected to fail.

    Raises:
        Failure: The file says it in no order, or of no case.
    """
    try:
        return read_waivers(place, corpus) if place is not None else {}
    except ConfigurationError as odd:  # what the catalogue advises is about a node, and not about waivers
        hint = 'a line of `[expected-failures]` is a case and why, such as `mdoc-expired = "due in May"`'
        raise Failure(str(odd), hint=hint) from odd


def _seed(given: str | None) -> bytes:
    """Return the seed of this run: the one that is given, else one that nobody knew before.

    Raises:
        Failure: What is given is none.
    """
    if given is None:
        return SystemRandomness().octets(SEED_OCTETS)
    if re.fullmatch(f"[0-9a-f]{{{2 * SEED_OCTETS}}}", given) is None:
        words = f"a seed is {2 * SEED_OCTETS} hexadecimal digits in lower case"
        raise Failure(words, hint="the record of a run names its seed", exit_code=Exit.USAGE)
    return bytes.fromhex(given)


def _chosen(
    corpus: Corpus, wanted: Sequence[Profile], tags: tuple[str, ...], names: tuple[str, ...]
) -> Mapping[Profile, Sequence[ConformanceCase]]:
    """Return the cases that are wanted, by profile.

    Raises:
        Failure: There are none, or one that is named is not among them.
    """
    for name in names:
        case = named(name, corpus)
        if case.profile not in wanted or not set(tags) <= set(case.tags):
            words = f"the case `{name}` of the profile `{case.profile.value}` is not among those that are chosen"
            raise Failure(words, exit_code=Exit.USAGE)
    chosen = {
        profile: tuple(case for case in corpus.chosen([profile], tags) if not names or case.id in names)
        for profile in wanted
    }
    if not any(chosen.values()):
        raise Failure("no case of the corpus is like that", exit_code=Exit.USAGE)
    return chosen


def _results(
    address: Address,
    chosen: Mapping[Profile, Sequence[ConformanceCase]],
    given: Surroundings,
    waived: Mapping[str, str],
) -> tuple[list[Result], Description]:
    """Return what came of all that was chosen, and what the target said of itself for all profiles together.

    Raises:
        Failure: The target cannot be opened, or does not say what it is.
    """
    results: list[Result] = []
    said: list[Description] = []
    try:
        for profile, cases in chosen.items():
            if cases:
                target = opened(address, profile, given)
                described = _as_before(_known(target.describe(), given.corpus), said, address)
                said.append(described)
                put: Sequence[ConformanceCase] = grouped(
                    drawn(cases, given.seed or b"") if are_drawn(address, profile) else cases
                )
                if are_minted(address, profile):
                    target, put = _minted(address, profile, put, given, described)
                results += _in_order(_tracked(target, put, described, waived), cases)
                if described.version == NOT_TOLD:  # a node tells it once it has taken up its lists
                    said[-1] = target.describe()
    except ConfigurationError as untestable:  # what the catalogue advises is about a node, and not about a target
        raise Failure(str(untestable)) from untestable
    except OSError as gone:  # targets answer for their own; whoever is tested can reach all of ours
        words = (gone.strerror or type(gone).__name__).lower()
        raise Failure(f"the folder that the run works in cannot be used any more: {words}") from gone
    left = frozenset[str]().union(*(one.not_implemented for one in said))
    return results, Description(said[0].name, said[0].version, left, said[0].pinned)


def _minted(
    address: Address, profile: Profile, cases: Sequence[ConformanceCase], given: Surroundings, described: Description
) -> tuple[Target, Sequence[ConformanceCase]]:
    """Return the target with the material of this run, and ``cases`` as they are put to it: what is declined, as it is.

    Raises:
        ConfigurationError: They cannot be made, or the target says another thing of itself than ``described``.
    """
    there, made = for_the_occasion([case for case in cases if not described.declines(case)], given)
    target = opened(address, profile, there)
    _as_before(target.describe(), [described], address)
    anew = {case.id: case for case in made}
    put = [anew.get(case.id, case) for case in cases]
    return target, drawn(put, given.seed or b"")


def _as_before(told: Description, before: Sequence[Description], address: Address) -> Description:
    """Return what a program said of itself, if it said that before.

    Raises:
        ConfigurationError: It says it otherwise each time, so that nobody knows what was tested.
    """
    if address.reach is Reach.CLI and before and told != before[0]:
        raise ConfigurationError("the program says another thing of itself each time that it is asked")
    return told


def _in_order(results: Iterable[Result], cases: Sequence[ConformanceCase]) -> list[Result]:
    """Return ``results`` in the order of the corpus, however they came."""
    places = {case.id: number for number, case in enumerate(grouped(cases))}
    return sorted(results, key=lambda result: places[result.case.id])


def _known(told: Description, corpus: Corpus) -> Description:
    """Return what a target said of itself, if there is all that it declares.

    Raises:
        ConfigurationError: It declares a name that nothing has, which would decline nothing and be attested of nobody.
    """
    if unknown := unknown_name(told.not_implemented, corpus):
        raise ConfigurationError(f"`{unknown}` is declared as not implemented, and nothing in the corpus is called so")
    return told


def _tracked(
    target: Target, cases: Sequence[ConformanceCase], description: Description, waived: Mapping[str, str]
) -> Iterator[Result]:
    asked = Impatient(target)
    for case in output.tracked(cases, label=cases[0].profile.value):
        yield from run([case], asked, description=description, waivers=waived)


def _show(record: Record, corpus: Corpus, *, as_json: bool) -> None:
    if as_json:
        output.raw(record.document())
        return
    odd = [row for row in record.rows if not row.is_good]
    if odd:
        rows = ((row.case, row.outcome.value, ", ".join(row.requirements), _wrong(row)) for row in odd)
        output.table(("CASE", "OUTCOME", "REQUIREMENTS", "WHAT WAS WRONG"), rows, wrap={"WHAT WAS WRONG"})
        output.line()
    output.table(("PROFILE", *(outcome.value.upper() for outcome in Outcome)), _by_profile(record, corpus))
    output.line()
    words = f"{record.counts['cases']} cases, {record.counts['passed']} passed, {record.counts['failed']} failed, "
    words += f"{record.counts['errors']} errors, {record.counts['not_implemented']} not implemented"
    if expected := record.counts["expected_failures"]:
        words += f", {expected} failed as expected"
    left = uncovered_words(record, corpus)
    output.emphasis(words, colour="red" if not record.is_good else "yellow" if left else "green")
    if left:
        output.emphasis(left, colour="yellow")
    if minted := minted_words(record):
        output.line(minted)
    if odd:
        output.words("hint", f"`idbridge conformance explain {odd[0].case}` tells what it is about")


def _wrong(row: Row) -> str:
    """Return what was wrong; of a live target what was found as well, because its code alone names no culprit."""
    if row.profile in (Profile.VERIFIER, Profile.TRUST_LIST_CONSUMER) or not row.received or row.received in row.detail:
        return row.detail
    return f"{row.detail}: {shortened(row.received, most=_FOUND_CHARACTERS)}"


def _by_profile(record: Record, corpus: Corpus) -> Iterator[tuple[Any, ...]]:
    for name, rows in apart(record, corpus):
        of = [row.outcome for row in rows]
        yield (name, *(of.count(outcome) or "" for outcome in Outcome))
