"""A folder of samples as a pretend issuer would hand it in: every kind, two people each, and one that was revoked.

What is written is what the pretend providers issue; ``samples.toml`` says what each file is. Nobody in it is real.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final, Protocol

import segno

from idbridge.conformance.targets.issuer.samples import FILE, REVOKED, SCHEMA, VALID
from idbridge.model.region import Format
from idbridge.sandbox import statuses
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.codes import Code
from idbridge.sandbox.edits import After
from idbridge.sandbox.mdocs import Mdoc
from idbridge.sandbox.parties import Registration
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.recipe import Shown
from idbridge.sandbox.w3c import Vc
from idbridge.trust import files

_NONE: Final[Mapping[str, Any]] = {}
_LIFE: Final = int(timedelta(days=300).total_seconds())
_TAN: Final = {"birthdate": "1991-04-17"}
_TAN_MDOC: Final = {"birth_date": "1991-04-17"}
_LUISA: Final = {"birthdate": "1996-12-03"}
_MAKER: Final = "sg-bank"  # a sample is for nobody; whom it is made for stands nowhere in it


class Source(Protocol):
    """Whatever a pretend provider issues."""

    def shown(self, bench: Bench, *, to: Registration) -> Shown:
        """Return it as a holder shows it."""
        ...


@dataclass(frozen=True, slots=True)
class SampleRecipe:
    """One sample: what is issued to whom, and what a verifier finds in it. With ``photo`` a picture goes along."""

    id: str
    format: Format
    person: str
    source: Source
    status: str = ""
    claims: Mapping[str, Any] = field(default_factory=lambda: _NONE)
    photo: bool = False


def _sd_jwt(person: str, index: int) -> Presentation:
    return Presentation(
        "sg-pid", person, payload={"exp": After(_LIFE), "status": statuses.reference(index)}, bound=False
    )


def _vc(person: str, index: int) -> Vc:
    return Vc("sg-vc", person, document={"credentialStatus": statuses.w3c_reference(index)}, alone=True)


def recipes() -> tuple[SampleRecipe, ...]:
    """Return the samples of the pretend issuer."""
    return (
        SampleRecipe("tan-sd-jwt", Format.SD_JWT_VC, "sg-tan", _sd_jwt("sg-tan", 0), VALID, _TAN),
        SampleRecipe("kavitha-sd-jwt", Format.SD_JWT_VC, "sg-kavitha", _sd_jwt("sg-kavitha", 4), VALID),
        SampleRecipe("tan-revoked", Format.SD_JWT_VC, "sg-tan", _sd_jwt("sg-tan", 1), REVOKED),
        SampleRecipe("tan-mdoc", Format.MDOC, "sg-tan", Mdoc("sg-mdoc", "sg-tan", alone=True), "", _TAN_MDOC),
        SampleRecipe("kavitha-mdoc", Format.MDOC, "sg-kavitha", Mdoc("sg-mdoc", "sg-kavitha", alone=True)),
        SampleRecipe("tan-vc", Format.VC_JWT, "sg-tan", _vc("sg-tan", 0), VALID, _TAN),
        SampleRecipe("kavitha-vc", Format.VC_JWT, "sg-kavitha", _vc("sg-kavitha", 2), VALID),
        SampleRecipe("kavitha-vc-revoked", Format.VC_JWT, "sg-kavitha", _vc("sg-kavitha", 1), REVOKED),
        SampleRecipe("luisa-code", Format.QR, "ph-luisa", Code("ph-ecard-qr", "ph-luisa"), "", _LUISA, photo=True),
        SampleRecipe("nonoy-code", Format.QR, "ph-nonoy", Code("ph-ecard-qr", "ph-nonoy"), photo=True),
    )  # fmt: skip


def write_samples(folder: Path, bench: Bench, made: Iterable[SampleRecipe] | None = None) -> None:
    """Write the samples ``made`` to ``folder``, with trust and status lists beside them.

    Raises:
        ConfigurationError: A file or folder cannot be written.
    """
    for part in ("samples", "status"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    bench.region.publish(folder)
    served = statuses.documents(bench.region, at=bench.at)
    lines = [f'schema = "{SCHEMA}"', 'name = "Pretend issuer"', 'trust = "trust"']
    for number, (address, octets) in enumerate(sorted(served.items())):
        files.write(folder / "status", f"{number}.jwt", octets)
        lines += ["", "[[status_list]]", f'address = "{address}"', f'file = "status/{number}.jwt"']
    to = bench.region.registration(_MAKER)
    for recipe in made if made is not None else recipes():
        text = recipe.source.shown(bench, to=to).credential
        files.write(folder / "samples", f"{recipe.id}.txt", text.encode("utf-8"))
        lines += ["", *_row(recipe)]
        if recipe.photo:
            files.write(folder / "samples", f"{recipe.id}.png", _picture(text))
            lines += ["", "[[photo]]", f'id = "{recipe.id}-photo"', f'file = "samples/{recipe.id}.png"']
            lines += [f'sample = "{recipe.id}"']
    files.write(folder, FILE, ("\n".join(lines) + "\n").encode("utf-8"))


def _row(recipe: SampleRecipe) -> list[str]:
    said = {
        "id": recipe.id,
        "file": f"samples/{recipe.id}.txt",
        "format": recipe.format.value,
        "person": recipe.person,
        "status": recipe.status,
    }
    claims = ", ".join(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in recipe.claims.items())
    return [
        "[[sample]]",
        *(f"{name} = {json.dumps(value)}" for name, value in said.items()),
        f"claims = {{ {claims} }}",
    ]


def _picture(text: str) -> bytes:
    octets = BytesIO()
    segno.make_qr(text, error="l").save(octets, kind="png", scale=4)
    return octets.getvalue()
