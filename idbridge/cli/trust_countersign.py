"""What else ``idbridge trust sign`` signs: a handover of a state's keys, an arrangement, a register of purposes."""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from idbridge.cli import output, proposal_text, trees
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure
from idbridge.cli.passphrase import passphrase_from
from idbridge.codec import jcs, strict_json
from idbridge.crypto.key_files import open_signer
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import Signer
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.sandbox.sources import arrangement_payloads, purposes_payload
from idbridge.trust.operator import agreeing, handing_over, public_keys
from idbridge.trust.operator.public_keys import PublicKeys
from idbridge.trust.operator.published import Published
from idbridge.trust.tuf.quorum import Quorum

_SCHEMA: Final = proposal_text.SCHEMA
# How to read a source document, by its schema; the last version that it describes is the one to be signed.
_SOURCES: Final[Mapping[str, Callable[[Mapping[str, Any], Environment], Iterable[tuple[dict[str, Any], Any]]]]] = {
    "idbridge-arrangement-source-1": lambda source, place: arrangement_payloads(source, environment=place),
    "idbridge-purposes-source-1": lambda source, place: (purposes_payload(source, environment=place),),
}


class Signing(NamedTuple):
    """What ``sign`` was asked."""

    place: str | None
    root_file: Path | None
    key: str | None
    out: Path | None
    digest: str | None
    passphrase_file: Path | None
    dry_run: bool
    as_json: bool
    after: tuple[Path, ...] = ()

    def signer(self, environment: Environment) -> Signer:
        """Return the signer of the key that was named."""
        live = environment is Environment.LIVE
        return open_signer(str(self.key), passphrase=passphrase_from(self.passphrase_file), encrypted_only=live)

    def target(self) -> Path:
        """Return where the document is, or is to be."""
        if self.out is None:
            raise click.UsageError("say where the document is, or is to be, with `--out FILE`")
        return self.out


def other_than_a_proposal(place: Path, before: Published) -> Callable[[Signing], Exit] | None:
    """Return how to sign the file at ``place`` if it is none of a proposal."""
    octets = trees.read_file(place, max_bytes=LIMITS.proposal_bytes)
    if place.suffix == ".toml":
        return partial(_agreed, _from_source(place, octets, before), before)
    if agreeing.payload_of(octets) is not None:
        return partial(_agreed, octets, before)
    try:
        said = strict_json.parse_object(octets, max_bytes=LIMITS.proposal_bytes).get("schema")
    except InputError:
        return None
    return partial(_handed_over, octets, before) if said == public_keys.SCHEMA else None


def _handed_over(octets: bytes, before: Published, asked: Signing) -> Exit:
    """Sign the handover to the keys in ``octets`` with one of the state's present keys."""
    target, public = asked.target(), public_keys.parse(octets)
    quorum = before.voters(public.state.value)[0].quorum
    if not asked.as_json:
        new = ((parse_jwk(one).thumbprint, "new") for one in public.role)
        output.table(("KEY", f"ROLE OF {public.state}"), [*((name, "present") for name in sorted(quorum.keys)), *new])
        output.line()
        _show_threshold(quorum, public)
        output.line(f"digest {public.digest}")
    if not asked.dry_run:
        proposal_text.confirm_digest(public.digest, asked.digest, shown=not asked.as_json)
    made = handing_over.countersigned(before, public, _held(target), [asked.signer(public.environment)])
    return _finished(made, target, asked, needed=f" of {quorum.threshold} keys")


def _show_threshold(held: Quorum, public: PublicKeys) -> None:
    """Show how many keys must sign from now on; fewer than before in red: one thief more is one too many."""
    old, new = f"{held.threshold} of {len(held.keys)}", f"{public.threshold} of {len(public.role)}"
    text = f"threshold {old} -> {new}" if old != new else f"threshold {old}, as before"
    if public.threshold < held.threshold:
        output.emphasis(f"! {text}: fewer keys have to sign than before", colour="red")
        return
    output.line(text)


def _held(target: Path) -> list[bytes]:
    return [trees.read_file(target, max_bytes=LIMITS.proposal_bytes)] if target.is_file() else []


def _agreed(octets: bytes, before: Published, asked: Signing) -> Exit:
    """Sign an arrangement or a register with the list key of a state; further signatures come into the same file."""
    target, payload = asked.target(), agreeing.payload_of(octets)
    digest = jcs.digest_hex(payload)
    if not asked.as_json:
        output.raw(payload)
        output.line()
        output.line(f"digest {digest}")
    if not asked.dry_run:
        proposal_text.confirm_digest(digest, asked.digest, shown=not asked.as_json)
    held = next((one for one in _held(target) if agreeing.payload_of(one) == payload), octets)
    made = agreeing.countersigned(before, held, asked.signer(before.environment))
    return _finished(made, target, asked, needed=" signatures")


def _from_source(place: Path, octets: bytes, before: Published) -> bytes:
    """Return the newest version that a source document in TOML describes, as it is signed."""
    try:
        source: Mapping[str, Any] = tomllib.loads(octets.decode("utf-8"))
        read = _SOURCES[source["schema"]]
        *_, (payload, _) = read(source, before.environment)
    except (ValueError, KeyError, TypeError, AttributeError) as odd:
        raise Failure(f"`{place}` is the source of neither an arrangement nor a register: {odd}") from None
    return jcs.canonicalize(payload)


def _finished(made: bytes, target: Path, asked: Signing, *, needed: str) -> Exit:
    count = len(strict_json.parse_object(made, max_bytes=LIMITS.proposal_bytes)["signatures"])
    if not asked.dry_run:
        trees.write_file(target, made)
    if asked.as_json:
        summary = {"done": not asked.dry_run, "file": str(target), "signed": count}
        output.document(_SCHEMA, summary=summary, results=[])
        return Exit.DONE
    output.line(f"{count}{needed}; {'nothing was written' if asked.dry_run else target}")
    return Exit.DONE
