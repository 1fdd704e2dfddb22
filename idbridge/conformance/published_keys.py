"""The list of published test keys, written: every key that the corpus derives, and those of examples in standards.

Whoever derives a key of the corpus under a name that is new writes the list anew; a test compares it.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import strict_json
from idbridge.conformance.seed import CORPUS_INSTANT, corpus_keys, corpus_randomness, corpus_region
from idbridge.crypto.keys import thumbprint
from idbridge.crypto.seeded_keys import FrozenKeyError
from idbridge.errors import ConfigurationError, IdBridgeError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.sandbox.case import Kind
from idbridge.sandbox.catalogue import entries, trials
from idbridge.sandbox.denials import Officers
from idbridge.sandbox.drill.arena import SPARES
from idbridge.sandbox.mint import mint
from idbridge.sandbox.region import Region
from idbridge.sandbox.status_offers import KeySetOffer
from idbridge.trust.published_test_keys import FILE

FROZEN_KEYS: Final = "frozen-keys.json"
_HEAD: Final = (
    "# Keys whose private halves everybody can have. Live nodes refuse whatever rests on one of them.",
    "# Each line: the RFC 7638 thumbprint, then what the key is for. Written by idbridge.conformance.published_keys.",
)
# Asked for by attacks of the drill while they strike.
_OF_ATTACKS: Final = (
    *("import/Issuing authority", "import/One", "import/Other", "stranger/list"),
    *(f"stranger/sg-pid/{number}" for number in range(LIMITS.path_namesakes + 1)),
)
# Their private halves stand beside them in the standards, and people try things out with them.
STANDARDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({
    "RFC 7515 appendix A.3": {
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    },
    "RFC 8037 appendix A.1": {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    },
})  # fmt: skip


def derived(frozen: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return what each key of the corpus is for, by its thumbprint; ``frozen`` are its RSA keys.

    Without them the RSA keys are left out: they are other ones each time.
    """
    keys = corpus_keys(frozen)
    region = corpus_region(keys)
    _mint_all(region)
    Officers.generate(keys)
    for name in (*(f"spare/{name}" for name in SPARES), *_OF_ATTACKS):
        keys.make("ES256", name=name)
    unknown = keys.rsa_keys.keys() - frozen.keys()
    return {key: name for key, name in keys.thumbprints.items() if name not in unknown}


def _mint_all(region: Region) -> None:
    """Make all that is sent in this region: on the way, each case asks for the keys that it needs."""
    trust = region.snapshot(at=CORPUS_INSTANT)
    for case in (entry.case for entry in entries().values()):
        if case.environment is Environment.SANDBOX and case.kind in (Kind.VERIFY, Kind.SEQUENCE):
            with suppress(FrozenKeyError):
                mint(case, region=region, at=CORPUS_INSTANT, randomness=corpus_randomness(case.name), trust=trust)
    for trial in trials().values():
        if isinstance(trial.attempt, KeySetOffer):
            with suppress(IdBridgeError):
                trial.attempt.made(region, at=CORPUS_INSTANT)


def write(vectors: Path) -> None:
    """Write the list that is shipped, for the corpus in ``vectors`` with its RSA keys.

    Raises:
        ConfigurationError: The corpus names no RSA keys: it has not been made yet.
    """
    try:
        frozen = strict_json.parse_object((vectors / FROZEN_KEYS).read_bytes(), max_bytes=LIMITS.key_file_bytes)
    except (OSError, IdBridgeError) as unreadable:
        raise ConfigurationError(f"the RSA keys of the corpus in {vectors} cannot be read") from unreadable
    FILE.write_text(document(derived(frozen)), "utf-8")


def document(named: Mapping[str, str]) -> str:
    """Return the text of the list for these keys, by thumbprint, and for those of the standards."""
    known = {thumbprint(jwk): f"an example of {where}" for where, jwk in STANDARDS.items()}
    lines = sorted((name, key) for key, name in {**named, **known}.items())
    return "\n".join((*_HEAD, *(f"{key} {name}" for name, key in lines))) + "\n"
