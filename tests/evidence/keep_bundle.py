"""``python -m tests.evidence.keep_bundle VERSION``: keep a bundle of this version, as every release does."""

import sys
from pathlib import Path

from tests.evidence.disputes import bundle, by_another_version

KEPT = Path(__file__).parent / "bundles"


def main() -> None:
    """Write a bundle that says to be of the version that is named."""
    KEPT.mkdir(exist_ok=True)
    made = by_another_version(bundle("evidence-before-withdrawal"), version=sys.argv[1])
    (KEPT / f"{sys.argv[1]}.json").write_bytes(made.octets())


if __name__ == "__main__":
    main()
