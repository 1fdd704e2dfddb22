"""How a wallet is called: by its address, or by a command. What it says to that is no answer; that comes by POST.

A command ends with 0 once it has taken the link. To refuse it ends with 1 and writes one JSON object,
``{"refused": true}``, with the word of OpenID4VP in ``code`` if it has one: an exception that nobody caught ends with 1
in many languages, and says nothing like that. Every other end, and an address that is gone or breaks, is a crash.
"""

import shlex
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from idbridge.codec import strict_json
from idbridge.conformance.answer import Fault, FaultKind
from idbridge.conformance.targets.process import Said, said_by
from idbridge.errors import FetchError, InputError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.net.calls import Call, Method
from idbridge.net.guarded import GuardedClient

_BROKEN = 500
_REFUSED = 1  # the exit code that goes with the word


@dataclass(frozen=True, slots=True)
class Refused:
    """What a command said in place of an answer: that it refuses, and with which word, ``None`` for none."""

    code: str | None = None


class WalletCall(Protocol):
    """The way to a wallet."""

    def open(self, link: str) -> Fault | Refused | None:
        """Hand ``link`` to the wallet, and return once it is done with it; a fault if it broke."""
        ...


@dataclass(frozen=True, slots=True)
class CommandCall:
    """A wallet that is a command, with the link as its last argument."""

    command: str

    def open(self, link: str) -> Fault | Refused | None:
        """Run the command."""
        try:
            arguments = [*shlex.split(self.command), link]
        except ValueError as unreadable:
            return Fault(FaultKind.UNREACHABLE, f"the wallet cannot be started: {unreadable}")
        said = said_by(arguments)
        if isinstance(said, Fault) or said.exit_code == 0:
            return said if isinstance(said, Fault) else None
        return _refused(said) or Fault(FaultKind.CRASH, f"the wallet ended with {said.exit_code}{said.complaint}")


def _refused(said: Said) -> Refused | None:
    """Return the refusal that a command wrote, ``None`` if it wrote none."""
    try:
        told = strict_json.parse_object(said.output, max_bytes=LIMITS.conformance_answer_bytes)
    except InputError:
        return None
    code = told.get("code")
    if said.exit_code != _REFUSED or told.get("refused") is not True or not isinstance(code, str | None):
        return None
    return Refused(code)


@dataclass(frozen=True, slots=True)
class AddressCall:
    """A wallet that is opened at an address, with the parameters of the link as its query."""

    address: str
    environment: Environment = Environment.SANDBOX

    def open(self, link: str) -> Fault | None:
        """Open the address."""
        parts = urlsplit(self.address)
        here = self.environment is Environment.SANDBOX
        client = GuardedClient(frozenset({parts.netloc}), self.environment, allow_loopback=here)
        joint = "&" if parts.query else "?"
        call = Call(Method.GET, f"{self.address}{joint}{urlsplit(link).query}", {"Accept": "*/*"})
        try:
            answer = client.call(call, max_bytes=LIMITS.conformance_answer_bytes)
        except FetchError as gone:
            return Fault(FaultKind.UNREACHABLE, f"nobody answers at the wallet's address: {gone}")
        if answer.status >= _BROKEN:
            return Fault(FaultKind.CRASH, f"the wallet answered {answer.status} to being opened")
        return None
