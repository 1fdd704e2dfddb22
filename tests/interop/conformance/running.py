"""Runs of the suite against programs that are not ours, and their records."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from idbridge import __version__
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.judge import Result
from idbridge.conformance.profiles import Profile
from idbridge.conformance.record import Record, record_of
from idbridge.conformance.run import run
from idbridge.conformance.target import Description
from idbridge.conformance.targets.cli_verifier import CliVerifier
from tests.conformance.idp.kit import cases as idp_cases
from tests.engines import NODE_TESTS
from tests.interop.conformance.targets import Foreign
from tests.interop.test_conformance_idp import oidc_provider


def outcomes(
    foreign: Foreign, corpus: Corpus, *, only: frozenset[str] | None = None
) -> tuple[Description, list[Result]]:
    """Return what ``foreign`` says of itself, and what came of the cases of a verifier or of those in ``only``."""
    with tempfile.TemporaryDirectory(prefix="idbridge-foreign-") as folder:
        target = CliVerifier(foreign.command(), corpus, Path(folder))
        told = target.describe()
        description = replace(
            told,
            name=foreign.name,
            not_implemented=told.not_implemented | foreign.left_out(corpus),
        )
        chosen = [case for case in corpus.chosen([Profile.VERIFIER]) if only is None or case.id in only]
        return description, list(run(chosen, target, description=description))


def verifier_record(foreign: Foreign, corpus: Corpus, *, at: datetime) -> Record:
    """Return the record of all cases of a verifier put to ``foreign``."""
    description, results = outcomes(foreign, corpus)
    return _record(results, corpus, description, Profile.VERIFIER, address=foreign.address, at=at)


def provider_records(corpus: Corpus, *, at: datetime) -> Iterator[Record]:
    """Yield the records of npm ``oidc-provider`` as an identity provider, by FAPI 2.0 and without."""
    package = json.loads((NODE_TESTS / "node_modules" / "oidc-provider" / "package.json").read_text("utf-8"))
    for fapi, tier in ((True, "FAPI 2.0"), (False, "plain")):
        with oidc_provider(fapi=fapi) as target:
            told = target.describe()
            description = Description(f"npm oidc-provider, {tier}", package["version"], told.not_implemented)
            results = list(run(idp_cases().values(), target, description=told))
        yield _record(results, corpus, description, Profile.ID_PROVIDER, address="idp:oidc-provider", at=at)


def _record(
    results: Sequence[Result], corpus: Corpus, description: Description, profile: Profile, *, address: str, at: datetime
) -> Record:
    return record_of(
        results,
        corpus=corpus,
        suite_version=__version__,
        target=address,
        description=description,
        profiles=[profile],
        chosen_by=[],
        waivers={},
        at=at,
    )
