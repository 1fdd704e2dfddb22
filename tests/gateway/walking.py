"""Somebody who walks through pages as a browser does: follows redirects, keeps cookies, and sends forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2


@dataclass
class Form:
    """A form of a page: where it goes, and what it sends unless somebody chooses otherwise."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, set[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(said.get("action", ""), said.get("method", "get")))
        elif tag in ("input", "button") and self.forms:
            self._take(tag, said)

    def _take(self, tag: str, said: dict[str, str]) -> None:
        form, name, value = self.forms[-1], said.get("name", ""), said.get("value", "")
        if tag == "button":
            form.buttons.append((name, value))
        elif said.get("type") == "radio":
            form.choices.setdefault(name, set()).add(value)
            if "checked" in said:
                form.fields[name] = value
        elif said.get("type") != "checkbox" or "checked" in said:
            form.fields[name] = value


class Walker:
    """One person with one browser."""

    def __init__(self) -> None:
        self._client = httpx2.Client(follow_redirects=True, trust_env=False, timeout=120)
        self.page: httpx2.Response = httpx2.Response(204)

    def __enter__(self) -> "Walker":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def place(self) -> str:
        """The address of the page, without what comes after the path."""
        return str(self.page.url).partition("?")[0]

    def go(self, address: str) -> "Walker":
        self.page = self._client.get(address)
        return self

    @property
    def forms(self) -> list[Form]:
        reader = _Reader()
        reader.feed(self.page.text)
        return reader.forms

    def press(self, name: str = "", value: str = "", **chosen: Any) -> "Walker":
        """Press the button of this name and value, with some fields chosen; a field that is None is left out."""
        form = next((one for one in self.forms if (name, value) in one.buttons), None)
        assert form is not None, f"no button {name}={value} at {self.place}: {self.page.text[-3000:]}"
        for field_name, wanted in chosen.items():
            offered = form.choices.get(field_name)
            assert offered is None or wanted in offered, f"{wanted} is not offered: {offered}"
        sent = {**form.fields, **({name: value} if name else {}), **chosen}
        here = urlsplit(str(self.page.url))
        head = {"origin": f"{here.scheme}://{here.netloc}", "sec-fetch-site": "same-origin"}
        address = urljoin(str(self.page.url), form.action)
        self.page = self._client.request(
            form.method.upper(),
            address,
            data={key: sent_value for key, sent_value in sent.items() if sent_value is not None},
            headers=head,
        )
        return self

    def log_in(self, provider: str, *, consent: str = "yes", at_provider: str = "yes", **chosen: Any) -> "Walker":
        """From the selector of a node to wherever the client is: choose, log in, and say what one says to consent."""
        self.press("provider", provider)
        assert f"/{provider}/" in self.place, self.page.text
        self.press("answer", at_provider, **chosen)
        if at_provider == "yes" and self.place.endswith("/consent"):
            self.press("answer", consent, receipt=None)
        return self
