"""The words of the pages: one strict TOML catalogue per language, English the source.

Decides which languages there are and which groups each of them has to have. A language of the full set has every
sentence, one of the further set those of the pages on which somebody decides about their own ID. A catalogue with a
gap, a key too many or another placeholder than its source is refused when it is read, so that no page has a hole.

Every sentence but those that ``about.reviewed`` names counts as made by a machine, and the page says so.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from idbridge.errors import ConfigurationError
from idbridge.reasons import REASONS

SOURCE: Final = "en"
FULL: Final = ("en", "ms", "id", "th", "vi")
FURTHER: Final = ("km", "lo", "my", "fil", "zh", "ta", "pt", "tet")
LANGUAGES: Final = (*FULL, *FURTHER)
# The groups that every language has: those of the pages on which somebody decides, and the names of things on them.
SHARED: Final = ("frame", "refusal", "state", "purpose", "level", "claim", "selector", "consent", "receipt")

_REASONS: Final = "reason"  # sentences for persons, by reason code; English has them in the reason catalogue
_ABOUT: Final = frozenset({"tag", "name"})
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_BRACES: Final = re.compile(r"[{}]")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The sentences of one language by ``group.key``; ``tag`` is its BCP 47 tag, ``name`` what it calls itself."""

    code: str
    tag: str
    name: str
    sentences: Mapping[str, str]
    reviewed: frozenset[str]

    @property
    def machine_made(self) -> bool:
        """Tell whether any sentence was translated by a machine and checked by nobody."""
        return self.code != SOURCE and not self.sentences.keys() <= self.reviewed


def placeholders(sentence: str) -> frozenset[str]:
    """Return the names that stand in braces in ``sentence``."""
    return frozenset(_PLACEHOLDER.findall(sentence))


def filled(sentence: str, values: Mapping[str, object]) -> str:
    """Return ``sentence`` with its placeholders filled; what stands in a value is not looked at again.

    Raises:
        KeyError: There is no value for a placeholder.
    """
    return _PLACEHOLDER.sub(lambda match: str(values[match[1]]), sentence)


def parse_catalogue(text: str, *, code: str, source: Catalogue | None) -> Catalogue:
    """Return the catalogue that ``text`` (TOML) spells out; ``source`` is the English one, ``None`` if this is it.

    Raises:
        ConfigurationError: A sentence is missing, unknown, empty, or has other placeholders than its source.
    """
    try:
        tables = tomllib.loads(text)
        about = tables.pop("about")
    except (ValueError, KeyError):
        raise ConfigurationError(f"the words in `{code}` are no catalogue") from None
    if about.keys() - {"reviewed"} != _ABOUT:
        raise ConfigurationError(f"the words in `{code}` do not say what language they are in")
    sentences = dict(_sentences(tables, code))
    reviewed = frozenset(about.get("reviewed", ()))
    if not reviewed <= sentences.keys():
        raise ConfigurationError(f"the words in `{code}` call something reviewed that is not there")
    found = Catalogue(code, about["tag"], about["name"], MappingProxyType(sentences), reviewed)
    if source is not None:
        _refuse_difference(found, source)
    return found


def _sentences(tables: Mapping[str, Any], code: str) -> Iterator[tuple[str, str]]:
    for group, table in tables.items():
        for key, value in _flat(table, group):
            rest = _BRACES.search(_PLACEHOLDER.sub("", value)) if type(value) is str else None
            if type(value) is not str or not value.strip() or rest is not None:
                raise ConfigurationError(f"`{key}` in `{code}` is no sentence")
            yield key, value


def _flat(table: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if type(table) is not dict:
        yield prefix, table
        return
    for name, value in table.items():
        yield from _flat(value, f"{prefix}.{name}")


def _refuse_difference(found: Catalogue, source: Catalogue) -> None:
    wanted = {key for key in source.sentences if found.code in FULL or key.partition(".")[0] in SHARED}
    reasons = {key for key in found.sentences if key.startswith(f"{_REASONS}.")}
    missing, strange = wanted - found.sentences.keys(), found.sentences.keys() - wanted - reasons
    strange |= {key for key in reasons if key.removeprefix(f"{_REASONS}.") not in REASONS}
    if missing or strange:
        named = ", ".join(sorted(missing | strange)[:5])
        raise ConfigurationError(f"the words in `{found.code}` are not those of the source: {named}")
    for key in wanted:
        if placeholders(found.sentences[key]) != placeholders(source.sentences[key]):
            raise ConfigurationError(f"`{key}` in `{found.code}` has other placeholders than its source")


@cache
def catalogues() -> Mapping[str, Catalogue]:
    """Return the catalogue of every language, by its code.

    Raises:
        ConfigurationError: One is missing or not in order.
    """
    source = parse_catalogue(_read(SOURCE), code=SOURCE, source=None)
    others = {code: parse_catalogue(_read(code), code=code, source=source) for code in LANGUAGES if code != SOURCE}
    return MappingProxyType({SOURCE: source, **others})


def _read(code: str) -> str:
    try:
        return resources.files("idbridge_gateway.pages").joinpath("messages", f"{code}.toml").read_text("utf-8")
    except OSError:
        raise ConfigurationError(f"there are no words in `{code}`") from None
