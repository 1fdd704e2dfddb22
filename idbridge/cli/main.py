"""``idbridge``: the nouns, each in a module of its own. Which ones there are, and under which heading, stands here."""

import gc
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import click

from idbridge import __version__
from idbridge.cli.groups import RootGroup

NOUNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "verify": "idbridge.cli.verify:verify",
        "inspect": "idbridge.cli.inspect:inspect",
        "trust": "idbridge.cli.trust:trust",
        "keys": "idbridge.cli.keys:keys",
        "status-list": "idbridge.cli.status_list:status_list",
        "recognition": "idbridge.cli.recognition:recognition",
        "reason": "idbridge.cli.reason:reason_group",
        "log": "idbridge.cli.log:log",
        "dispute": "idbridge.cli.dispute:dispute",
        "conformance": "idbridge.cli.conformance:conformance",
        "sandbox": "idbridge.cli.sandbox:sandbox",
        "doctor": "idbridge.cli.doctor:doctor",
        "version": "idbridge.cli.version:version",
    }
)
HEADINGS: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "Decide": ("verify", "inspect", "dispute"),
        "Look up": ("trust", "recognition", "reason"),
        "Practise": ("demo", "sandbox", "conformance"),
        "Run": ("serve", "rp", "db", "keys", "status-list", "log", "witness", "doctor", "version"),
    }
)
HELP: Final = """Verify the digital IDs of the eleven ASEAN member states.

Exit codes: 0 accepted or done, 1 refused or differences, 2 usage, 3 indeterminate, 4 trust material unusable,
5 local files or configuration, 6 confirmation or threshold missing, 70 internal error.
"""

root = RootGroup(
    "idbridge",
    places=NOUNS,
    headings=HEADINGS,
    help=HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
root = click.version_option(__version__, prog_name="idbridge")(root)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    gc.disable()  # until a command is read: `groups` turns it on
    root()
