"""Lines to providers: every call goes through here, and one provider that is slow or down holds up no other.

Each provider has so many calls at a time and a circuit of its own; a document that many want is fetched once. What is
asked, and what an answer means, the callers say. The guards against addresses that lead inside are those of
``net.guarded``: a provider is called on its own hosts and nowhere else.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from idbridge.errors import ConfigurationError, FetchError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.net.calls import Answer, Call, Caller
from idbridge.net.guarded import GuardedClient
from idbridge_gateway.oidc.upstream.circuit import Circuit
from idbridge_gateway.oidc.upstream.refusals import unavailable
from idbridge_gateway.oidc.upstream.registrations import UpstreamClient

_OK: Final = 200
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One provider as it is called: as which client of ours, and on which hosts."""

    client: UpstreamClient
    hosts: frozenset[str] = field(repr=False)


Callers = Callable[[Line], Caller]


def guarded_callers(environment: Environment) -> Callers:
    """Return what makes the one guarded client of a line; in a sandbox, to whoever stands in for its host.

    It is kept as long as the hosts stay what and where they are: to make one reads every authority that this machine
    trusts.
    """
    made: dict[str, tuple[Line, GuardedClient]] = {}

    def caller(line: Line) -> Caller:
        kept = made.get(line.client.provider)
        if kept is not None and (kept[0].hosts, kept[0].client.reached_at) == (line.hosts, line.client.reached_at):
            return kept[1]
        place = line.client.reached_at
        client = GuardedClient(
            line.hosts,
            environment,
            allow_loopback=place is not None,
            stand_ins={line.client.host: place} if place is not None else {},
        )
        made[line.client.provider] = (line, client)
        return client

    return caller


@dataclass(frozen=True, slots=True)
class _Held:
    """A document as it was fetched."""

    octets: bytes
    fetched_at: datetime


class Lines:
    """The lines of one node."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers
        self._threads = ThreadPoolExecutor(LIMITS.upstream_calls, thread_name_prefix="idbridge-upstream")
        self._circuits: dict[str, Circuit] = defaultdict(Circuit)
        self._under_way: Counter[str] = Counter()
        self._held: dict[str, _Held] = {}
        self._coming: dict[str, asyncio.Task[_Held]] = {}

    async def call(self, line: Line, call: Call, *, at: datetime) -> Answer:
        """Return the answer of the provider to ``call``, whatever it says.

        Raises:
            OAuthError: ``temporarily_unavailable``: it failed too often lately, or answers too slowly already.
            FetchError: There was no answer, or none but that something is wrong there.
        """
        name = line.client.provider
        if self._under_way[name] >= LIMITS.upstream_provider_calls:
            raise unavailable("too many people wait for this provider")
        if not self._circuits[name].lets_through(at):
            raise unavailable("the provider did not answer lately")
        self._under_way[name] += 1
        try:
            answer = await self._made(line, call)
        except FetchError:
            self._circuits[name].failed(at)
            raise
        finally:
            self._under_way[name] -= 1
        self._circuits[name].answered()
        return answer

    async def document(self, line: Line, call: Call, *, at: datetime, lifetime: timedelta) -> bytes:
        """Return the document that ``call`` asks for, at most ``lifetime`` old; of several at once, one fetches it.

        Raises:
            OAuthError, FetchError: As for ``call``, or it is not there.
        """
        held = self._held.get(call.url)
        if held is not None and held.fetched_at <= at < held.fetched_at + lifetime:
            return held.octets
        coming = self._coming.get(call.url)
        if coming is None:
            coming = asyncio.create_task(self._fetched(line, call, at=at))
            self._coming[call.url] = coming
            coming.add_done_callback(lambda _: self._coming.pop(call.url, None))
        return (await asyncio.shield(coming)).octets

    def forget(self, url: str) -> None:
        """Let the document at ``url`` be fetched anew: what is held is of no use."""
        self._held.pop(url, None)

    async def _fetched(self, line: Line, call: Call, *, at: datetime) -> _Held:
        answer = await self.call(line, call, at=at)
        if answer.status != _OK:
            raise FetchError(f"the provider answered {answer.status}")
        held = self._held[call.url] = _Held(answer.body, at)
        return held

    async def _made(self, line: Line, call: Call) -> Answer:
        try:
            asked = partial(self._callers(line).call, call, max_bytes=LIMITS.fetch_bytes)
        except ConfigurationError as strange:
            raise FetchError("not the hosts of a provider") from strange
        answer = await asyncio.get_running_loop().run_in_executor(self._threads, asked)
        if answer.status >= _SERVER_ERROR:
            raise FetchError(f"the provider answered {answer.status}")
        return answer
