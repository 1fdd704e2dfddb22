"""The private keys that a node of the corpus needs: derived from the published test seed when material is laid out.

They are in no file of the corpus, because no private key is ever published as one, not even one that everybody can
derive. They open what the corpus encrypts to the node, and protect nothing.
"""

from functools import cache
from pathlib import Path

from idbridge.conformance.material import Material
from idbridge.conformance.node import NODE_KEYS, write_object
from idbridge.conformance.seed import corpus_keys, corpus_region


def laid_out(material: Material, to: Path) -> Path:
    """Copy ``material`` to the folder ``to``, which must not exist yet, with the keys of nodes beside it.

    Material that was made for one occasion has keys of its own, and keeps them.

    Raises:
        ConfigurationError: It cannot be copied.
    """
    folder = material.laid_out(to)
    place = folder / NODE_KEYS
    if place.exists():
        return folder
    place.touch(mode=0o600)
    write_object(place, {state: list(pems) for state, pems in _pems().items()})
    return folder


@cache
def _pems() -> dict[str, tuple[str, ...]]:
    decryption = corpus_region(corpus_keys()).keys.decryption
    return {state.value: tuple(one.pem() for one in signers) for state, signers in decryption.items()}
