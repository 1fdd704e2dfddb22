"""What can be made again from a seed, and what cannot: a signature of RSA, and all that is encrypted.

Asked of the making itself, not of its outcome: a node's assertion shows no trace of RSA and still differs each time
if it rests on a login that an RSA key signed.
"""

from collections.abc import Callable
from enum import StrEnum

from idbridge.crypto.seeded_keys import FrozenKeyError, SeededKeys


class Frozen(StrEnum):
    """Why something is made once and kept."""

    RSA = "an RSA key signs something that it rests on"
    RANDOM = "it comes out otherwise each time, as what is encrypted does"


def frozen_because(made: Callable[[], object], *, keys: SeededKeys) -> Frozen | None:
    """Return why what ``made`` makes has to be kept; ``None`` if ``keys`` make it again whenever it is wanted.

    ``made`` is called twice, and makes the same if it can: it begins each time with the same ``Randomness``.
    """
    before = keys.rsa_signatures
    try:
        first, again = made(), made()
    except FrozenKeyError:
        return Frozen.RSA
    if keys.rsa_signatures != before:
        return Frozen.RSA
    return None if first == again else Frozen.RANDOM
