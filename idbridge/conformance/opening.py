"""Opening a target: from its address on the command line, ``cli:COMMAND`` or ``http:URL``, to what answers cases.

Decides which profiles an address can be asked to prove, and refuses the rest, and which cases are made anew before they
are put to it; it does not ask the target anything.
"""

import shlex
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from idbridge.clock import Clock
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.profiles import PROFILES, Profile, Reach
from idbridge.conformance.target import Target
from idbridge.errors import ConfigurationError
from idbridge.model.randomness import SystemRandomness


@dataclass(frozen=True, slots=True)
class Address:
    """How a target is reached, and where: a command, an address of the web, a folder; nothing for the built-in one.

    Raises:
        ConfigurationError: A built-in target has a place, another one has none, or a command cannot be read.
    """

    reach: Reach
    where: str

    def __post_init__(self) -> None:
        if (self.reach is Reach.BUILTIN) is not (not self.where):
            raise ConfigurationError("a target is `builtin`, or how it is reached and where: `cli:./verify`")
        if self.reach is Reach.CLI:
            _ = self.command

    @property
    def command(self) -> tuple[str, ...]:
        """The words of the command of a target that is one.

        Raises:
            ConfigurationError: There is none, or a quotation in it does not end.
        """
        try:
            words = tuple(shlex.split(self.where))
        except ValueError as unended:
            raise ConfigurationError(f"the command of the target cannot be read: {unended}") from None
        if not words:
            raise ConfigurationError("the target is no command")
        return words

    def __str__(self) -> str:
        return f"{self.reach.value}:{self.where}" if self.where else self.reach.value

    def profiles(self) -> tuple[Profile, ...]:
        """Return the profiles that a target at such an address can prove."""
        return tuple(profile for profile, terms in PROFILES.items() if self.reach in terms.reaches)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What opening needs beside the address: a folder to work in, the clock, and the settings of a live target.

    ``seed`` is what cases are made from where they are made anew. ``ending`` is closed by whoever opened: it ends what
    a target started.
    """

    corpus: Corpus
    folder: Path
    clock: Clock
    settings: Path | None = None
    seed: bytes | None = None
    ending: ExitStack = field(default_factory=ExitStack)


def parse_address(text: str) -> Address:
    """Return the address that ``text`` is.

    Raises:
        ConfigurationError: It is none.
    """
    reach, _, where = text.partition(":")
    try:
        return Address(Reach(reach), where)
    except ValueError:
        known = ", ".join(f"`{one.value}`" for one in Reach)
        raise ConfigurationError(f"a target is reached in one of these ways: {known}") from None


def opened(address: Address, profile: Profile, given: Surroundings) -> Target:
    """Return the target at ``address`` for the cases of ``profile``.

    Raises:
        ConfigurationError: It cannot prove that profile, or its settings are not in order.
    """
    opener = _OPENERS.get((profile, address.reach))
    if opener is None:
        provable = ", ".join(f"`{one.value}`" for one in address.profiles())
        raise ConfigurationError(
            f"a target reached by `{address.reach.value}` proves {provable}, not `{profile.value}`"
        )
    return opener(address.where, given)


def are_minted(address: Address, profile: Profile) -> bool:
    """Tell whether the cases of ``profile`` are made anew for a target at ``address``, which may know the corpus."""
    return address.reach is Reach.CLI and profile in (Profile.VERIFIER, Profile.TRUST_LIST_CONSUMER)


def are_drawn(address: Address, profile: Profile) -> bool:
    """Tell whether the cases of ``profile`` are put to a target at ``address`` in an order that nobody knew before."""
    return are_minted(address, profile) or (profile, address.reach) == (Profile.VERIFIER, Reach.HTTP)


def for_the_occasion(
    cases: Sequence[ConformanceCase], given: Surroundings
) -> tuple[Surroundings, Sequence[ConformanceCase]]:
    """Return ``cases`` as they are made anew from the seed of ``given``, and surroundings with their material.

    Raises:
        ConfigurationError: There is no seed, or our own verifier answers one of them otherwise than the corpus says.
    """
    from idbridge.conformance.making.occasion import minted_for

    if given.seed is None:
        raise ConfigurationError("cases are made anew from a seed, and there is none")
    folder = given.ending.enter_context(tempfile.TemporaryDirectory(prefix="idbridge-occasion-"))
    corpus = minted_for(given.corpus, cases, seed=given.seed, folder=Path(folder))
    return replace(given, corpus=corpus), [corpus.case(case.id) for case in cases]


def _builtin_verifier(_where: str, given: Surroundings) -> Target:
    from idbridge.conformance.targets.builtin import BuiltinVerifier

    return BuiltinVerifier(given.corpus)


def _builtin_lists(_where: str, given: Surroundings) -> Target:
    from idbridge.conformance.targets.builtin_lists import BuiltinLists

    return BuiltinLists(given.corpus)


def _cli_verifier(where: str, given: Surroundings) -> Target:
    from idbridge.conformance.targets.cli_verifier import CliVerifier

    return CliVerifier(shlex.split(where), given.corpus, given.folder)


def _cli_lists(where: str, given: Surroundings) -> Target:
    from idbridge.conformance.targets.cli_lists import CliLists

    return CliLists(shlex.split(where), given.corpus)


def _id_provider(where: str, given: Surroundings) -> Target:
    from idbridge.conformance.targets.idp.settings import read_settings
    from idbridge.conformance.targets.idp.target import IdpTarget

    if given.settings is None:
        raise ConfigurationError("who the suite is at the provider, and who logs in, is told by `--settings FILE`")
    return IdpTarget(where, read_settings(given.settings), clock=given.clock)


def _http_verifier(where: str, given: Surroundings) -> Target:
    from idbridge.conformance.targets.gateway.loaded import LoadedNode
    from idbridge.conformance.targets.gateway.wire import GatewayWire
    from idbridge.conformance.targets.http_verifier import HttpVerifier
    from idbridge.conformance.targets.minted_verifier import MintedVerifier, region_named

    wire = GatewayWire(where)
    if LoadedNode(wire, given.corpus).runs_for_the_suite():
        return HttpVerifier(wire, given.corpus)
    if given.settings is None:
        raise ConfigurationError(
            "the gateway was not started by `serve --conformance`; `--settings FILE` names the folder of its region"
        )
    return MintedVerifier(wire, given.corpus, region_named(given.settings), clock=given.clock)


def _publication(where: str, given: Surroundings) -> Target:
    from idbridge.conformance.targets.publisher.opening import open_publication

    if given.settings is None:
        raise ConfigurationError("the root or the keys that are pinned for a publication stand in `--settings FILE`")
    return open_publication(where, given.settings, clock=given.clock)


def _issuer(where: str, given: Surroundings) -> Target:
    from idbridge.conformance.targets.issuer.target import open_issuer

    if given.settings is None:
        raise ConfigurationError("the keys that are pinned for the list of an issuer stand in `--settings FILE`")
    return open_issuer(Path(where), given.settings, clock=given.clock)


def _wallet(where: str, given: Surroundings) -> Target:
    from idbridge.conformance.targets.wallet.opening import open_wallet

    if given.settings is None:
        raise ConfigurationError("whom a wallet trusts, and what it holds, stands in `--settings FILE`")
    target = open_wallet(
        where, given.settings, clock=given.clock, randomness=SystemRandomness(), known=given.corpus.cases
    )
    given.ending.callback(target.close)
    return target


def _gateway(where: str, given: Surroundings) -> Target:
    from idbridge.conformance.targets.gateway.target import GatewayTarget
    from idbridge.conformance.targets.gateway.wire import GatewayWire

    return GatewayTarget(GatewayWire(where), given.corpus)


_OPENERS: Final[Mapping[tuple[Profile, Reach], Callable[[str, Surroundings], Target]]] = MappingProxyType(
    {
        (Profile.VERIFIER, Reach.BUILTIN): _builtin_verifier,
        (Profile.TRUST_LIST_CONSUMER, Reach.BUILTIN): _builtin_lists,
        (Profile.VERIFIER, Reach.CLI): _cli_verifier,
        (Profile.TRUST_LIST_CONSUMER, Reach.CLI): _cli_lists,
        (Profile.ID_PROVIDER, Reach.IDP): _id_provider,
        (Profile.VERIFIER, Reach.HTTP): _http_verifier,
        (Profile.GATEWAY, Reach.HTTP): _gateway,
        (Profile.PRIVACY, Reach.HTTP): _gateway,
        (Profile.RESILIENCE, Reach.HTTP): _gateway,
        (Profile.TRUST_LIST_PUBLISHER, Reach.LIST): _publication,
        (Profile.ISSUER, Reach.ISSUER): _issuer,
        (Profile.WALLET, Reach.WALLET): _wallet,
    }
)
"""What opens a target; a profile is read when it is asked for, because a listing of cases needs none of them."""
