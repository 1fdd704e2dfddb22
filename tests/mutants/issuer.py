"""Broken issuers: the folder of samples of the pretend issuer, with one thing wrong in one or all samples of a kind.

What each does wrong, a real provider could do with all its keys in good order. The rest of the folder is honest.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from idbridge.clock import FixedClock
from idbridge.codec import base64url
from idbridge.conformance.making.issuer_samples import SampleRecipe, recipes, write_samples
from idbridge.conformance.targets.issuer.target import IssuerTarget
from idbridge.sandbox import statuses
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.draft import json_text
from idbridge.sandbox.edits import ABSENT, After
from idbridge.sandbox.issuance import Issuance, Slip, digest
from idbridge.sandbox.mdocs import Items, Mdoc
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.w3c import Vc

_YEARS = int(timedelta(days=9 * 365).total_seconds())
_AS_LONG = int(timedelta(days=300).total_seconds())
Change = Callable[[SampleRecipe], SampleRecipe]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken issuer. ``breaks`` are the requirements that it does not keep, ``change`` what it makes of a sample.

    ``spoil`` is what becomes of the folder afterwards.
    """

    name: str
    title: str
    breaks: tuple[str, ...]
    change: Change
    spoil: Callable[[Path], None]

    def target(self, folder: Path, bench: Bench) -> IssuerTarget:
        """Write this issuer's samples to ``folder``, and return them as the suite is pointed at them."""
        write_samples(folder, bench, [self.change(one) for one in recipes()])
        self.spoil(folder)
        return IssuerTarget(folder, pinned=pinned_in(folder), clock=FixedClock(bench.at))


def pinned_in(folder: Path) -> bytes:
    """Return the pins that ``write_samples`` wrote beside the samples in ``folder``."""
    return (folder / "pins.json").read_bytes()


def _honest(recipe: SampleRecipe) -> SampleRecipe:
    return recipe


def _unspoiled(_folder: Path) -> None:
    """Leave the folder as it is."""


def _sd_jwts(change: Callable[[Presentation], Presentation]) -> Change:
    def changed(recipe: SampleRecipe) -> SampleRecipe:
        return replace(recipe, source=change(recipe.source)) if isinstance(recipe.source, Presentation) else recipe

    return changed


def _mdocs(change: Callable[[Mdoc], Mdoc]) -> Change:
    def changed(recipe: SampleRecipe) -> SampleRecipe:
        return replace(recipe, source=change(recipe.source)) if isinstance(recipe.source, Mdoc) else recipe

    return changed


def _vcs(change: Callable[[Vc], Vc]) -> Change:
    def changed(recipe: SampleRecipe) -> SampleRecipe:
        return replace(recipe, source=change(recipe.source)) if isinstance(recipe.source, Vc) else recipe

    return changed


def _payload(**edits: object) -> Change:
    return _sd_jwts(lambda one: replace(one, payload={**one.payload, **edits}))


def _slipping(slip: Slip) -> Change:
    return _sd_jwts(lambda one: replace(one, slip=slip))


def _elements(**edits: object) -> Change:
    return _mdocs(lambda one: replace(one, elements=edits))


def _signed_by_another(one: Presentation) -> Presentation:
    return replace(one, signed_by="sg-representative")


def _sha_1(one: Mdoc) -> Mdoc:
    return replace(one, mso={"digestAlgorithm": "SHA-1"})


def _as_rsa(one: Vc) -> Vc:
    return replace(one, header={"alg": "PS256"})


def _salted(salt: str) -> Change:
    """Every claim hidden behind ``salt``."""

    def slip(issuance: Issuance) -> Issuance:
        opened = [json.loads(base64url.decode(one)) for one in issuance.disclosures]
        made = tuple(base64url.encode(json_text([salt, *one[1:]])) for one in opened)
        digests = sorted([*map(digest, made), digest("decoy")])
        return replace(issuance, payload={**issuance.payload, "_sd": digests}, disclosures=made)

    return _sd_jwts(lambda one: replace(one, slip=slip))


def _short_salts(issuance: Issuance) -> Issuance:
    made = []
    for one in issuance.disclosures:
        opened = json.loads(base64url.decode(one))
        made.append(base64url.encode(json_text([base64url.encode(issuance.randomness.octets(4)), *opened[1:]])))
    digests = sorted([*map(digest, made), digest("decoy")])
    return replace(issuance, payload={**issuance.payload, "_sd": digests}, disclosures=tuple(made))


def _digest_twice(issuance: Issuance) -> Issuance:
    digests = issuance.payload["_sd"]
    return replace(issuance, payload={**issuance.payload, "_sd": [*digests, digests[0]]})


def _without_decoys(issuance: Issuance) -> Issuance:
    digests = sorted(map(digest, issuance.disclosures))
    return replace(issuance, payload={**issuance.payload, "_sd": digests})


