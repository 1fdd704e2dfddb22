"""Text that a report may show: nothing of what a target answered can move, hide, shorten or end anything in it.

Decides which characters are spelled out, and where a long text is cut. It does not escape: each format does.
"""

import re
import unicodedata
from typing import Final

from idbridge.limits import LIMITS

_HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"})
_KEPT: Final = frozenset({"\n", "\t", "\u200b", "\u200c", "\u200d"})  # joiners belong into words of several scripts
_USER: Final = re.compile(r"//[^/?#\s@]*@")


def visible(text: str) -> str:
    """Return ``text`` with every control, bidirectional or unassigned character spelled out; lines stay lines."""
    return "".join(
        character
        if character in _KEPT or unicodedata.category(character) not in _HIDDEN
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def in_one_line(text: str) -> str:
    """Return ``text`` made visible, its line breaks and tabs as blanks."""
    return " ".join(visible(text).split())


def is_name(text: str) -> bool:
    """Tell whether ``text`` is a name to whoever reads it: with a letter or a digit, in one line, nothing hidden."""
    return in_one_line(text) == text and any(character.isalnum() for character in text)


def shortened(text: str, *, most: int = LIMITS.conformance_shown_characters) -> str:
    """Return ``text``, and if it is longer than ``most`` characters, its beginning and how much is left out."""
    return text if len(text) <= most else f"{text[:most]} … and {len(text) - most} characters more"


def address(target: str) -> str:
    """Return a target as it was named, without the user and password that an address of the web can hold."""
    return _USER.sub("//…@", target)
