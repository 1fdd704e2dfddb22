"""``idbridge trust stage``: a provider hands one file to the operator of its state, who takes it in."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli import output, trees
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure, json_option, words
from idbridge.cli.passphrase import passphrase_from, passphrase_option
from idbridge.cli.trees import FILE, dry_run_option
from idbridge.cli.trust_propose import state_folder_option
from idbridge.clock import SystemClock
from idbridge.codec import pem
from idbridge.crypto.key_files import open_signer
from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import Signer
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.trust.operator import editing, provider_file
from idbridge.trust.operator.provider_file import ProviderFile
from idbridge.trust.operator.workspace import Workspace
from idbridge.trust.publish import ServiceMaterial

_EXAMPLE: Final = """\b
Examples:
  idbridge trust stage --provider provider.toml --key my-card=card.pem \\
    --to provider.json
  idbridge trust stage provider.json --state-folder .
"""
SCHEMA: Final = "idbridge-staging-1"


@click.command("stage", epilog=_EXAMPLE)
@click.argument("file", type=FILE, required=False, metavar="[FILE]")
@state_folder_option
@click.option(
    "--provider", "provider", type=FILE, metavar="TOML", help="Provider's side: what you want to be listed with."
)
@click.option(
    "--key", "keys", multiple=True, metavar="SERVICE=KEY", help="Provider's side: a private key of a service."
)
@click.option(
    "--certificate",
    "certificates",
    multiple=True,
    metavar="SERVICE=FILE",
    help="Provider's side: list these certificates (PEM) instead of bare keys.",
)
@click.option("--to", "to", type=FILE, metavar="FILE", help="Provider's side: where to write the file.")
@passphrase_option
@dry_run_option
@json_option
def stage(
    *,
    file: Path | None,
    state_folder: Path | None,
    provider: Path | None,
    keys: tuple[str, ...],
    certificates: tuple[str, ...],
    to: Path | None,
    passphrase_file: Path | None,
    dry_run: bool,
    as_json: bool,
) -> Exit:
    """Take a provider in, or hand one over.

    The provider writes one file: its services as a stanza of the list, their public keys,
    and a proof for each key that it holds the private one.
    The operator takes it in after comparing its digest with the provider by another way.
    """
    with trees.refusing(SCHEMA, as_json=as_json):
        if provider is not None:
            if to is None or file is not None:
                raise click.UsageError("a provider says where to write with `--to FILE`, and takes nothing in")
            signers = [(name, _signer(place, passphrase_file)) for name, place in map(_pair, keys)]
            made = _described(_stanza(provider), signers, [_pair(one) for one in certificates])
            octets = made.octets(signer for _, signer in signers)
            provider_file.parse(octets)
            if not dry_run:
                trees.write_file(to, octets)
            return _told(made, (str(to),), dry_run=dry_run, as_json=as_json, hint="tell the operator the digest")
        if file is None or state_folder is None:
            raise click.UsageError("take in FILE with `--state-folder DIR`, or write one with `--provider TOML`")
        taken = provider_file.parse(trees.read_file(file, max_bytes=LIMITS.proposal_bytes))
        written = _take_in(taken, Workspace(state_folder), dry_run=dry_run)
        return _told(taken, written, dry_run=dry_run, as_json=as_json, hint="compare the digest with the provider")


def _pair(text: str) -> tuple[str, str]:
    name, separator, place = text.partition("=")
    if not name or not separator or not place:
        raise click.UsageError(f"`{text}` is not written as SERVICE=FILE")
    return name, place


def _signer(place: str, passphrase_file: Path | None) -> Signer:
    return open_signer(place, passphrase=passphrase_from(passphrase_file))


def _stanza(place: Path) -> Mapping[str, Any]:
    """Return the one provider that a TOML file describes, as a stanza of a list."""
    try:
        found = tomllib.loads(trees.read_file(place, max_bytes=LIMITS.proposal_bytes).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        raise Failure(f"`{place}` is not in order: {broken}") from None
    providers = found.get("provider")
    if type(providers) is not list or len(providers) != 1 or type(providers[0].get("service")) is not list:
        raise Failure(
            f"`{place}` does not describe one provider",
            hint="write it as in a list: [[provider]], [[provider.service]], [provider.service.claims]",
        )
    provider: Mapping[str, Any] = providers[0]
    return provider


def _described(
    provider: Mapping[str, Any], signers: Iterable[tuple[str, Signer]], certificates: Iterable[tuple[str, str]]
) -> ProviderFile:
    """Return a provider's file: a service is listed with its certificates, else with its bare keys."""
    listed: dict[str, list[bytes]] = {}
    for name, place in certificates:
        listed.setdefault(name, []).extend(_ders(Path(place)))
    bare: dict[str, list[Mapping[str, Any]]] = {}
    for name, signer in signers:
        if name not in listed:
            bare.setdefault(name, []).append(_named(signer))
    described = [str(one.get("id")) for one in provider["service"]]
    if sorted(described) != sorted({*listed, *bare}):
        raise Failure(
            f"keys are for {', '.join(sorted({*listed, *bare})) or 'nothing'}, and the services are "
            f"{', '.join(described)}",
            hint="name a key for each service with `--key SERVICE=KEY`",
        )
    material = {
        name: ServiceMaterial(jwks=tuple(bare.get(name, ())), certificates=tuple(listed.get(name, ())))
        for name in described
    }
    return ProviderFile(provider, material)


