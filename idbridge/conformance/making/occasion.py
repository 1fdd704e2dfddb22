"""Cases for the occasion: made anew, from a seed that nobody knew before the run.

The corpus is published with its answers, so that a program could look them up. Here the same definitions are minted
with other keys, subjects and nonces, at another instant. What has to come of a case, the corpus says; what is released,
spent and held then, our own verifier and our own node, which have to come to that verdict too. It does not know who is
asked. What is made is kept in memory, so that nobody reads from a folder, or from when a file was written, what it is
for.
"""

import json
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.making.consumer import MATERIAL as TREES
from idbridge.conformance.making.consumer import Maker, told
from idbridge.conformance.making.editions import editions, write_edition
from idbridge.conformance.making.material import write_plain_material
from idbridge.conformance.making.verifier import chosen
from idbridge.conformance.making.verifier_editions import asked, label_of, put_as, put_of
from idbridge.conformance.making.writing import WrittenCase
from idbridge.conformance.material import REGION, Material
from idbridge.conformance.node import NODE_KEYS, Node, load_node, write_object
from idbridge.conformance.profiles import Profile
from idbridge.conformance.seed import CORPUS_INSTANT
from idbridge.conformance.targets.builtin import answered
from idbridge.crypto.seeded_keys import SeededKeys
from idbridge.errors import ConfigurationError
from idbridge.model.time import parse_instant
from idbridge.sandbox.case import Case, MintedCase
from idbridge.sandbox.catalogue import entries
from idbridge.sandbox.drill.arena import prepare
from idbridge.sandbox.entry import Entry
from idbridge.sandbox.mint import mint_entry
from idbridge.sandbox.people import population, renumbered
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness

_SPAN: Final = timedelta(days=7)  # after the instant of the corpus, within which the agreements of the region stand
_INSTANT_OCTETS: Final = 8


