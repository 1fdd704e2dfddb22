"""Changes to ``list.toml`` that leave everything else in it as its operator wrote it, comments among it.

Decides that an edit did exactly what was asked: the edited text is read again and compared with what it must say, so
that an odd way of writing can make an edit fail and never make it wrong. Knows no more of TOML than it needs.
"""

import copy
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from idbridge.errors import ConfigurationError
from idbridge.model.time import instant_text
from idbridge.model.trust import ServiceStatus
from idbridge.trust.lint_keys import SERVICE_ID

_SERVICE: Final = "[[provider.service]]"
# The order in which members are written; others follow as they come.
_ORDER: Final = (
    "id", "name", "trade_name", "address", "information_uri", "type", "issuer", "formats", "algorithms",
    "credential_types", "leeway_seconds", "holder_binding", "material", "leaf_rule", "status", "ladder",
    "from", "national", "kind", "subject", "persistence", "acr", "name_parts", "map",
)  # fmt: skip
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")

Table = dict[str, Any]


def with_provider(text: str, provider: Mapping[str, Any]) -> str:
    """Return ``text`` with one more provider at its end.

    Raises:
        ConfigurationError: One of its services is listed already or has no fit id, or the text cannot be edited.
    """
    known = {service["id"] for _, service in _services(_read(text))}
    for service in provider["service"]:
        _require_id(service["id"])
        if service["id"] in known:
            raise ConfigurationError(f"a service {service['id']} is in the list already")

    def expected(source: Table) -> None:
        source.setdefault("provider", []).append(dict(provider))

    return _checked(text, text.rstrip("\n") + "\n\n" + provider_text(provider), expected)


def provider_text(provider: Mapping[str, Any]) -> str:
    """Return a provider as TOML."""
    lines = ["[[provider]]", *members(_without(provider, "service"))]
    for service in provider["service"]:
        lines += ["", *_stanza(service)]
    return "\n".join([*lines, ""])


def _stanza(service: Mapping[str, Any]) -> list[str]:
    profile = ["", "[provider.service.qr]", *members(service["qr"])] if "qr" in service else []
    claims = ["", "[provider.service.claims]", *members(service.get("claims", {}))]
    return [_SERVICE, *members(_without(service, "claims", "qr")), *profile, *claims]


def _without(table: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in names}


