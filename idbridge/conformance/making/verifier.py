"""Making the cases of the verifier profile: every question of the catalogue that a verifier alone can answer.

Each is minted at the instant of the corpus with randomness of its own name, so that it comes out the same wherever it
is made; one with an RSA signature or an encryption in it is frozen: made once, and kept.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any, Final

from idbridge.conformance.answer import Verdict
from idbridge.conformance.case import NEGATIVE
from idbridge.conformance.making.mapping import requirements_of
from idbridge.conformance.making.verifier_editions import TWINS, asked, label_of, put_as, put_of
from idbridge.conformance.making.writing import WrittenCase
from idbridge.conformance.material import REGION
from idbridge.conformance.profiles import Profile
from idbridge.conformance.seed import corpus_randomness
from idbridge.crypto.seeded_keys import FrozenKeyError, SeededKeys
from idbridge.model.region import Environment, Format
from idbridge.model.time import instant_text
from idbridge.sandbox.case import Case, Kind, MintedCase
from idbridge.sandbox.cases import (
    dcql,
    dcql_together,
    legal_persons,
    legal_wallets,
    mdoc_sessions,
    presentations,
    status_lists,
    w3c_presentations,
)
from idbridge.sandbox.catalogue import cases, entries
from idbridge.sandbox.freezing import frozen_because
from idbridge.sandbox.mint import mint, mint_entry
from idbridge.sandbox.region import Region
from idbridge.trust.snapshot import TrustSnapshot

_KINDS: Final = (Kind.VERIFY, Kind.SEQUENCE)
_TAGS: Final[Mapping[Format, str]] = {
    Format.ID_TOKEN: "id-token",
    Format.SD_JWT_VC: "sd-jwt-vc",
    Format.MDOC: "mdoc",
    Format.JWT_VC_JSON: "w3c-vc",
    Format.VC_JWT: "w3c-vc",
    Format.VC_SD_JWT: "w3c-vc",
    Format.QR: "qr",
    Format.ASSERTION: "assertion",
}
_ABOUT: Final = {
    "legal-person": (legal_persons, legal_wallets),
    "presentation": (presentations, dcql, dcql_together, mdoc_sessions, w3c_presentations),
    "status": (status_lists,),
}
"""What a format is called as a tag, and what the cases of a module are about beside it."""


def verifier_cases(region: Region, keys: SeededKeys) -> Iterator[WrittenCase]:
    """Yield the cases; ``keys`` made those of ``region``, and tell what cannot be made again.

    Raises:
        ConfigurationError: A case proves no requirement.
    """
    trust = region.snapshot(at=region.made_at)
    for case in chosen():
        put_again = partial(put_as, case, partial(_minted, region=region, trust=trust))
        frozen = frozen_because(put_again, keys=keys) is not None
        try:
            put = put_again()
        except FrozenKeyError:
            put = None
        yield _written(case, put=put, frozen=frozen, region=region)
    yield from _of_editions(region, trust)


def _of_editions(region: Region, trust: TrustSnapshot) -> Iterator[WrittenCase]:
    for one in asked(region):
        minted = mint_entry(
            one.entry, region=region, at=region.made_at, randomness=corpus_randomness(one.label), trust=trust
        )
        plain = _written(
            one.entry.case, put=put_of(minted), frozen=False, region=region, requirements=(one.requirement,)
        )
        status = one.code is not None and one.code.startswith("status.")
        tags = {*plain.tags, *((NEGATIVE,) if one.code else ()), *(("status",) if status else ())}
        yield replace(
            plain,
            id=one.id,
            title=one.title,
            why=one.why,
            tags=tuple(sorted(tags if one.code else tags - {NEGATIVE})),
            expect=one.expect,
            twin=one.twin,
            material=one.material,
        )


def _minted(case: Case, *, region: Region, trust: TrustSnapshot) -> MintedCase:
    return mint(case, region=region, at=region.made_at, randomness=corpus_randomness(label_of(case)), trust=trust)


def chosen() -> tuple[Case, ...]:
    """Return the cases of the catalogue that a verifier answers alone, and whose trust material may be published.

    A live node refuses the keys of the corpus, so no case is about one.
    """
    return tuple(
        case
        for case in cases()
        if case.name in entries() and case.kind in _KINDS and case.environment is Environment.SANDBOX
    )


def _written(
    case: Case,
    *,
    put: Mapping[str, Any] | None,
    frozen: bool,
    region: Region,
    requirements: tuple[str, ...] | None = None,
) -> WrittenCase:
    return WrittenCase(
        id=case.name,
        profile=Profile.VERIFIER,
        tags=_tags(case),
        title=case.title,
        why=case.why,
        requirements=requirements_of(case) if requirements is None else requirements,
        expect=Verdict(case.indication, case.code),
        twin=TWINS.get(case.name, case.twin),
        input=put,
        material=REGION,
        at=instant_text(region.made_at),
        frozen=frozen,
    )


def _tags(case: Case) -> tuple[str, ...]:
    found = {_TAGS[case.format]} if case.format is not None else set()
    found |= {tag for tag, names in _about().items() if case.name in names}
    if case.code is not None:
        found |= {NEGATIVE, *(tag for tag in ("status",) if case.code.startswith(f"{tag}."))}
    return tuple(sorted(found))


@cache
def _about() -> Mapping[str, frozenset[str]]:
    return {
        tag: frozenset(entry.case.name for module in modules for entry in module.entries())
        for tag, modules in _ABOUT.items()
    }
