"""This node's clients at providers, in force and exchanged whole when their files change.

Decides when the files are looked at again, and that what is broken changes nothing: the clients that are held go on,
and the journal and the console say why. The names of new clients are the node's own before anybody logs in with them.
What a client may be, ``registrations`` decides. Somebody who is at a provider while its client changes comes back to
the client that is in force then.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from idbridge.codec import strict_json
from idbridge.errors import ConfigurationError, InputError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge_gateway.bell import Bell
from idbridge_gateway.journal import JOURNAL, note_unexpected
from idbridge_gateway.oidc.upstream.registrations import UpstreamClient, read_upstream_clients
from idbridge_gateway.settings import Settings
from idbridge_gateway.watch import FileMarks, Pace

_FILES: Final = ("key_file", "secret_file")


class ClientsInForce(Mapping[str, UpstreamClient]):
    """The clients that are in force, by the id of the provider; one value that is exchanged whole."""

    def __init__(self, clients: Mapping[str, UpstreamClient]) -> None:
        self._clients = clients

    def exchange(self, clients: Mapping[str, UpstreamClient]) -> None:
        """Put ``clients`` in force in place of all that were.

        Whoever looks more than once takes ``present`` first: between two looks it may be another value.
        """
        self._clients = clients

    @property
    def present(self) -> Mapping[str, UpstreamClient]:
        """The clients that are in force at this moment; the value does not change any more."""
        return self._clients

    def __getitem__(self, provider: str) -> UpstreamClient:
        """Return the client at ``provider``."""
        return self._clients[provider]

    def __iter__(self) -> Iterator[str]:
        """Return the ids of the providers."""
        return iter(self._clients)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._clients)


class ClientsWatch:
    """Watches the file of the clients, and the files that it names; ``read`` makes clients of them.

    ``named`` is told which clients come into force, just before they do.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        bell: Bell,
        named: Callable[[Mapping[str, UpstreamClient]], None],
        read: Callable[[Settings], Mapping[str, UpstreamClient]] = read_upstream_clients,
    ) -> None:
        self._settings = settings
        self._bell = bell
        self._named = named
        self._read = read
        self._files = _files(settings)
        self._seen: Hashable = FileMarks(*self._files).read()  # before the files are read: what changes then is seen
        clients = read(settings)
        named(clients)
        self.in_force: Final = ClientsInForce(clients)

    async def watch(self, *, pace: Pace, randomness: Randomness) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(pace.seconds(randomness))
            await self.look()

    async def look(self) -> None:
        """Look once. Reading and opening is done beside the loop, so that requests go on."""
        try:
            clients = await asyncio.to_thread(self._changed)
            if clients is not None:
                self._named(clients)
                self.in_force.exchange(clients)
                JOURNAL.info("clients at providers in force: %s", ", ".join(sorted(clients)) or "none")
        except Exception as error:  # noqa: BLE001 - what is in force stays in force, whatever happened
            note_unexpected(error, correlation_id="upstream-clients")

    def _changed(self) -> Mapping[str, UpstreamClient] | None:
        """Return the clients that the files describe by now; ``None`` if they did not change, or are broken."""
        if FileMarks(*self._files).read() == self._seen:
            return None
        self._files = _files(self._settings)
        self._seen = FileMarks(*self._files).read()
        try:
            clients = self._read(self._settings)
        except ConfigurationError as error:
            self._bell.ring_clients(f"the clients at providers stay what they were: {error}")
            return None
        self._bell.ring_clients("")
        return clients


def _files(settings: Settings) -> tuple[Path, ...]:
    """Return the files that clients are read from, as far as the first of them can be read itself."""
    path = settings.upstream_clients_file
    if path is None:
        return ()
    named = (path.parent / name for entry in _entries(path) for name in map(entry.get, _FILES) if type(name) is str)
    opens = settings.upstream_passphrase_file
    return (path, *sorted(named), *((opens,) if opens is not None else ()))


def _entries(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open("rb") as opened:
            document = strict_json.parse_object(opened.read(LIMITS.body_bytes + 1), max_bytes=LIMITS.body_bytes)
    except (OSError, InputError):
        return []
    providers = document.get("providers")
    return [one for one in providers.values() if type(one) is dict] if type(providers) is dict else []
