"""Text that people read: it shows, on one line, in the direction in which it is written.

Decides whether a name or a purpose may stand on a page. Controls, line breaks and what turns the direction could make a
page say something else; text of blanks alone says nothing. What joins or parts letters stays: scripts of the region
need it. Clause: Unicode Standard Annex #9 section 2 (directional formatting characters).
"""

import re
import unicodedata
from typing import Final

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols by name, and nothing to see
_SEEN: Final = frozenset("LNPS")  # letters, numbers, punctuation and symbols; marks alone are on nothing


def has_controls(text: str) -> bool:
    """Tell whether ``text`` has a character that does not show but changes what does."""
    return _CONTROLS.search(text) is not None


def is_visible(text: str) -> bool:
    """Tell whether there is anything to see of ``text``."""
    return any(unicodedata.category(one)[0] in _SEEN and one not in _BLANK for one in text)