def _named(signer: Signer) -> Mapping[str, Any]:
    """Return the public key with the key id that credentials will carry: its thumbprint."""
    return {**signer.public_jwk, "kid": thumbprint(signer.public_jwk)}


def _ders(place: Path) -> tuple[bytes, ...]:
    try:
        text = trees.read_file(place, max_bytes=LIMITS.trust_list_bytes).decode("ascii")
        return pem.decode(text, label=pem.CERTIFICATE)
    except (InputError, UnicodeDecodeError):
        raise Failure(f"`{place}` holds no certificates in PEM") from None


def _take_in(taken: ProviderFile, workspace: Workspace, *, dry_run: bool) -> tuple[str, ...]:
    """Write what a provider handed over into the folder of its state; keys first, so that none is listed without."""
    changed = workspace.edited(editing.with_provider(workspace.text(), taken.provider), added=taken.material)
    changed.require_listable(at=SystemClock().now())
    return () if dry_run else changed.keep()


def _told(taken: ProviderFile, written: tuple[str, ...], *, dry_run: bool, as_json: bool, hint: str) -> Exit:
    rows = [_row(one, taken.material[one["id"]]) for one in taken.provider["service"]]
    if as_json:
        summary = {"done": not dry_run, "digest": taken.digest, "written": list(written)}
        output.document(SCHEMA, summary=summary, results=rows)
        return Exit.DONE
    name = taken.provider.get("name")
    output.facts((("provider", name.get("en") if isinstance(name, Mapping) else None), ("digest", taken.digest)))
    output.line()
    heads = ("SERVICE", "TYPE", "FORMATS", "ISSUER", "KEYS")
    output.table(heads, ([row[head.lower()] for head in heads] for row in rows), wrap={"FORMATS"})
    output.line()
    for place in written:
        output.line(f"+ {place}")
    words(
        "hint", "nothing was written" if dry_run else f"{hint} by another way; `idbridge trust lint` looks at the list"
    )
    return Exit.DONE


def _row(service: Mapping[str, Any], held: ServiceMaterial) -> dict[str, Any]:
    return {
        "service": service["id"],
        "type": service.get("type"),
        "formats": ", ".join(map(str, service.get("formats", ()))),
        "issuer": service.get("issuer"),
        "keys": len(held.jwks) + len(held.certificates),
    }
