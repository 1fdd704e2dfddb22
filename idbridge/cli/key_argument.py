"""A verb whose argument may be the thumbprint of a key: one thumbprint in 64 begins with a dash, and is no option."""

import re
from typing import Final

import click

from idbridge.model.request import THUMBPRINT

_DASHED: Final = re.compile(f"(?=-){THUMBPRINT}")
_SHIELD: Final = " "  # no option begins with it, and no thumbprint


class KeyCommand(click.Command):
    """Takes what has the form of a thumbprint for one, in an hour in which nobody should have to know of ``--``.

    Everything else that begins with a dash is an option, known or refused.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse ``args`` as every verb does, with thumbprints shielded from being read as options."""
        shielded = [_SHIELD + arg if _DASHED.fullmatch(arg) else arg for arg in args]
        rest = super().parse_args(ctx, shielded)
        for name, value in ctx.params.items():
            if isinstance(value, str) and _DASHED.fullmatch(value.removeprefix(_SHIELD)):
                ctx.params[name] = value.removeprefix(_SHIELD)
        return rest
