"""The document ``deny/list.json``: signed entries under a number. Decides its form and nothing of what stands in it."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from idbridge.codec import jcs, strict_json
from idbridge.errors import InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.trust import members
from idbridge.trust.deny_entry import invalid

SCHEMA: Final = "idbridge-deny-list-1"
_MEMBERS: Final = frozenset({"schema", "environment", "number", "entries"})


@dataclass(frozen=True, slots=True)
class DenyList:
    """A deny list as read. ``digest`` is the SHA-256 (hex) of its octets; each entry is in canonical JSON."""

    environment: Environment
    number: int
    entries: tuple[bytes, ...]
    digest: str


def parse(octets: bytes) -> DenyList:
    """Return the list that ``octets`` hold; it may be empty.

    Raises:
        TrustError: ``trust.deny_invalid``: another form, or more than a list may hold.
    """
    try:
        read = members.table(
            strict_json.parse(octets, max_bytes=LIMITS.deny_list_bytes), required=_MEMBERS, where="the deny list"
        )
        entries = read["entries"]
        if read["schema"] != SCHEMA or type(entries) is not list or len(entries) > LIMITS.deny_entries:
            raise invalid(f"the deny list is of another schema, or has more than {LIMITS.deny_entries} entries")
        octets_of = tuple(jcs.canonicalize(entry) for entry in entries)
        if any(len(one) > LIMITS.deny_entry_bytes for one in octets_of):
            # Blanks in what is signed are free: four entries of one key could fill the list for good.
            raise invalid(f"an entry of the deny list is longer than {LIMITS.deny_entry_bytes} octets")
        return DenyList(
            environment=members.word(read["environment"], Environment, where="environment"),
            number=members.count(read["number"], where="number", least=1, most=LIMITS.list_sequence),
            entries=octets_of,
            digest=hashlib.sha256(octets).hexdigest(),
        )
    except (InputError, TrustError) as broken:
        raise invalid(broken.detail) from broken


def written(entries: Iterable[bytes], *, number: int, environment: Environment) -> bytes:
    """Return the deny list that holds ``entries``, each as ``deny_entry.sign_entry`` makes it."""
    listed: list[Any] = [strict_json.parse_object(one, max_bytes=LIMITS.deny_list_bytes) for one in entries]
    return jcs.canonicalize({
        "schema": SCHEMA,
        "environment": environment.value,
        "number": number,
        "entries": listed,
    })  # fmt: skip
