"""``idbridge version``: what is installed here, for a fault report."""

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from typing import Final

import click

from idbridge import __version__
from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.output import json_option

# What decides verdicts or parses hostile bytes; the rest is in the lock.
SHOWN: Final = ("cryptography", "cbor2", "httpcore2", "rfc8785", "pyjwt", "fastapi", "uvicorn")


@click.command("version")
@json_option
def version(*, as_json: bool) -> Exit:
    """Print the version of IdBridge and of what it stands on."""
    found = {"idbridge": __version__, "python": platform.python_version()} | {
        name: there for name in SHOWN if (there := _installed(name)) is not None
    }
    if as_json:
        results = [{"name": name, "version": there} for name, there in found.items()]
        output.document("idbridge-version-1", summary={"version": __version__}, results=results)
        return Exit.DONE
    output.facts(found.items())
    return Exit.DONE


def _installed(name: str) -> str | None:
    try:
        return installed_version(name)
    except PackageNotFoundError:
        return None