@dataclass(frozen=True)
class Occasion:
    """What follows from ``seed``: a region with keys of its own, its people, and the instant at which all is asked.

    Whoever knows the seed can sign as everybody of that region, which nobody but the target of one run trusts.
    """

    seed: bytes

    @cached_property
    def at(self) -> datetime:
        """The instant."""
        drawn = int.from_bytes(self._randomness("instant").octets(_INSTANT_OCTETS), "big")
        return CORPUS_INSTANT + timedelta(seconds=1 + drawn % int(_SPAN.total_seconds()))

    def corpus(self, installed: Corpus, names: Collection[str], folder: Path) -> Corpus:
        """Return ``installed`` with those of its cases that are called ``names`` made anew, where that is possible.

        The empty ``folder`` is worked in. A case is fresh if other octets are asked than are installed.

        Raises:
            ConfigurationError: The folder cannot be written, or our own verifier answers otherwise than a case says.
        """
        puts = dict(self._puts(frozenset(names)))
        with tempfile.TemporaryDirectory(dir=folder) as place:
            held, nodes = self._held({str(installed.case(name).material) for name in puts}, Path(place))
        made = {name: self._case(installed.case(name), put, nodes) for name, put in puts.items()}
        return replace(installed, held=held, cases=MappingProxyType({**installed.cases, **made}))

    def lists(self, installed: Corpus, names: Collection[str], folder: Path) -> Corpus:
        """Return ``installed`` with those of its cases of a trust-list consumer that are called ``names`` made anew.

        The empty ``folder`` is worked in. The trees that are looked at are kept in memory: from when a file was written
        whoever is asked would know for which case.

        Raises:
            ConfigurationError: The folder cannot be written, or our own node answers otherwise than a case says.
        """
        made = {}
        with tempfile.TemporaryDirectory(dir=folder) as working, tempfile.TemporaryDirectory(dir=folder) as trees:
            randomness, place = self._randomness("drill"), Path(trees) / TREES
            arena = prepare(Path(working), at=self.at, keys=SeededKeys(self.seed), randomness=randomness)
            maker = Maker.of(arena, place)
            for attack, requirements in told():
                if attack.case.name in names:
                    case = installed.case(attack.case.name)
                    made[case.id] = _looked(case, maker.case(attack, requirements))
            held = {**installed.held, TREES: Material(TREES, place, _files(place))}
        return replace(installed, held=held, cases=MappingProxyType({**installed.cases, **made}))

    @cached_property
    def _region(self) -> Region:
        return Region.generate(at=self.at, keys=SeededKeys(self.seed), randomness=self._randomness("region"))

    def _randomness(self, name: str) -> SeededRandomness:
        return SeededRandomness(self.seed + b"\x00" + name.encode())

    def _puts(self, names: Collection[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield what is put to a node in each of the cases called ``names``, by the name of the case."""
        region = self._region
        trust, everybody = region.snapshot(at=self.at), renumbered(population(), self._randomness("people"))

        def minted(entry: Entry, label: str) -> MintedCase:
            return mint_entry(
                entry, region=region, at=self.at, randomness=self._randomness(label), trust=trust, everybody=everybody
            )

        def of_catalogue(case: Case) -> MintedCase:
            return minted(Entry(case, entries()[case.name].recipe), label_of(case))

        for case in chosen():
            if case.name in names:
                yield case.name, put_as(case, of_catalogue)
        for one in asked(region):
            if one.id in names:
                yield one.id, put_of(minted(one.entry, one.label))

    def _held(self, names: Collection[str], folder: Path) -> tuple[Mapping[str, Material], Mapping[str, Node]]:
        """Return the material called ``names`` of this region, each with the keys of its nodes, and a node for each."""
        write_plain_material(self._region, folder / REGION, why="What a verifier holds on this occasion.")
        keys = {state.value: [one.pem() for one in held] for state, held in self._region.keys.decryption.items()}
        write_object(folder / REGION / NODE_KEYS, keys)
        for edition in editions():
            if edition.name in names:
                write_edition(edition, self._region, folder)
        held, nodes = {}, {}
        for name in names:
            laid = Material(name, folder / name).laid_out(folder / f"laid-out-{name}")
            held[name], nodes[name] = Material(name, laid, _files(laid)), load_node(laid, at=self.at)
        return MappingProxyType(held), nodes

    def _case(self, case: ConformanceCase, put: Mapping[str, Any], nodes: Mapping[str, Node]) -> ConformanceCase:
        node, spent = nodes[str(case.material)], set[bytes]()
        for earlier in put["before"]:
            node.report({**put, "request": earlier}, spent)
        answer, told, _ = answered(node, put, spent)
        if answer != case.expect:
            raise ConfigurationError(f"case {case.id}, made anew, says {case.expect}, and our own verifier {answer}")
        fresh = _octets(put) != _octets(case.input)
        return replace(case, at=self.at, input=put, state={"spent": len(spent), **told}, fresh=fresh)


def minted_for(installed: Corpus, cases: Collection[ConformanceCase], *, seed: bytes, folder: Path) -> Corpus:
    """Return ``installed`` with ``cases`` made anew from ``seed``, which are those of one profile. See ``Occasion``.

    Raises:
        ConfigurationError: See ``Occasion.corpus``.
    """
    verified = [case.id for case in cases if case.profile is Profile.VERIFIER]
    looked_at = [case.id for case in cases if case.profile is Profile.TRUST_LIST_CONSUMER]
    made = Occasion(seed).corpus(installed, verified, folder) if verified else installed
    return Occasion(seed).lists(made, looked_at, folder) if looked_at else made


def _files(folder: Path) -> Mapping[str, bytes]:
    """Return the files in ``folder`` by their paths."""
    return MappingProxyType(
        {one.relative_to(folder).as_posix(): one.read_bytes() for one in folder.rglob("*") if one.is_file()}
    )


def _looked(case: ConformanceCase, made: WrittenCase) -> ConformanceCase:
    """Return ``case`` with the looks of ``made``, which the maker lets come to what it has to come to.

    Raises:
        ConfigurationError: That is another thing than the corpus says.
    """
    if (made.expect, made.twin, made.at is None) != (case.expect, case.twin, False) or made.input is None:
        raise ConfigurationError(f"case {case.id}, made anew, says {case.expect}, and our own node {made.expect}")
    fresh = _octets(made.input) != _octets(case.input)
    return replace(case, at=parse_instant(str(made.at)), input=made.input, state=made.state, fresh=fresh)


def _octets(put: Mapping[str, Any]) -> str:
    return json.dumps(put, sort_keys=True, default=dict)
