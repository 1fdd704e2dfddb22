"""Broken publishers, issuers and wallets in the frame of all mutants: each with the surroundings that it works in.

The surroundings of a kind are made once for all its mutants, because they are the same for each of them.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Final

from idbridge.clock import FixedClock, SystemClock
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.profiles import Profile
from idbridge.conformance.target import Target
from idbridge.conformance.targets.wallet.asking import new_access
from idbridge.conformance.targets.wallet.target import WalletSettings, WalletTarget
from idbridge.model.randomness import SystemRandomness
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.drill.arena import Arena, prepare
from idbridge.sandbox.region import Region
from idbridge.sandbox.statuses import statuses_of
from idbridge.verify.verifier import Verifier
from tests.mutants import issuer, publisher, wallet
from tests.mutants.mutant import Mutant

Opened = Callable[[Corpus], AbstractContextManager[Target]]
_PREFIX: Final = "idbridge-mutants-"


@cache
def _arena() -> tuple[Arena, "tempfile.TemporaryDirectory[str]"]:
    """The arena of broken publishers, with the folder that goes when the process ends."""
    folder = tempfile.TemporaryDirectory(prefix=_PREFIX)
    return prepare(Path(folder.name), at=SystemClock().now()), folder


@cache
def _bench() -> Bench:
    at = SystemClock().now().replace(microsecond=0)
    return Bench(Region.generate(at=at), at, SystemRandomness())


@cache
def honest_settings() -> WalletSettings:
    """The suite as a verifier of wallets; the wallet in it is the honest one."""
    bench = _bench()
    access, trust = new_access(at=bench.at), bench.snapshot()
    verifier = Verifier(trust=trust, status=statuses_of(bench.region, trust=trust, at=bench.at))
    honest = wallet.HolderCall(bench, access)
    soon = timedelta(milliseconds=40)  # every wallet here has posted by the time that it says it is done
    return WalletSettings(
        honest, access, verifier, FixedClock(bench.at), SystemRandomness(), settling=soon, patience=soon
    )


def _publisher(mutant: publisher.Mutant) -> Opened:
    @contextmanager
    def opened(_corpus: Corpus) -> Iterator[Target]:
        with _arena()[0].scene() as scene:
            yield mutant.target(scene)

    return opened


def _issuer(mutant: issuer.Mutant) -> Opened:
    @contextmanager
    def opened(_corpus: Corpus) -> Iterator[Target]:
        with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
            yield mutant.target(Path(folder), _bench())

    return opened


def _wallet(mutant: wallet.Mutant) -> Opened:
    @contextmanager
    def opened(_corpus: Corpus) -> Iterator[Target]:
        target = WalletTarget(mutant.settings(honest_settings(), _bench()))
        try:
            yield target
        finally:
            target.close()

    return opened


def mutants() -> tuple[Mutant, ...]:
    """Return every broken publisher, issuer and wallet."""
    return (
        *(_framed(one, Profile.TRUST_LIST_PUBLISHER, _publisher(one)) for one in publisher.mutants()),
        *(_framed(one, Profile.ISSUER, _issuer(one)) for one in issuer.mutants()),
        *(_framed(one, Profile.WALLET, _wallet(one)) for one in wallet.mutants()),
    )


def _framed(one: publisher.Mutant | issuer.Mutant | wallet.Mutant, profile: Profile, opened: Opened) -> Mutant:
    return Mutant(one.name, one.title, profile, one.breaks, opened)
