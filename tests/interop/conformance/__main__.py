"""``python -m tests.interop.conformance``: put every program that is not ours to the suite, and write the results.

Writes ``docs/conformance-results.md``. With the name of a package it runs that one and prints its part of the page.
"""

import sys
from collections.abc import Sequence
from typing import Final

from idbridge.clock import SystemClock
from idbridge.conformance.corpus import shipped
from tests.engines import REPOSITORY
from tests.interop.conformance.results import page
from tests.interop.conformance.running import provider_records, verifier_record
from tests.interop.conformance.targets import FOREIGN

PAGE: Final = REPOSITORY / "docs" / "conformance-results.md"
COMMAND: Final = "python -m tests.interop.conformance"


def main(names: Sequence[str]) -> None:
    """Run the programs called ``names``, or all."""
    corpus, at = shipped(), SystemClock().now()
    records = [verifier_record(one, corpus, at=at) for one in FOREIGN if not names or one.package in names]
    if not names or "oidc-provider" in names:
        records.extend(provider_records(corpus, at=at))
    reasons = {one.name: one.why for one in FOREIGN}
    text = page(records, corpus.requirements, command=COMMAND, reasons=reasons)
    if names:
        sys.stdout.write(text)
    else:
        PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