def members(table: Mapping[str, Any]) -> list[str]:
    """Return the members of a table, one in each line."""
    ordered = sorted(table, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
    return [f"{_key(name)} = {_value(table[name])}" for name in ordered]


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _value(value: Any) -> str:
    """Return a value in one line; strings, numbers and lists are written as JSON writes them."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(members(value)) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def with_status(text: str, service_id: str, status: ServiceStatus, *, since: datetime) -> str:
    """Return ``text`` in which a service has ``status`` from ``since`` on. What was only announced for later goes.

    Raises:
        ConfigurationError: There is no such service, or the text cannot be edited.
    """
    period = {"status": status.value.rpartition(":")[2], "from": instant_text(since.replace(microsecond=0))}
    kept = [one for one in service(text, service_id).get("status", ()) if one["from"] < period["from"]]
    if not kept and status is not ServiceStatus.COMPROMISED:
        raise ConfigurationError(f"the service {service_id} is not granted before {period['from']}")
    periods = [*kept, period]
    start, end = _block(text, service_id)
    block = text[start:end]
    opening, closing = _array(block, "status")
    shown = "".join(f"  {_value(one)},\n" for one in periods)
    edited = text[:start] + block[:opening] + "[\n" + shown + "]" + block[closing:] + text[end:]

    def expected(source: Table) -> None:
        _named(source, service_id)["status"] = periods

    return _checked(text, edited, expected)


def with_successor(text: str, service_id: str, changes: Mapping[str, Any]) -> str:
    """Return ``text`` with a copy of a service behind it, in which ``changes`` replace members of the original.

    Raises:
        ConfigurationError: There is no such service, the new id is taken or unfit, or the text cannot be edited.
    """
    _require_id(changes["id"])
    source = _read(text)
    if any(one["id"] == changes["id"] for _, one in _services(source)):
        raise ConfigurationError(f"a service {changes['id']} is in the list already")
    provider, held = next(pair for pair in _services(source) if pair[1] is _named(source, service_id))
    successor = {**held, **changes}
    _, end = _block(text, service_id)
    stanza = "\n".join(_stanza(successor))
    edited = f"{text[:end].rstrip()}\n\n{stanza}\n" + (f"\n{text[end:]}" if text[end:].strip() else "")

    def expected(wanted: Table) -> None:
        services = next(one for one in wanted["provider"] if one == provider)["service"]
        services.insert(next(n for n, one in enumerate(services) if one["id"] == service_id) + 1, successor)

    return _checked(text, edited, expected)


def _require_id(service_id: str) -> None:
    if SERVICE_ID.fullmatch(service_id) is None:
        raise ConfigurationError(f"{service_id!r} is no id: lower-case letters, digits and hyphens, 63 at most")


def service(text: str, service_id: str) -> Table:
    """Return a service as the list describes it.

    Raises:
        ConfigurationError: There is none.
    """
    return _named(_read(text), service_id)


def _named(source: Table, service_id: str) -> Table:
    for _, one in _services(source):
        if one["id"] == service_id:
            return one
    known = ", ".join(one["id"] for _, one in _services(source))
    raise ConfigurationError(f"the list has no service {service_id}; it has: {known or 'none'}")


def _services(source: Table) -> list[tuple[Table, Table]]:
    try:
        return [(provider, one) for provider in source.get("provider", []) for one in provider["service"]]
    except (KeyError, TypeError, AttributeError) as odd:
        raise ConfigurationError("the list is not in its form; run `idbridge trust lint`") from odd


def _read(text: str) -> Table:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as broken:
        raise ConfigurationError(f"the list is not in order: {broken}") from broken


def _checked(before: str, after: str, expected: Callable[[Table], None]) -> str:
    """Return ``after`` if it says what ``before`` says, changed by ``expected``, and nothing else."""
    wanted = copy.deepcopy(_read(before))
    expected(wanted)
    if json.dumps(_read(after), sort_keys=True, default=str) != json.dumps(wanted, sort_keys=True, default=str):
        raise ConfigurationError("the list is written in a way that this edit does not know; make it by hand")
    return after


def _block(text: str, service_id: str) -> tuple[int, int]:
    """Return where the stanza of a service begins and ends in ``text``."""
    starts = [match.start() for match in re.finditer(r"^\[\[", text, re.MULTILINE)]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        block = text[start:end]
        if block.startswith(_SERVICE) and re.search(rf'^id\s*=\s*"{re.escape(service_id)}"', block, re.MULTILINE):
            return start, _before_comment(text, start, end)
    raise ConfigurationError(f"the stanza of {service_id} is written in a way that this edit does not know")


def _before_comment(text: str, start: int, end: int) -> int:
    """Return where the stanza ends when the comment above the next one is left to the next one."""
    lines = text[start:end].splitlines(keepends=True)
    while lines and (not lines[-1].strip() or lines[-1].startswith("#")):
        end -= len(lines.pop())
    return end


def _array(block: str, name: str) -> tuple[int, int]:
    """Return where the list called ``name`` begins and ends."""
    found = re.search(rf"^{name}\s*=\s*(\[)", block, re.MULTILINE)
    if found is None:
        raise ConfigurationError(f"`{name}` is written in a way that this edit does not know")
    depth, at, quoted = 0, found.start(1), False
    while at < len(block):
        character = block[at]
        if quoted:
            at += 1 if character == "\\" else 0
            quoted = character != '"'
        elif character == '"':
            quoted = True
        elif character in "[]":
            depth += 1 if character == "[" else -1
            if not depth:
                return found.start(1), at + 1
        at += 1
    raise ConfigurationError(f"`{name}` does not end")
