"""Clean implementations: our own of every profile, each as the suite reaches it, which pass whatever they claim."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from idbridge.clock import FixedClock, SystemClock
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.making.issuer_samples import write_samples
from idbridge.conformance.profiles import Profile
from idbridge.conformance.run import grouped
from idbridge.conformance.seed import CORPUS_INSTANT
from idbridge.conformance.target import Target
from idbridge.conformance.targets.builtin import BuiltinVerifier
from idbridge.conformance.targets.builtin_lists import BuiltinLists
from idbridge.conformance.targets.cli_lists import CliLists
from idbridge.conformance.targets.cli_verifier import CliVerifier
from idbridge.conformance.targets.gateway.target import GatewayTarget
from idbridge.conformance.targets.http_verifier import HttpVerifier
from idbridge.conformance.targets.issuer.target import IssuerTarget
from idbridge.conformance.targets.wallet.target import WalletTarget
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.drill.arena import prepare
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness
from tests.conformance.http.kit import conformance_node, wire
from tests.conformance.idp.kit import FAPI, PLAIN, standing
from tests.mutants import samples
from tests.mutants.issuer import pinned_in
from tests.mutants.publisher import target_of

OURSELVES: Final = (sys.executable, "-m", "idbridge.conformance.protocol")
Opened = Callable[[Corpus], AbstractContextManager[Target]]


@dataclass(frozen=True, slots=True)
class Clean:
    """An implementation of ours. ``every`` is how many cases there are to each one that is put to it."""

    name: str
    profile: Profile
    opened: Opened
    every: int = 1
    tags: tuple[str, ...] = field(default=())

    def cases(self, corpus: Corpus) -> tuple[ConformanceCase, ...]:
        """Return the cases that are put to it."""
        return grouped(corpus.chosen([self.profile], self.tags)[:: self.every])


@contextmanager
def _builtin(corpus: Corpus) -> Iterator[Target]:
    yield BuiltinVerifier(corpus)


@contextmanager
def _lists(corpus: Corpus) -> Iterator[Target]:
    yield BuiltinLists(corpus)


@contextmanager
def _program(corpus: Corpus) -> Iterator[Target]:
    with tempfile.TemporaryDirectory() as folder:
        yield CliVerifier(OURSELVES, corpus, Path(folder))


@contextmanager
def _program_of_lists(corpus: Corpus) -> Iterator[Target]:
    yield CliLists(OURSELVES, corpus)


@contextmanager
def _node(corpus: Corpus) -> Iterator[Target]:
    with conformance_node() as url:
        yield HttpVerifier(wire(url), corpus)


@contextmanager
def _gateway(corpus: Corpus) -> Iterator[Target]:
    with conformance_node() as url:
        yield GatewayTarget(wire(url), corpus)


@contextmanager
def _publication(_corpus: Corpus) -> Iterator[Target]:
    with tempfile.TemporaryDirectory() as folder, prepare(Path(folder), at=SystemClock().now()).scene() as scene:
        yield target_of(scene)


@contextmanager
def _issuer(_corpus: Corpus) -> Iterator[Target]:
    bench = Bench(Region.generate(at=CORPUS_INSTANT), CORPUS_INSTANT, SeededRandomness(b"samples"))
    with tempfile.TemporaryDirectory() as folder:
        write_samples(Path(folder), bench)
        yield IssuerTarget(Path(folder), pinned=pinned_in(Path(folder)), clock=FixedClock(CORPUS_INSTANT))


@contextmanager
def _wallet(_corpus: Corpus) -> Iterator[Target]:
    target = WalletTarget(samples.honest_settings())
    try:
        yield target
    finally:
        target.close()


def _provider(service: str) -> Opened:
    @contextmanager
    def opened(_corpus: Corpus) -> Iterator[Target]:
        with standing(service) as stands:
            yield stands.target

    return opened


CLEAN: Final = (
    Clean("builtin", Profile.VERIFIER, _builtin),
    Clean("builtin", Profile.TRUST_LIST_CONSUMER, _lists),
    Clean("cli: idbridge.conformance.protocol", Profile.VERIFIER, _program, every=20),
    Clean("cli: idbridge.conformance.protocol", Profile.TRUST_LIST_CONSUMER, _program_of_lists, every=20),
    Clean("http: serve --conformance", Profile.VERIFIER, _node),
    Clean("http: serve --conformance", Profile.GATEWAY, _gateway),
    Clean("http: serve --conformance", Profile.PRIVACY, _gateway),
    Clean("http: serve --conformance", Profile.RESILIENCE, _gateway),
    Clean("list: the tree of the pretend region", Profile.TRUST_LIST_PUBLISHER, _publication),
    Clean("idp: a pretend provider of tier T3", Profile.ID_PROVIDER, _provider(FAPI)),
    Clean("idp: a pretend provider of tier T2", Profile.ID_PROVIDER, _provider(PLAIN)),
    Clean("issuer: samples of the pretend region", Profile.ISSUER, _issuer),
    Clean("wallet: a pretend wallet", Profile.WALLET, _wallet),
)
