"""Elements of HTML: text becomes markup in one place, which escapes it. Only what ``tag`` made counts as markup.

Decides nothing of what is shown. A text is escaped because it is text, whoever wrote it; there is no way to pass one
through.
"""

import html
from collections.abc import Iterable
from dataclasses import dataclass

from idbridge.conformance.reports.shown import visible


@dataclass(frozen=True, slots=True)
class Html:
    """Markup that is sound. Made by ``tag``, ``parts`` and ``constant`` only."""

    text: str


Part = Html | str


def tag(name: str, /, *inner: Part, **attributes: str | int | None) -> Html:
    """Return the element ``name`` around ``inner``; texts and values of attributes are escaped.

    An underscore in the name of an attribute is a hyphen, one at its end is for Python; ``None`` leaves it out.
    """
    return Html(f"<{name}{_spelled(attributes)}>{parts(*inner).text}</{name}>")


def empty(name: str, /, **attributes: str | int | None) -> Html:
    """Return an element of a kind that has nothing in it and no end."""
    return Html(f"<{name}{_spelled(attributes)}>")


def parts(*inner: Part) -> Html:
    """Return what stands one after another; texts are escaped."""
    return Html("".join(one.text if isinstance(one, Html) else html.escape(visible(one)) for one in inner))


def together(inner: Iterable[Part]) -> Html:
    """Return ``parts`` of what there is."""
    return parts(*inner)


def coded(text: str) -> Html:
    """Return a text in which what stands between backticks is code; one that is left over stays as it is."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        pieces[-2:] = [f"{pieces[-2]}`{pieces[-1]}"]
    return together(tag("code", piece) if number % 2 else piece for number, piece in enumerate(pieces))


def constant(text: str) -> Html:
    """Return a text of this package's source that is markup or style; never something that was read."""
    return Html(text)


def _spelled(attributes: dict[str, str | int | None]) -> str:
    return "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(visible(str(value)))}"'
        for name, value in attributes.items()
        if value is not None
    )
