"""The pages of a pretend provider: in the language of its state, and in English beside it.

No script, nothing from elsewhere, and a form that a program can send as well as a person. There is no password: whom
one pretends to be is a choice.
"""

import base64
import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from importlib import resources
from types import MappingProxyType
from typing import Final

from idbridge.model.region import MemberState
from idbridge.sandbox.idp.listed import Listed
from idbridge.sandbox.people import Company, Person

ENGLISH: Final = "en"
_LANGUAGES: Final[Mapping[MemberState, str]] = MappingProxyType({
    MemberState.BN: "ms", MemberState.ID: "id", MemberState.KH: "km", MemberState.MY: "ms", MemberState.PH: "fil",
    MemberState.SG: "zh", MemberState.TH: "th", MemberState.TL: "pt", MemberState.VN: "vi",
})  # fmt: skip
_FRAME: Final = (
    '<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
    '<style>{style}</style></head><body><header class="banner"><p>{sandbox}</p></header><main>{body}'
    '<p class="end">{end}</p></main></body></html>'
)


@cache
def _style() -> str:
    return resources.files("idbridge.sandbox.idp").joinpath("style.css").read_text(encoding="utf-8")


@cache
def policy() -> str:
    """Return the content security policy: our own style, and nothing else.

    Where the form leads is not bounded: browsers hold the redirects that follow it to the same rule, and those lead
    back to the client, and to whoever asked the client.
    """
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'; base-uri 'none'"


@cache
def catalogues() -> Mapping[str, Mapping[str, str]]:
    """Return the words by language."""
    text = resources.files("idbridge.sandbox.idp").joinpath("words.toml").read_text(encoding="utf-8")
    return MappingProxyType({code: MappingProxyType(words) for code, words in tomllib.loads(text).items()})


def framed(body: str, *, title: str, language: str, sandbox: str, end: str) -> str:
    """Return the page with ``body`` in it. ``title`` is text; the others are markup already."""
    return _FRAME.format(language=language, title=escape(title), style=_style(), sandbox=sandbox, body=body, end=end)


def choices(legend: str, name: str, offered: Iterable[tuple[str, str, str]]) -> str:
    """Return one question: under ``name`` a value, its words and what stands below them, for each that is ``offered``.

    The first is chosen already. ``legend`` is markup.
    """
    rows = [_row(name, value, words, below, chosen=number == 0) for number, (value, words, below) in enumerate(offered)]
    return f"<fieldset><legend>{legend}</legend>{''.join(rows)}</fieldset>"


class ProviderPages:
    """The pages of one provider."""

    def __init__(self, listed: Listed) -> None:
        self._listed = listed
        self._language = _LANGUAGES.get(listed.service.state, ENGLISH)

    def login(self, *, client: str, transaction: str, action: str, level: str | None) -> str:
        """Return the page on which somebody chooses who to be; ``level`` is chosen already, or else the highest."""
        body = (
            f"<h1>{self._name()}</h1><p>{self._said('asks', client=client)}</p>"
            f'<form method="post" action="{escape(action)}">'
            f'<input type="hidden" name="transaction" value="{escape(transaction)}">'
            f"{self._people()}{self._companies()}{self._levels(level or self._listed.levels[-1])}"
            f'<div class="acts"><button name="answer" value="yes">{self._said("yes")}</button>'
            f'<button class="no" name="answer" value="no">{self._said("no")}</button></div></form>'
        )
        return self._page(self._listed.name[ENGLISH], body)

    def leaving(self, *, action: str, session: str) -> str:
        """Return the page that asks whether to log out: a link alone logs nobody out."""
        body = (
            f"<h1>{self._said('leave')}</h1>"
            f'<form method="post" action="{escape(action)}">'
            f'<input type="hidden" name="session" value="{escape(session)}">'
            f'<div class="acts"><button>{self._said("out")}</button></div></form>'
        )
        return self._page(self._word(ENGLISH, "leave"), body)

    def gone(self) -> str:
        """Return the page after a log-out."""
        return self._page(self._word(ENGLISH, "gone"), f"<h1>{self._said('gone')}</h1>")

    def broken(self, why: str) -> str:
        """Return the page for whom nothing else can be told: the browser is sent nowhere."""
        return self._page(self._word(ENGLISH, "broken"), f"<h1>{self._said('broken')}</h1><p>{escape(why)}</p>")

    def _page(self, title: str, body: str) -> str:
        end = f"<code>{escape(self._listed.id)}</code> · {escape(self._listed.service.state.value)}"
        return framed(body, title=title, language=self._language, sandbox=self._said("sandbox"), end=end)

    def _said(self, name: str, **values: str) -> str:
        """Return a sentence in the state's language with English below it, or in English alone."""
        english = escape(self._word(ENGLISH, name, **values))
        if self._language == ENGLISH:
            return english
        return f'{escape(self._word(self._language, name, **values))}<small lang="en">{english}</small>'

    def _name(self) -> str:
        """Return what the service is called, in the state's language if its list says so, and in English."""
        names = self._listed.name
        own, english = names.get(self._language), escape(names[ENGLISH])
        return english if own is None else f'{escape(own)}<small lang="en">{english}</small>'

    @staticmethod
    def _word(language: str, name: str, **values: str) -> str:
        return catalogues()[language][name].format(**values)

    def _people(self) -> str:
        rows = [_row("person", one.id, one.display, one.latin) for one in self._listed.people]
        return self._chosen("who", rows)

    def _companies(self) -> str:
        rows = [_row("company", one.id, one.name, f"{one.scheme} {one.value}") for one in self._listed.companies]
        return self._chosen("company" if self._listed.people else "who", rows)

    def _levels(self, chosen: str) -> str:
        levels = self._listed.levels
        rows = [
            _row("level", level, self._number(number), level, chosen=level == chosen)
            for number, level in enumerate(levels, start=1)
        ]
        if len(rows) == 1:
            return f'<input type="hidden" name="level" value="{escape(levels[0])}">'
        return self._chosen("level", rows, any_chosen=True)

    def _number(self, number: int) -> str:
        own, english = (self._word(code, "rung", number=str(number)) for code in (self._language, ENGLISH))
        return own if own == english else f"{own} · {english}"

    def _chosen(self, legend: str, rows: list[str], *, any_chosen: bool = False) -> str:
        if not rows:
            return ""
        if not any_chosen:
            rows = [rows[0].replace("<input ", "<input checked ", 1), *rows[1:]]
        return f"<fieldset><legend>{self._said(legend)}</legend>{''.join(rows)}</fieldset>"


def _row(name: str, value: str, words: str, below: str | None, *, chosen: bool = False) -> str:
    small = f"<small>{escape(below)}</small>" if below else ""
    checked = "checked " if chosen else ""
    box = f'<input {checked}type="radio" name="{name}" value="{escape(value)}" required>'
    return f'<label class="who">{box}<span>{escape(words)}{small}</span></label>'


def person_of(listed: Listed, person: str | None) -> Person | None:
    """Return the person that was chosen; ``None`` if this provider offers nobody of that id."""
    return next((one for one in listed.people if one.id == person), None)


def company_of(listed: Listed, company: str | None) -> Company | None:
    """Return the company that was chosen; ``None`` if this provider offers none of that id."""
    return next((one for one in listed.companies if one.id == company), None)
