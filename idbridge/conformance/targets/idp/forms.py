"""The forms of a login page, read as a program can: the first form of a page, with what a person would leave as it is.

A choice that is made beforehand counts; where none is, the first. Decides nothing about who logs in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

_TEXTS = frozenset({"hidden", "text", "password", "email", "tel", "number", ""})


@dataclass(slots=True)
class PageForm:
    """One form: where it goes, by which method, and its fields by name."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)

    def filled(self, answers: Mapping[str, str]) -> dict[str, str]:
        """Return the fields with ``answers`` in the place of those that the form has."""
        return {**self.fields, **{name: value for name, value in answers.items() if name in self.fields}}


class _Reader(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address
        self._open = False
        self.form: PageForm | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form" and self.form is None:
            action = urljoin(self._address, said.get("action", ""))
            self.form, self._open = PageForm(action, said.get("method", "get").upper()), True
        elif self._open and self.form is not None and said.get("name") and tag in ("input", "button"):
            _take(self.form, tag, said)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


def _take(form: PageForm, tag: str, said: Mapping[str, str]) -> None:
    """Take one field into the form: the first button, what is checked, or else the first that can be."""
    name, kind = said["name"], said.get("type", "submit" if tag == "button" else "")
    chosen = "checked" in said
    if kind in _TEXTS and tag == "input":
        form.fields[name] = said.get("value", "")
    elif kind == "submit":
        form.fields.setdefault(name, said.get("value", ""))
    elif kind in ("radio", "checkbox") and (chosen or name not in form.fields) and name not in form.settled:
        if kind == "radio" or chosen:
            form.fields[name] = said.get("value", "on")
        if chosen:
            form.settled.add(name)


def first_form(text: str, *, address: str) -> PageForm | None:
    """Return the first form of a page that came from ``address``, ``None`` if it has none."""
    reader = _Reader(address)
    reader.feed(text)
    return reader.form
