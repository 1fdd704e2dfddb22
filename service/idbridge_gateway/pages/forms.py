"""What a form of ours sends, read into memory and nowhere else: no file is written, however large a field is.

Closed: the fields are those that the page has, each at most once; anything else is refused, because a form of ours does
not send it. Text is ``application/x-www-form-urlencoded``, a file comes as ``multipart/form-data`` (RFC 7578).
"""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qsl

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge_gateway.api.body import Receive, bound_of, read_body
from idbridge_gateway.api.head import RequestHead

URLENCODED: Final = b"application/x-www-form-urlencoded"
MULTIPART: Final = b"multipart/form-data"
FIELDS: Final = 8
_BOUNDARY: Final = range(1, 71)  # characters (RFC 2046 section 5.1.1)


async def read_form(
    head: RequestHead, receive: Receive, *, texts: frozenset[str], file: str | None = None, most: int = FIELDS
) -> tuple[Mapping[str, str], bytes]:
    """Return the fields by name, and the octets of the field ``file``, empty if there are none.

    A form of text alone has at ``most`` so many fields.

    Raises:
        RequestError: It is no form of ours, or larger than one can be.
        ClientGone: Nobody is left to answer.
    """
    essence, parameters = parse_options_header(head.content_type)
    if head.content_encoding is not None or essence not in (URLENCODED, MULTIPART):
        raise RequestError("input.media_type")
    if essence == URLENCODED:
        fields = _urlencoded(await _octets(head, receive, max_bytes=LIMITS.form_bytes), most=most)
    else:
        if file is None:
            raise RequestError("input.media_type")
        body = await _octets(head, receive, max_bytes=LIMITS.form_bytes + LIMITS.upload_bytes)
        fields = _multipart(body, parameters.get(b"boundary", b""))
    octets = fields.pop(file, b"") if file is not None else b""
    if len(octets) > LIMITS.upload_bytes:
        raise RequestError("input.body_too_large")
    if not fields.keys() <= texts:
        raise _malformed("the form has a field that the page does not")
    try:
        return {name: value.decode("utf-8") for name, value in fields.items()}, octets
    except UnicodeDecodeError:
        raise _malformed("a field of the form is not text") from None


def _malformed(detail: str) -> RequestError:
    return RequestError("input.request_malformed", detail)


async def _octets(head: RequestHead, receive: Receive, *, max_bytes: int) -> bytes:
    return await read_body(receive, max_bytes=bound_of(head, max_bytes=max_bytes))


def _urlencoded(body: bytes, *, most: int) -> dict[str, bytes]:
    try:
        pairs = parse_qsl(body, keep_blank_values=True, strict_parsing=bool(body), max_num_fields=most)
    except ValueError:
        raise _malformed("the form cannot be read") from None
    return _once((name.decode("latin-1"), value) for name, value in pairs)


def _once(pairs: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name, value in pairs:
        if name in found:
            raise _malformed("a field of the form stands twice")
        found[name] = value
    return found


class _Parts:
    """The parts of one multipart body, as the parser comes upon them."""

    def __init__(self) -> None:
        self.found: list[tuple[str, bytes]] = []
        self.ended = False
        self._headers: dict[bytes, bytes] = {}
        self._name = self._value = b""
        self._octets = bytearray()

    def callbacks(self) -> dict[str, object]:
        """Return what the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._field,
            "on_header_value": self._content,
            "on_header_end": self._header,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._all,
        }

    def _begin(self) -> None:
        if len(self.found) >= FIELDS:
            raise _malformed("the form has too many fields")
        self._headers, self._octets = {}, bytearray()

    def _field(self, octets: bytes, start: int, end: int) -> None:
        self._name += octets[start:end]

    def _content(self, octets: bytes, start: int, end: int) -> None:
        self._value += octets[start:end]

    def _header(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _data(self, octets: bytes, start: int, end: int) -> None:
        self._octets += octets[start:end]

    def _end(self) -> None:
        kind, parameters = parse_options_header(self._headers.get(b"content-disposition"))
        if kind != b"form-data" or b"name" not in parameters:
            raise _malformed("a part of the form has no name")
        self.found.append((parameters[b"name"].decode("latin-1"), bytes(self._octets)))

    def _all(self) -> None:
        self.ended = True


def _multipart(body: bytes, boundary: bytes) -> dict[str, bytes]:
    if len(boundary) not in _BOUNDARY:
        raise _malformed("the form does not say where its parts end")
    parts = _Parts()
    try:
        parser = MultipartParser(boundary, parts.callbacks())  # type: ignore[arg-type]  # a typed dict of the same
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise _malformed("the form cannot be read") from None
    if not parts.ended:
        raise _malformed("the form ends in the middle")
    return _once(parts.found)
