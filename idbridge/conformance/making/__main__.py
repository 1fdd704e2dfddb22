"""``python -m idbridge.conformance.making [PROFILE ...]``: make the corpus again, byte for byte, from the test seed.

Runs from a checkout. What is frozen is kept as it stands. Where no profile is named, all are made, and the list of
published test keys is written too, by which live nodes refuse the keys of the corpus.
"""

import sys

from idbridge.conformance import published_keys
from idbridge.conformance.corpus import VECTORS
from idbridge.conformance.making.corpus import make_corpus
from idbridge.conformance.profiles import Profile


def main() -> None:
    """Make the profiles that are named, or the whole corpus."""
    named = frozenset(map(Profile, sys.argv[1:]))
    make_corpus(VECTORS, named or frozenset(Profile))
    if not named:
        published_keys.write(VECTORS)


if __name__ == "__main__":
    main()
