"""Elements of a signed XML list, read strictly: required ones present and once, texts short, instants in UTC.

Reads canonical octets that a signature covers, which have no DOCTYPE, no entities and no comments left in them.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from idbridge.codec import base64std
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.trust.errors import violation

TSL: Final = "{http://uri.etsi.org/02231/v2#}"
ADDITIONAL: Final = "{http://uri.etsi.org/02231/v2/additionaltypes#}"
QUALIFICATIONS: Final = "{http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#}"
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"


def document(content: bytes) -> Element:
    """Return the root of canonical XML.

    Raises:
        TrustError: ``trust.profile_violation``: it is another document than a trusted list.
    """
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - canonical octets, which have no DOCTYPE
    except ElementTree.ParseError:
        raise violation("what is signed is no XML document") from None
    if root.tag != f"{TSL}TrustServiceStatusList":
        raise violation("what is signed is no trusted list")
    return root


def only(parent: Element, name: str) -> Element:
    """Return the one child of this name.

    Raises:
        TrustError: ``trust.profile_violation``: it is missing or stands twice.
    """
    found = optional(parent, name)
    if found is None:
        raise violation(f"{name} is missing")
    return found


def optional(parent: Element, name: str) -> Element | None:
    """Return the one child of this name, if there is one.

    Raises:
        TrustError: ``trust.profile_violation``: it stands twice.
    """
    found = parent.findall(f"{TSL}{name}")
    if len(found) > 1:
        raise violation(f"{name} stands twice")
    return found[0] if found else None


def children(parent: Element, path: str) -> Iterator[Element]:
    """Yield the elements at ``path``, such as ``ServiceHistory/ServiceHistoryInstance``."""
    return iter(parent.findall("/".join(f"{TSL}{step}" for step in path.split("/"))))


def text(element: Element) -> str:
    """Return what an element without children says.

    Raises:
        TrustError: ``trust.profile_violation``: it says nothing, or more than a name or an address can.
    """
    said = " ".join((element.text or "").split())
    if len(element) or not said or len(said) > LIMITS.identifier_characters:
        raise violation(f"{local_name(element)} is empty or too long")
    return said


def named(parent: Element, name: str) -> str:
    """Return a name in English, or in the first language that there is.

    Raises:
        TrustError: ``trust.profile_violation``: there is none.
    """
    names = list(children(only(parent, name), "Name"))
    english = [one for one in names if one.get(_LANGUAGE, "").lower() == "en"]
    if not names:
        raise violation(f"{name} is empty")
    return text((english or names)[0])


def instant(element: Element) -> datetime:
    """Return an ``xs:dateTime`` with its zone as a UTC instant.

    Raises:
        TrustError: ``trust.profile_violation``: it is none, or has no zone.
    """
    try:
        moment = datetime.fromisoformat(text(element))
        return moment.astimezone(UTC) if moment.tzinfo is not None else _no_instant(element)
    except (ValueError, OverflowError):
        return _no_instant(element)


def _no_instant(element: Element) -> datetime:
    raise violation(f"{local_name(element)} is no instant with a zone")


def octets(element: Element, *, max_bytes: int) -> bytes:
    """Return what an element spells in base64, broken into lines or not.

    Raises:
        TrustError: ``trust.profile_violation``: it is not base64, or holds nothing or too much.
    """
    spelt = "".join((element.text or "").split())
    try:
        found = base64std.decode(spelt) if len(spelt) <= 2 * max_bytes and not len(element) else b""
    except InputError:
        found = b""
    if not 0 < len(found) <= max_bytes:
        raise violation(f"{local_name(element)} is not base64, empty or too large")
    return found


def local_name(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2]
