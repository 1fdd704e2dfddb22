"""``make e2e``: real clients, providers, wallets and a browser go through whole flows; one line each, and the sum last.

What is run are ordinary tests: those of this folder, and those in which programs that are not ours talk to ours.
"""

import os
import sys
from collections import Counter
from types import MappingProxyType
from typing import Final

import pytest
from rich.console import Console
from rich.text import Text

WALKS: Final = MappingProxyType({
    "tests/e2e/test_login.py": "Chromium, axe-core",
    "tests/e2e/test_wallet.py": "Chromium, axe-core",
    "tests/e2e/test_try.py": "Chromium, axe-core",
    "tests/e2e/test_ask.py": "Chromium, axe-core",
    "tests/e2e/test_console.py": "Chromium, axe-core",
    "tests/interop/test_openid_client.py": "openid-client 6",
    "tests/interop/test_openid_client_api.py": "openid-client 6",
    "tests/interop/test_authlib_client.py": "Authlib",
    "tests/gateway/test_upstream_real.py": "oidc-provider 9, MockPass",
    "tests/interop/test_wallets.py": "@openid4vc, @sd-jwt, @owf/mdoc",
    "tests/gateway/test_demo_login.py": "pretend providers",
    "tests/docs/test_first_login.py": "clients of the guide",
})  # fmt: skip
_WIDTH: Final = max(len(client) for client in WALKS.values())
_MARKS: Final = MappingProxyType({"passed": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("-", "yellow")})


class Told:
    """Prints one line for each flow, when it ended, and counts them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.counts: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take one phase of a test: its call, or a set-up that failed or was skipped."""
        if report.when != "call" and report.outcome == "passed":
            return
        if report.when == "teardown" and report.outcome == "skipped":
            return
        self.counts[report.outcome] += 1
        mark, style = _MARKS[report.outcome]
        module, _, name = report.nodeid.partition("::")
        flow = name.removeprefix("test_").replace("_", " ")
        line = Text.assemble((f"{mark} ", style), (f"{WALKS.get(module, module):<{_WIDTH}}  ", "dim"), flow)
        self._console.print(line, overflow="fold")
        if report.outcome == "failed":
            self._console.print(Text(report.longreprtext, style="red"))


def main(arguments: list[str]) -> int:
    """Run every walk, in each language and width; return 1 if one failed or nothing was walked, else 0."""
    os.environ["IDBRIDGE_WALKS"] = "all"
    console = Console(highlight=False, soft_wrap=True)
    told = Told(console)
    quiet = ["--override-ini=addopts=--strict-markers --strict-config", "-p", "no:terminal", "-p", "no:cacheprovider"]
    pytest.main([*quiet, *(arguments or WALKS)], plugins=[told])
    failed, passed = told.counts["failed"], told.counts["passed"]
    if told.counts["skipped"]:
        console.print(f"{told.counts['skipped']} skipped: an engine is absent", style="yellow")
    console.print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
