"""``idbridge conformance attest`` and ``check``: somebody vouches for a run, and somebody asks what that is worth."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli import output
from idbridge.cli.conformance_files import check_places, open_record, read_bounded, write
from idbridge.cli.conformance_log import beside, kept_receipt, written_down
from idbridge.cli.exits import Exit, of_indication
from idbridge.cli.log_files import key_option
from idbridge.cli.material import at_option, instant
from idbridge.cli.output import Failure, json_option
from idbridge.cli.passphrase import passphrase_from, passphrase_option
from idbridge.cli.signer_argument import thumbprint_of
from idbridge.conformance.attestation import Attestation, attest
from idbridge.conformance.corpus import shipped, shipped_facts
from idbridge.conformance.examination import Examination, Kept, Question, Terms, examined
from idbridge.conformance.profiles import Profile
from idbridge.crypto.key_files import open_signer
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.time import instant_text
from idbridge.reasons import REASONS, Indication

_DIGEST_LETTERS: Final = 64


@click.command("attest")
@click.argument("source", metavar="RECORD")
@click.option("--key", "reference", required=True, metavar="FILE", help="Your own key: a file, or `pkcs11:...`.")
@click.option("--name", required=True, metavar="NAME", help="Who you are; it stands in the attestation.")
@click.option(
    "--output", "out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write the attestation here instead of printing it.",
)  # fmt: skip
@click.option("--allow-failures", is_flag=True, help="Attest a run that is not passed; the attestation says so.")
@click.option("--log", "url", metavar="URL", help="Have the node at URL write its digest down; needs `--output`.")
@click.option(
    "--api-key-file", "api_key", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="With --log: your API key at that node.",
)  # fmt: skip
@at_option
@passphrase_option
def attest_run(
    *,
    source: str,
    reference: str,
    name: str,
    out: Path | None,
    allow_failures: bool,
    url: str | None,
    api_key: Path | None,
    at: datetime | None,
    passphrase_file: Path | None,
) -> Exit:
    """Sign what came of a run, with your own key.

    RECORD is what `run --json` prints. The attestation names the implementation, the counts of
    each profile, the corpus and the waivers, and neither an address nor a path. With `--log` its
    digest goes into the log of a node, and the receipt is written beside it.
    """
    if url is not None and (out is None or api_key is None):
        raise Failure("`--log` needs `--output` and `--api-key-file`", exit_code=Exit.USAGE)
    check_places(out, spared=(source, reference, *((str(passphrase_file),) if passphrase_file else ())))
    record, corpus = open_record(source), shipped()
    if not record.is_good and not allow_failures:
        hint = "`idbridge conformance report` shows what failed; `--allow-failures` attests that it did"
        raise Failure("the run is not passed, and is not attested", hint=hint, exit_code=Exit.REFUSED)
    if record.at > instant(at) + LIMITS.list_issue_skew:
        raise Failure("the record says that its run is yet to be made", hint="compare the clocks of both machines")
    signer = open_signer(reference, passphrase=passphrase_from(passphrase_file))
    try:
        text = attest(record, corpus, name=name, at=instant(at), signer=signer, allow_failures=allow_failures)
    except ConfigurationError as refusal:  # what the catalogue advises is about a node, and not about a record
        raise Failure(str(refusal)) from refusal
    if out is None:
        output.raw_text(text)
    else:
        write(out, text + "\n")
        output.line(f"wrote {out}, signed with the key {signer.public_jwk['kid']}")
    if url is not None and out is not None and api_key is not None:
        write(beside(out), written_down(text, url=url, api_key=api_key))
        output.line(f"wrote {beside(out)}, the receipt of the log")
    return Exit.DONE


@click.command("check")
@click.argument("source", metavar="ATTESTATION")
@click.option("--record", "record_source", metavar="RECORD", help="The record of the run that is attested.")
@click.option(
    "--signer", "signers", multiple=True, metavar="SIGNER",
    help="Thumbprint or file (JWK or PEM) of a key that you know to be theirs; may be said again.",
)  # fmt: skip
@click.option(
    "--max-age", "days", type=click.IntRange(min=1), default=LIMITS.conformance_attestation_age.days,
    show_default=True, metavar="DAYS", help="How old the run may be.",
)  # fmt: skip
@click.option("--corpus-digest", "digest", metavar="DIGEST", help="The corpus that is demanded, if not that of here.")
@click.option(
    "--require-profile", "profiles", multiple=True, type=click.Choice([one.value for one in Profile]),
    metavar="PROFILE", help="A profile that has to be proved as a whole; may be said again.",
)  # fmt: skip
@click.option(
    "--allow-not-implemented", "without", multiple=True, metavar="NAME",
    help="What may be left out, as the implementation declares it; may be said again.",
)  # fmt: skip
@click.option("--allow-waiver", "waived", multiple=True, metavar="CASE", help="May fail as waived; may be said again.")
@click.option(
    "--max-waivers", "waivers", type=click.IntRange(min=0), default=0, show_default=True, metavar="N",
    help="How many more may fail as waived.",
)  # fmt: skip
@click.option(
    "--receipt", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="The receipt of a node's log, if not the one beside the attestation.",
)  # fmt: skip
@key_option("--log-key", "Key of that log, as its operator publishes it; may be said again.")
@click.option(
    "--region", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="Folder with trust lists that name that log.",
)  # fmt: skip
@at_option
@json_option
def check(
    *,
    source: str,
    record_source: str | None,
    signers: tuple[str, ...],
    days: int,
    digest: str | None,
    profiles: tuple[str, ...],
    without: tuple[str, ...],
    waived: tuple[str, ...],
    waivers: int,
    receipt: Path | None,
    given: tuple[str, ...],
    region: Path | None,
    at: datetime | None,
    as_json: bool,
) -> Exit:
    """Tell whether an attestation still counts.

    Ends with 0 if it does, with 1 if it does not, and with 3 if that is open: without a pinned
    `--signer` anybody may have signed, some cases of a profile prove none of it, and what was
    declared or waived proves nothing unless you allow it.
    """
    terms = Terms(
        signers=frozenset(map(thumbprint_of, signers)),
        corpus=shipped_facts(),
        at=instant(at),
        max_age=timedelta(days=min(days, timedelta.max.days)),
        corpus_digest=_digest(digest),
        profiles=tuple(map(Profile, profiles)),
        without=frozenset(without),
        waived=frozenset(waived),
        waivers=waivers,
        kept=Kept(open_record(record_source), shipped()) if record_source is not None else None,
        logged=kept_receipt(source, receipt, keys=given, region=region, at=instant(at)),
    )
    found = examined(_read(source), terms)
    if as_json:
        rows = [
            {"question": one.question.value, "indication": one.indication.value, "words": one.words, "code": one.code}
            for one in found.findings
        ]
        output.document("idbridge-conformance-check-1", summary=_summary(found), results=rows)
    else:
        _show(found)
        _warn_of_names(found.attestation, without=without, waived=waived)
    return of_indication(found.indication)


def _read(source: str) -> str:
    octets = read_bounded(source, max_bytes=LIMITS.conformance_attestation_bytes)
    return octets.decode("utf-8", errors="replace")  # what is no text is no attestation either, and is told so


def _digest(given: str | None) -> str | None:
    if given is not None and (len(given) != _DIGEST_LETTERS or not set(given) <= set("0123456789abcdef")):
        raise Failure("a digest is 64 hexadecimal digits", hint="`idbridge conformance list --json` shows one",
                      exit_code=Exit.USAGE)  # fmt: skip
    return given


def _summary(found: Examination) -> dict[str, Any]:
    summary: dict[str, Any] = {"indication": found.indication.value}
    attested = found.attestation
    if attested is None:
        return summary
    return summary | {
        "signer": attested.signer.thumbprint,
        "name": attested.name,
        "target": {"name": attested.target_name, "version": attested.target_version, "reach": attested.reach.value},
        "not_implemented": list(attested.not_implemented),
        "run_at": instant_text(attested.run_at),
        "signed_at": instant_text(attested.signed_at),
        "chosen_by": list(attested.chosen_by),
        "passed": attested.passed,
        "corpus": {"version": attested.corpus_version, "digest": attested.corpus_digest},
        "profiles": {name.value: {"cases": one.cases, "passed": one.passed, "in_corpus": one.in_corpus}
                     for name, one in attested.profiles.items()},
        "waivers": dict(attested.waivers),
    }  # fmt: skip


def _show(found: Examination) -> None:
    if found.attestation is not None:
        output.facts(_facts(found.attestation))
        output.line()
    rows = ((one.question.value, one.indication.value, _words(one.words, one.code)) for one in found.findings)
    output.table(("QUESTION", "ANSWER", "IN WORDS"), rows, wrap={"IN WORDS"})
    signer = found.of(Question.SIGNER)
    if signer is not None and signer.indication is Indication.INDETERMINATE:
        output.words("hint", "ask them by another way which key is theirs, and name it with `--signer`")
    waivers = found.attestation.waivers if found.attestation is not None else {}
    if waivers:
        output.line()
        output.table(("EXPECTED FAILURE", "WHY IT IS BORNE"), waivers.items(), wrap={"WHY IT IS BORNE"})


def _warn_of_names(attested: Attestation | None, *, without: Iterable[str], waived: Iterable[str]) -> None:
    """Tell which names were allowed for nothing: most of them are misspelled."""
    if attested is None:
        return
    idle = [*(set(without) - set(attested.not_implemented)), *(set(waived) - attested.waivers.keys())]
    if idle:
        output.words(
            "hint", f"allowed for nothing, because it is neither declared nor waived: {', '.join(sorted(idle))}"
        )


def _words(words: str, code: str | None) -> str:
    return words if code is None or code not in REASONS else f"{words} ({code})"


def _facts(attested: Attestation) -> Iterator[tuple[str, object]]:
    yield "attested by", attested.name
    yield "implementation", f"{attested.target_name} {attested.target_version}"
    yield "reached as", attested.reach.value
    yield "not implemented", ", ".join(attested.not_implemented)
    yield "suite", attested.suite_version