def _in_order(issuance: Issuance) -> Issuance:
    digests = [*map(digest, issuance.disclosures), digest("decoy")]
    return replace(issuance, payload={**issuance.payload, "_sd": sorted(digests, reverse=True)})


def _alike(items: Items) -> Items:
    return {space: [{**one, "random": bytes(32)} for one in listed] for space, listed in items.items()}


def _one_random(one: Mdoc) -> Mdoc:
    return replace(one, items=_alike)


def _one_key_for_all(recipe: SampleRecipe) -> SampleRecipe:
    source = recipe.source
    return replace(recipe, source=replace(source, person="sg-tan")) if isinstance(source, Presentation) else recipe


def _off_by_one(recipe: SampleRecipe) -> SampleRecipe:
    if isinstance(recipe.source, Presentation) and recipe.id == "kavitha-sd-jwt":
        payload = {**recipe.source.payload, "status": statuses.reference(1)}
        return replace(recipe, source=replace(recipe.source, payload=payload))
    return recipe


def _never_revoked(recipe: SampleRecipe) -> SampleRecipe:
    if isinstance(recipe.source, Vc):
        return replace(recipe, source=replace(recipe.source, document={"credentialStatus": statuses.w3c_reference(0)}))
    return recipe


def _other_photo(folder: Path) -> None:
    (folder / "samples" / "luisa-code.png").write_bytes((folder / "samples" / "nonoy-code.png").read_bytes())


def _without_lists(folder: Path) -> None:
    table = (folder / "samples.toml").read_text("utf-8")
    kept = [part for part in table.split("\n\n") if not part.startswith("[[status_list]]")]
    (folder / "samples.toml").write_text("\n\n".join(kept), "utf-8")


def _long_code(folder: Path) -> None:
    place = folder / "samples" / "luisa-code.txt"
    place.write_text(place.read_text("utf-8").strip() + "A" * 1300, "utf-8")


_BIRTHDAY = {"example.sg.pid.1/birth_date": ABSENT, "example.sg.pid.1/birthday": "1991-04-17"}
_SHOE_SIZE = {"example.sg.pid.1/shoe_size": 38}
_TABLE: tuple[tuple[str, str, tuple[str, ...], Change, Callable[[Path], None]], ...] = (
    ("strange-key", "signs with the key of another service", ("001",), _sd_jwts(_signed_by_another), _unspoiled),
    ("over", "hands in credentials that are over", ("002",), _payload(exp=After(-_AS_LONG)), _unspoiled),
    ("duplicate-digests", "signs a digest twice", ("003",), _slipping(_digest_twice), _unspoiled),
    ("other-claims", "calls a birthday by another name", ("005",), _elements(**_BIRTHDAY), _unspoiled),
    ("short-salts", "salts with four octets", ("006",), _slipping(_short_salts), _unspoiled),
    ("one-salt", "has one salt for everything", ("007",), _salted("AAAAAAAAAAAAAAAAAAAAAA"), _unspoiled),
    ("one-random", "has one random for all elements", ("007",), _mdocs(_one_random), _unspoiled),
    ("old-digests", "names SHA-1 as its digest", ("008",), _mdocs(_sha_1), _unspoiled),
    ("no-decoys", "adds no decoys", ("009",), _slipping(_without_decoys), _unspoiled),
    ("digests-ordered", "puts its digests into an order of its own", ("010",), _slipping(_in_order), _unspoiled),
    ("in-sight", "shows the birthday to everybody", ("011",), _payload(birthdate="1991-04-17"), _unspoiled),
    ("more-claims", "says the shoe size too", ("012",), _elements(**_SHOE_SIZE), _unspoiled),
    ("no-holder", "names no key of the holder", ("013",), _payload(cnf=ABSENT), _unspoiled),
    ("one-key", "binds everybody's credentials to one key", ("013",), _one_key_for_all, _unspoiled),
    ("outlives", "issues for longer than its certificate lasts", ("014",), _payload(exp=After(_YEARS)), _unspoiled),
    ("no-list", "refers to a list that is nowhere", ("015",), _honest, _without_lists),
    ("off-by-one", "revokes somebody else", ("016",), _off_by_one, _unspoiled),
    ("never-revoked", "never revokes anything", ("016",), _never_revoked, _unspoiled),
    ("long-code", "prints more than a code can show", ("017",), _honest, _long_code),
    ("other-photo", "prints the code of somebody else", ("018",), _honest, _other_photo),
    ("other-algorithm", "names an algorithm that is not listed for it", ("020",), _vcs(_as_rsa), _unspoiled),
)  # fmt: skip


def mutants() -> tuple[Mutant, ...]:
    """Return every broken issuer."""
    return tuple(
        Mutant(f"issuer-{name}", f"An issuer that {title}", tuple(f"IDB-ISR-{one}" for one in breaks), change, spoil)
        for name, title, breaks, change, spoil in _TABLE
    )
