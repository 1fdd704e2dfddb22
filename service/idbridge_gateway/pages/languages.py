"""In which language a page speaks: what somebody chose counts for more than what their browser says.

In this order: ``?lang=`` (which the page remembers in a cookie), that cookie, ``ui_locales`` of a client (OpenID
Connect Core 1.0, section 3.1.2.1), ``Accept-Language`` (RFC 9110 section 12.5.4), English. The set is closed: nothing
of what was sent reaches a page.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from idbridge.limits import LIMITS
from idbridge_gateway.pages.catalogue import FULL, SOURCE, Catalogue, catalogues, filled

PARAMETER: Final = "lang"
COOKIE: Final = "idbridge_lang"
_ALIASES: Final = {"tl": "fil", "in": "id"}  # what browsers call Filipino and, long ago, Indonesian
_ENTRIES: Final = 32


@dataclass(frozen=True, slots=True)
class Language:
    """The language of one page; ``asked`` tells that the address names it, so that links of the page do too."""

    catalogue: Catalogue
    asked: bool = False

    @property
    def code(self) -> str:
        """The code in the closed set."""
        return self.catalogue.code

    def __call__(self, key: str, **values: object) -> str:
        """Return the sentence ``key`` with its placeholders filled.

        Raises:
            KeyError: No catalogue has it, or a value is missing.
        """
        return filled(self.catalogue.sentences[key], values)

    def original(self, key: str, **values: object) -> str:
        """Return the English sentence ``key`` where a machine made the one of this language; nothing otherwise."""
        if self.code == SOURCE or key in self.catalogue.reviewed:
            return ""
        return filled(catalogues()[SOURCE].sentences[key], values)

    def reason(self, code: str) -> str | None:
        """Return what a reason code tells a person, if it was translated."""
        return self.catalogue.sentences.get(f"reason.{code}")


def language(
    query: Mapping[str, str],
    cookies: Mapping[str, str],
    accepted: str,
    *,
    offered: tuple[str, ...] = FULL,
    wished: tuple[str, ...] = (),
) -> Language:
    """Return the language of a page that is there in the languages ``offered``.

    ``wished`` are those that a client named before, where the address no longer does.
    """
    asked = _known(query.get(PARAMETER, ""), offered)
    if asked is not None:
        return Language(catalogues()[asked], asked=True)
    found = _known(cookies.get(COOKIE, ""), offered)
    found = found or _first(query.get("ui_locales", "")[: LIMITS.identifier_characters].split(), offered)
    found = found or _first(list(wished), offered)
    found = found or _first(_preferred(accepted[: LIMITS.identifier_characters]), offered)
    return Language(catalogues()[found or SOURCE])


def _first(tags: Iterator[str] | list[str], offered: tuple[str, ...]) -> str | None:
    return next((found for tag in tags if (found := _known(tag, offered)) is not None), None)


def _known(tag: str, offered: tuple[str, ...]) -> str | None:
    """Return the language of a tag such as ``zh-Hans-SG``, by its first part."""
    first = tag.strip().partition("-")[0].lower()
    code = _ALIASES.get(first, first)
    return code if code in offered else None


def _preferred(header: str) -> Iterator[str]:
    """Yield the tags of the header field, the most wanted first."""
    weighed = [(_weight(entry), entry.partition(";")[0]) for entry in header.split(",")[:_ENTRIES]]
    return (tag for weight, tag in sorted(weighed, key=lambda pair: -pair[0]) if weight > 0)


def _weight(entry: str) -> float:
    _, _, parameter = entry.partition(";")
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
