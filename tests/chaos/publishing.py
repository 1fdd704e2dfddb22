"""A small program that publishes again and again until it is killed: REGION, DIRECTORY, how many editions are out.

Each edition is Laos' next list; with ``last`` it is one more and withdraws a service of Singapore, and then it ends.
"""

import sys
from pathlib import Path

from idbridge.clock import SystemClock
from idbridge.model.region import MemberState
from idbridge.sandbox.region import Region

WITHDRAWN = "sg-login"
EDITIONS = 40  # apart from each other, whoever was killed in between


def main(folder: Path, directory: Path, out: int, *, last: bool) -> None:
    """Publish."""
    region = Region.load(folder)
    at = SystemClock().now().replace(microsecond=0)
    for _ in range(out):
        region = region.reissued(MemberState.LA, at=at)
    sys.stdout.write("publishing\n")
    sys.stdout.flush()
    if last:
        region = region.with_status(WITHDRAWN, "withdrawn", at=at)
        region.reissued(MemberState.LA, at=at).distribute(directory, at=at)
        return
    for _ in range(EDITIONS - 1):
        region = region.reissued(MemberState.LA, at=at)
        region.distribute(directory, at=SystemClock().now().replace(microsecond=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), last=sys.argv[4:] == ["last"])
