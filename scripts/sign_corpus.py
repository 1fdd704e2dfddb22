"""Sign a release of the conformance corpus for one state, or count which states signed it.

    python scripts/sign_corpus.py --state SG --key FILE --digest SHA256
    python scripts/sign_corpus.py --check PINS

Whoever signs made the corpus again from its sources (``python -m idbridge.conformance.making``) and names the digest of
the manifest that came of it: nothing else is signed. Signatures go to ``manifest.signatures.json`` beside the manifest,
one state after the other. ``--check`` ends with 6 if fewer states signed than have to.
"""

import argparse
import getpass
import sys
from pathlib import Path

from idbridge.cli.exits import Exit
from idbridge.conformance.corpus import VECTORS
from idbridge.conformance.release import QUORUM, add_signature, signed_by, statement
from idbridge.crypto.key_files import open_signer
from idbridge.errors import IdBridgeError
from idbridge.model.region import MemberState
from idbridge.trust import pins


def main() -> int:
    """Sign or check; return how it ended, by the table of all commands."""
    parser = argparse.ArgumentParser(description="Sign a release of the conformance corpus, or check who did.")
    parser.add_argument("--folder", type=Path, default=VECTORS, help="the corpus, if not that of this checkout")
    parser.add_argument(
        "--check", type=Path, metavar="PINS", help="count the states whose keys are pinned in this file"
    )
    parser.add_argument("--state", type=MemberState, metavar="STATE", help="the state that signs")
    parser.add_argument("--key", metavar="FILE", help="its key: a file, or `pkcs11:...`")
    parser.add_argument("--digest", metavar="SHA256", help="of the manifest that you made yourself")
    given = parser.parse_args()
    if given.check is None and None in (given.state, given.key, given.digest):
        parser.error("say `--state`, `--key` and `--digest`, or `--check`")
    try:
        if given.check is not None:
            return _checked(given.folder, given.check)
        return _signed(given.folder, state=given.state, key=given.key, digest=given.digest)
    except (IdBridgeError, OSError) as refusal:
        sys.stderr.write(f"error: {refusal}\n")
        return Exit.LOCAL


def _signed(folder: Path, *, state: MemberState, key: str, digest: str) -> int:
    found = statement(folder)
    if found["manifest"] != digest:
        sys.stderr.write(f"error: this is another corpus: the digest of its manifest is {found['manifest']}\n")
        return Exit.UNCONFIRMED
    signer = open_signer(key, passphrase=lambda what: getpass.getpass(f"passphrase or PIN of {what}: "))
    add_signature(folder, signer, state=state)
    sys.stdout.write(f"corpus {found['version']} signed for {state.value}\n")
    return Exit.DONE


def _checked(folder: Path, place: Path) -> int:
    states = signed_by(folder, pins.parse(place.read_bytes()).keys)
    names = ", ".join(sorted(state.value for state in states))
    sys.stdout.write(f"corpus {statement(folder)['version']} signed by {len(states)} of {QUORUM} states: {names}\n")
    return Exit.DONE if len(states) >= QUORUM else Exit.UNCONFIRMED


if __name__ == "__main__":
    sys.exit(main())
