"""``idbridge rp``: who may ask this node, kept in its database or its file. A key is told once and kept as a digest."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure, json_option
from idbridge.cli.reading import STANDARD_INPUT
from idbridge.codec import strict_json
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment
from idbridge.model.time import instant_text
from idbridge_gateway.recall.commands import recall
from idbridge_gateway.registry.api_keys import (
    NewSecret,
    new_api_key,
    new_secret,
    with_new_key,
    with_new_secret,
    with_secrets,
)
from idbridge_gateway.registry.changes import changed_members
from idbridge_gateway.registry.form import read_registration, shown_document
from idbridge_gateway.registry.known_names import known_names, require_foreign
from idbridge_gateway.registry.opening import (
    Registry,
    act,
    dry_run_option,
    environment_option,
    registry_option,
    with_registry,
)
from idbridge_gateway.registry.record import Registration

SCHEMA: Final = "idbridge-rp-1"
OVERLAP_DAYS: Final = 7
_HEADS: Final = ("ID", "NAME", "STATE", "SECTOR", "ON", "KEYS", "CLIENTS", "CHANGED")
_ONCE: Final = "write it down: it is kept nowhere, and is not shown again"


@click.group("rp")
def rp() -> None:
    """Register who may ask, rotate their keys, switch them off."""


rp.add_command(recall)


@rp.command("add")
@click.argument("file", metavar="FILE|-")
@click.option("--replace", "replacing", is_flag=True, help="Put it in the place of the registration with this id.")
@registry_option
@environment_option
@dry_run_option
@json_option
def add(
    *, file: str, replacing: bool, address: str | None, environment: str | None, dry_run: bool, as_json: bool
) -> Exit:
    """Register a relying party and show its API key once.

    FILE is a JSON document. With --replace its keys and secrets stay as they are, and what changes is shown.
    """
    entry = _document(file)
    if replacing:
        return _replaced(entry, address, environment, dry_run=dry_run, as_json=as_json)
    randomness, adding = SystemRandomness(), act("add")
    (completed, secrets), own = with_secrets(entry, randomness), known_names()

    async def added(registry: Registry) -> tuple[Registration, NewSecret]:
        registration = read_registration(completed, environment=Environment(str(environment)))
        require_foreign(registration, own)
        key, kept = new_api_key(
            registration.id, environment=Environment(str(environment)), randomness=randomness, at=adding.at
        )
        made = replace(registration, api_keys=(kept,))
        return await registry.add(made, adding, rehearsed=dry_run), key

    made, key = with_registry(address, environment, added)
    told = {} if dry_run else {"api_key": key.text, "client_secrets": dict(secrets)}
    _tell("would be registered" if dry_run else "registered", made, told, done=not dry_run, as_json=as_json)
    return Exit.DONE


@rp.command("list")
@registry_option
@environment_option
@json_option
def list_parties(*, address: str | None, environment: str | None, as_json: bool) -> Exit:
    """List who is registered."""
    everybody = with_registry(address, environment, lambda registry: registry.all())
    if as_json:
        _print_json(everybody, done=True)
    elif everybody:
        output.table(_HEADS, map(_cells, everybody), wrap={"NAME"}, optional={"SECTOR", "CHANGED"})
    else:
        output.line("nobody is registered")
    return Exit.DONE


@rp.command("show")
@click.argument("party_id", metavar="ID")
@registry_option
@environment_option
@json_option
def show(*, party_id: str, address: str | None, environment: str | None, as_json: bool) -> Exit:
    """Show one registration whole; no key, and no secret."""
    held = with_registry(address, environment, lambda registry: registry.one(party_id))
    if as_json:
        _print_json((held,), done=True)
    else:
        output.facts(_facts(held))
    return Exit.DONE


@rp.command("rotate-key")
@click.argument("party_id", metavar="ID")
@click.option(
    "--overlap-days",
    type=click.IntRange(0, LIMITS.api_key_overlap.days),
    default=OVERLAP_DAYS,
    show_default=True,
    help="How long the old key stays good; 0 ends it at once, as after a leak.",
)
@click.option("--client", "client_id", metavar="ID", help="Rotate the secret of this client, and no API key.")
@registry_option
@environment_option
@dry_run_option
@json_option
def rotate_key(
    *,
    party_id: str,
    overlap_days: int,
    client_id: str | None,
    address: str | None,
    environment: str | None,
    dry_run: bool,
    as_json: bool,
) -> Exit:
    """Make a new API key, or client secret; the old one lapses.

    The new one is shown once.
    """
    rotating = act("rotate-key")
    overlap = timedelta(days=overlap_days)
    end = instant_text(rotating.at.replace(microsecond=0) + overlap)
    if client_id is not None:
        return _secret_rotated(party_id, client_id, address, environment, overlap, dry_run=dry_run, as_json=as_json)

    async def rotated(registry: Registry) -> tuple[Registration, NewSecret]:
        key, kept = new_api_key(
            party_id, environment=Environment(str(environment)), randomness=SystemRandomness(), at=rotating.at
        )
        made = await registry.change(
            party_id,
            lambda held: with_new_key(held, kept, at=rotating.at, overlap=overlap),
            rotating,
            rehearsed=dry_run,
        )
        return made, key

    made, key = with_registry(address, environment, rotated)
    what = f"{'would get' if dry_run else 'has'} a new key; the old one is good until {end}"
    _tell(what, made, {} if dry_run else {"api_key": key.text}, done=not dry_run, as_json=as_json, old_key_until=end)
    return Exit.DONE


def _secret_rotated(
    party_id: str,
    client_id: str,
    address: str | None,
    environment: str | None,
    overlap: timedelta,
    *,
    dry_run: bool,
    as_json: bool,
) -> Exit:
    rotating, secret = act("rotate-secret"), new_secret(SystemRandomness())

    def step(held: Registration) -> Registration:
        return with_new_secret(held, client_id, secret, at=rotating.at, overlap=overlap)

    made = with_registry(
        address, environment, lambda registry: registry.change(party_id, step, rotating, rehearsed=dry_run)
    )
    end = instant_text(rotating.at.replace(microsecond=0) + overlap)
    what = f"{'would get' if dry_run else 'has'} a new client secret; the old one is good until {end}"
    told = {} if dry_run else {"client_secrets": {client_id: secret.text}}
    _tell(what, made, told, done=not dry_run, as_json=as_json, old_secret_until=end)
    return Exit.DONE


@rp.command("disable")
@click.argument("party_id", metavar="ID")
@registry_option
@environment_option
@dry_run_option
@json_option
def disable(*, party_id: str, address: str | None, environment: str | None, dry_run: bool, as_json: bool) -> Exit:
    """Switch a relying party off, with all its keys and clients.

    Every node of this registry refuses it within two seconds. To switch it on again, `rp add --replace` it.
    """

    def off(held: Registration) -> Registration:
        return replace(held, relying_party=replace(held.relying_party, enabled=False))

    made = with_registry(
        address, environment, lambda registry: registry.change(party_id, off, act("disable"), rehearsed=dry_run)
    )
    _tell(f"{'would be' if dry_run else 'is'} switched off", made, {}, done=not dry_run, as_json=as_json)
    return Exit.DONE


def _replaced(
    entry: dict[str, Any], address: str | None, environment: str | None, *, dry_run: bool, as_json: bool
) -> Exit:
    """Put what ``entry`` says in the place of what is registered, but for keys and secrets."""
    seen: list[tuple[Registration, Mapping[str, str]]] = []
    own = known_names()

    def step(held: Registration) -> Registration:
        completed, secrets = with_secrets(entry, SystemRandomness(), held=held)
        seen.append((held, secrets))
        named = read_registration(
            {**completed, "policy_version": held.relying_party.policy_version},
            environment=held.relying_party.environment,
            api_keys=held.api_keys,
        )
        require_foreign(named, own)
        return replace(named, version=held.version, created_at=held.created_at, changed_at=held.changed_at)

    party_id = entry.get("id")
    if not isinstance(party_id, str):
        raise Failure("the document lacks `id`", exit_code=Exit.LOCAL)
    made = with_registry(
        address, environment, lambda registry: registry.change(party_id, step, act("replace"), rehearsed=dry_run)
    )
    held, secrets = seen[-1]
    changed = changed_members(held, made)
    if not as_json:
        for name, change in changed.items():
            output.line(f"{name}: {_diff(change)}")
    told = {"client_secrets": dict(secrets)} if secrets and not dry_run else {}
    what = "stays as it is" if not changed else "would be changed" if dry_run else "changed"
    _tell(what, made, told, done=not dry_run, as_json=as_json, changed=changed)
    return Exit.DONE


def _diff(change: Any) -> str:
    return f"{change['from']} -> {change['to']}" if isinstance(change, dict) else ", ".join(map(str, change))


def _document(file: str) -> dict[str, Any]:
    """Return the JSON object that ``file`` holds.

    Raises:
        Failure: It cannot be read, or is none.
    """
    bound = LIMITS.registration_bytes
    try:
        if file == STANDARD_INPUT:
            octets = sys.stdin.buffer.read(bound + 1)
        else:
            with Path(file).open("rb") as opened_file:
                octets = opened_file.read(bound + 1)
        return strict_json.parse_object(octets, max_bytes=bound)
    except OSError as error:
        raise Failure(f"`{file}` cannot be read: {(error.strerror or 'no such file').lower()}") from None
    except InputError as error:
        raise Failure(f"`{file}` is not strict JSON: {error.detail}") from None


def _tell(what: str, made: Registration, told: Mapping[str, Any], *, done: bool, as_json: bool, **more: Any) -> None:
    """Say what was done, and what is said only once."""
    if as_json:
        _print_json((made,), done=done, told=told, **more)
        return
    output.line(f"{made.id} ({made.relying_party.name}): {what}")
    secrets = {"API key": told.get("api_key")}
    secrets.update({f"client secret of {client}": text for client, text in told.get("client_secrets", {}).items()})
    shown = {name: text for name, text in secrets.items() if text is not None}
    for name, text in shown.items():
        output.line(f"{name}: {text}")
    if shown:
        output.words("warning", _ONCE)


def _print_json(
    registrations: tuple[Registration, ...], *, done: bool, told: Mapping[str, Any] | None = None, **more: Any
) -> None:
    results = [{**shown_document(one), **(told or {})} for one in registrations]
    output.document(SCHEMA, summary={"done": done, "relying_parties": len(results), **more}, results=results)


def _cells(registration: Registration) -> tuple[object, ...]:
    party = registration.relying_party
    changed = "-" if registration.changed_at is None else instant_text(registration.changed_at)
    on = "yes" if party.enabled else "no"
    keys, clients = len(registration.api_keys), len(registration.clients)
    return (party.id, party.name, party.state, party.sector, on, keys, clients, changed)


def _facts(registration: Registration) -> list[tuple[str, object]]:
    shown = shown_document(registration)
    keys, clients, ending = (shown.pop(name) for name in ("api_keys", "oidc_clients", "ending_secrets"))
    until = {one["client"]: f", former secret until {one['until']}" for one in ending}
    facts: list[tuple[str, object]] = [(name.replace("_", " "), _spelled(value)) for name, value in shown.items()]
    for key in keys:
        end = f", until {key['expires_at']}" if key["expires_at"] else ""
        facts.append(("API key", f"...{key['last_four']}, since {key['created_at']}{end}"))
    for client in clients:
        facts.append(("client", f"{client['id']} ({client['profile']}){until.get(client['id'], '')}"))
    return facts


def _spelled(value: Any) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_spelled(inner)}" for name, inner in value.items())
    return value
