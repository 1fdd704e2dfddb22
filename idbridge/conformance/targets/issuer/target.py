"""The target ``issuer:DIR``: the samples of a credential issuer, verified abroad by its trust list alone.

The keys that sign that list are pinned in the settings of whoever runs the suite: a TOML table with ``pins``, a file
beside it.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from idbridge.clock import Clock
from idbridge.conformance.answer import Fault, FaultKind, Observation
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.target import Description
from idbridge.conformance.targets.issuer.checks import CHECKS
from idbridge.conformance.targets.issuer.damages import DAMAGES
from idbridge.conformance.targets.issuer.samples import Samples, read_samples
from idbridge.conformance.targets.live import Procedure, observed
from idbridge.errors import ConfigurationError, IdBridgeError
from idbridge.limits import LIMITS
from idbridge.trust import files, pins
from idbridge.trust.pins import Pins

PINS: Final = "pins"
PROCEDURES: Final[Mapping[str, Procedure[Samples]]] = MappingProxyType({**CHECKS, **DAMAGES})


class IssuerTarget:
    """A folder of samples, read once, at the instant of the first question, under the keys that ``pinned`` names.

    Raises:
        ConfigurationError: ``pinned`` are no pins.
    """

    def __init__(self, folder: Path, *, pinned: bytes, clock: Clock) -> None:
        self._folder = folder
        self._pinned = _read_pins(pinned)
        self._digest = hashlib.sha256(pinned).hexdigest()
        self._clock = clock
        self._samples: Samples | None = None

    def describe(self) -> Description:
        """Return the name of the issuer, the kinds of samples that it declares not to make, and what was pinned."""
        samples = self._read()
        return Description(samples.name, "samples", samples.not_implemented, self._digest)

    def answer(self, case: ConformanceCase) -> Observation:
        """Return what the procedure of ``case`` found."""
        try:
            return observed(case, self._read(), PROCEDURES)
        except ConfigurationError as unusable:
            return Observation(Fault(FaultKind.MALFORMED, str(unusable)))

    def _read(self) -> Samples:
        if self._samples is None:
            self._samples = read_samples(self._folder, pinned=self._pinned, at=self._clock.now())
        return self._samples


def open_issuer(folder: Path, settings: Path, *, clock: Clock) -> IssuerTarget:
    """Return the target for the samples in ``folder``, verified under the pins that ``settings`` name.

    Raises:
        ConfigurationError: The settings are not in order, or what they name is not there.
    """
    try:
        said = tomllib.loads(settings.read_text("utf-8"))
        if said.keys() != {PINS} or not isinstance(said[PINS], str):
            raise ConfigurationError("the settings of an issuer name `pins`, a file beside them, and nothing else")
        octets = files.read((settings.parent / said[PINS]).parent, Path(said[PINS]).name, max_bytes=LIMITS.pins_bytes)
    except (OSError, ValueError, IdBridgeError) as unreadable:
        raise ConfigurationError(f"the settings {settings.name} cannot be read: {unreadable}") from unreadable
    return IssuerTarget(folder, pinned=octets, clock=clock)


def _read_pins(octets: bytes) -> Pins:
    try:
        return pins.parse(octets)
    except IdBridgeError as malformed:
        raise ConfigurationError("the pins under which samples are verified cannot be read") from malformed
