"""The registry in a file, changed one registration at a time by whoever runs ``idbridge rp`` on this machine.

Decides nothing about registrations. The file is read, changed and put in place whole, while no other such command may;
a node that runs takes it up at its next look. It has no history: of a change nothing is left but what it made. The file
is strict JSON, which has no comments, so that there are none to keep; its order stays, its spacing does not.
"""

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from idbridge.errors import ConfigurationError, RequestError
from idbridge.model.region import Environment
from idbridge_gateway.registration import read_registrations, write_registrations
from idbridge_gateway.registry.act import Act
from idbridge_gateway.registry.changes import policy_changed
from idbridge_gateway.registry.record import Registration

_NEW_MODE = 0o600


class FileRegistry:
    """The registry of ``environment`` in the file at ``path``."""

    def __init__(self, path: Path, environment: Environment) -> None:
        self._path = path
        self._environment = environment

    async def close(self) -> None:
        """Do nothing: nothing is open."""

    async def require_current(self) -> None:
        """Do nothing: every method reads the file strictly."""

    async def all(self) -> tuple[Registration, ...]:
        """Return all registrations.

        Raises:
            ConfigurationError: The file is missing, or is not one of registrations of this environment.
        """
        return read_registrations(self._path, environment=self._environment)

    async def one(self, party_id: str) -> Registration:
        """Return the registration of ``party_id``.

        Raises:
            RequestError: ``input.not_found``.
            ConfigurationError: As above.
        """
        return _one(await self.all(), party_id)

    async def add(self, registration: Registration, act: Act, *, rehearsed: bool = False) -> Registration:  # noqa: ARG002 - as in the database, where a line of it is kept
        """Register ``registration``, the first of its id, in a new file if there is none; ``rehearsed`` keeps nothing.

        Raises:
            RequestError: ``input.already_registered``: its id, or that of one of its clients, is taken.
            ConfigurationError: The file cannot be read or written.
        """
        with self._changing(may_begin=True) as held:
            if any(one.id == registration.id for one in held):
                raise RequestError("input.already_registered", "a relying party of this id is registered")
            self._keep((*held, registration), rehearsed=rehearsed)
        return registration

    async def change(
        self,
        party_id: str,
        step: Callable[[Registration], Registration],
        act: Act,  # noqa: ARG002 - as above
        *,
        rehearsed: bool = False,
    ) -> Registration:
        """Put what ``step`` makes of a registration in its place, and return it.

        Raises:
            RequestError: ``input.not_found``, ``input.already_registered``, or what ``step`` raises.
            ConfigurationError: The file cannot be read or written.
        """
        with self._changing(may_begin=False) as everybody:
            held = _one(everybody, party_id)
            made = step(held)
            if made == held:
                return held
            if policy_changed(held, made):
                number = held.relying_party.policy_version + 1
                made = replace(made, relying_party=replace(made.relying_party, policy_version=number))
            self._keep(tuple(made if one.id == party_id else one for one in everybody), rehearsed=rehearsed)
        return made

    @contextmanager
    def _changing(self, *, may_begin: bool) -> Iterator[tuple[Registration, ...]]:
        """Yield what is registered, while no other command changes it: the folder is locked, for files are replaced."""
        try:
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise ConfigurationError(f"the folder of the registration file cannot be read: {error.strerror}") from None
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            is_new = may_begin and not self._path.exists()
            yield () if is_new else read_registrations(self._path, environment=self._environment)
        finally:
            os.close(folder)

    def _keep(self, registrations: tuple[Registration, ...], *, rehearsed: bool) -> None:
        clients = [client.id for one in registrations for client in one.clients]
        if len(set(clients)) != len(clients):
            raise RequestError("input.already_registered", "a client of this id is registered for somebody else")
        mode, group = self._access()
        if not rehearsed:
            write_registrations(self._path, registrations, environment=self._environment, mode=mode, group=group)

    def _access(self) -> tuple[int, int | None]:
        """Return the mode and the group that the file keeps.

        Raises:
            ConfigurationError: It is another account's, or a link: the node might not be able to read what replaces it.
        """
        try:
            found = self._path.lstat()
        except FileNotFoundError:
            return _NEW_MODE, None
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise ConfigurationError("the registration file is no plain file of this account; run this as its owner")
        return stat.S_IMODE(found.st_mode), found.st_gid


def _one(everybody: tuple[Registration, ...], party_id: str) -> Registration:
    found = next((one for one in everybody if one.id == party_id), None)
    if found is None:
        raise RequestError("input.not_found", "no relying party of this id is registered")
    return found
