"""One page for a court: what a bundle proves and what it does not, in words that need no other source.

It shows nothing that the bundle says of the person, only the names of what was released. It runs nothing and asks
nobody: a policy in the page forbids scripts and every address.
"""

import base64
import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from idbridge import __version__
from idbridge.conformance.reports.element import Html, Part, constant, empty, parts, tag, together
from idbridge.conformance.reports.shown import in_one_line, shortened
from idbridge.conformance.reports.style import STYLE
from idbridge.evidence.dispute_findings import Finding, Findings
from idbridge.model.time import instant_text
from idbridge.reasons import REASONS

_WORD_CHARACTERS: Final = 200
_STYLE: Final = (
    STYLE
    + """.scroll td { white-space: nowrap }
pre { margin-bottom: .75rem }
.mark { white-space: nowrap }
footer { border-top: 0 } footer p:first-child { border-top: 1px solid var(--line); padding-top: 1rem }
@media (max-width: 40rem) {
  .lists thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  .lists tr { display: flex; flex-wrap: wrap; gap: .1rem 1rem; border-bottom: 1px solid var(--line); padding: .45rem 0 }
  .lists td { border: 0; padding: 0 } .lists td.number { padding: 0 }
  .lists td.number::before { content: "edition " } .lists td:last-child { white-space: normal; overflow-wrap: anywhere }
}
"""
)
_INDICATIONS: Final = {
    "PASSED": "Accepted", "FAILED": "Refused", "INDETERMINATE": "Not decided: treated as not accepted",
}  # fmt: skip
_LEVELS: Final = {"A0": "unknown", "A1": "low", "A2": "substantial", "A3": "high"}


def page(found: Findings, *, at: datetime) -> str:
    """Return the page of what was found of a bundle, looked at ``at`` an instant."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = tag(
        "head",
        empty("meta", charset="utf-8"),
        empty("meta", http_equiv="Content-Security-Policy", content=policy),
        empty("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"Decision {_word(found.bundle.report_id)}: {_headline(found).lower()}"),
        tag("style", constant(_STYLE)),
    )
    body = tag("body", tag("header", "IdBridge: a decision in dispute"), tag("main", *_sections(found)), _footer(at))
    return f"<!doctype html>\n{tag('html', head, body, lang='en').text}\n"


def _sections(found: Findings) -> Iterator[Html]:
    yield _verdict(found)
    yield tag("nav", *_links(), aria_label="Parts of this page")
    yield tag("h2", "What was decided", id="decided")
    if not _is_same(found):
        yield tag("p", "As the bundle says. What comes of it here is something else, or nothing.", class_="note")
    yield _facts(_about(found))
    yield tag("h2", f"Proven ({len(found.proven)})", id="proven")
    yield from map(_card, found.proven)
    if not found.proven:
        yield tag("p", "Nothing.")
    yield tag("h2", f"Not proven ({len(found.not_proven)})", id="not-proven")
    yield from map(_card, found.not_proven)
    yield tag("h2", "What it rests on", id="material")
    yield from _material(found)
    yield tag("h2", "How to check this page", id="check")
    yield from _checking(found)


def _links() -> Iterator[Html]:
    for name, words in (
        ("decided", "What was decided"),
        ("proven", "Proven"),
        ("not-proven", "Not proven"),
        ("material", "What it rests on"),
        ("check", "How to check this page"),
    ):
        yield tag("a", words, href=f"#{name}")


def _headline(found: Findings) -> str:
    if found.replayed is None:
        return "The decision cannot be made again"
    return "The decision comes out the same" if found.replayed.same else "Another decision comes of it"


def _is_same(found: Findings) -> bool:
    return found.replayed is not None and found.replayed.same


def _verdict(found: Findings) -> Html:
    words = (
        "A node of the region verified a credential and decided about it. This page says what of that can be shown to "
        "somebody who was not there, and what cannot."
    )
    return tag(
        "section",
        tag("h1", _headline(found)),
        tag("p", words),
        class_=f"verdict {'good' if _is_same(found) else 'bad'}",
    )


def _about(found: Findings) -> Iterator[tuple[str, Part]]:
    bundle, decided = found.bundle, found.decided
    party = bundle.relying_party
    reason, recognition, issuer = (_object(decided, name) for name in ("reason", "recognition", "issuer"))
    yield "Decision", _INDICATIONS.get(str(decided.get("indication")), "unknown")
    if reason:
        code = str(reason.get("code"))
        said = REASONS[code].business if code in REASONS else ""
        yield "Why", parts(said, " (", tag("code", _word(code)), ")")
    yield "Report", tag("code", _word(bundle.report_id))
    yield "Asked by", f"{_word(party.name)}, registered in {party.state.value} as {_word(party.id)}"
    yield "For the purpose", tag("code", _word(recognition.get("purpose") or "unknown"))
    if issuer:
        yield "Issuer", f"{_word(issuer.get('name'))}, {_word(issuer.get('state'))} ({_word(issuer.get('id'))})"
    yield "Format", tag("code", _word(decided.get("format") or "unknown"))
    assurance = _object(decided, "assurance")
    if assurance:
        level = str(assurance.get("loa"))
        yield "Assurance level", f"{_LEVELS.get(level, 'unknown')} ({_word(level)})"
    yield "As of", f"{instant_text(bundle.evaluated_at)} (UTC)"
    yield "Decided by", f"IdBridge {_word(bundle.verifier_version)}"
    yield "Released", _names(decided.get("claims")) or "nothing"
    limits = recognition.get("limits")
    if type(limits) is list and limits:
        yield "Limits", tag("ul", *(tag("li", _word(one)) for one in limits))


def _card(one: Finding) -> Html:
    facts: list[tuple[str, Part]] = [("By" if one.proven else "Because", one.by)]
    if one.time is not None:
        facts.append(("When", one.time))
    mark = tag("span", "proven" if one.proven else "not proven", class_=f"mark {'good' if one.proven else 'open'}")
    return tag("section", tag("h3", one.statement, " ", mark), _facts(iter(facts)), class_="card")


def _material(found: Findings) -> Iterator[Html]:
    bundle = found.bundle
    yield _facts(
        iter(
            (
                ("Trust snapshot", tag("code", _word(found.decided.get("trust_snapshot")))),
                ("Status snapshot", tag("code", _word(found.decided.get("status_snapshot")))),
                ("Policy", f"version {bundle.relying_party.policy_version} of the relying party's registration"),
                ("Arrangement", _arrangement(found.decided)),
                ("One-time values", "had been spent before" if bundle.one_time.value == "spent" else "were fresh"),
                ("Receipt", "in the bundle" if bundle.receipt is not None else "none"),
            )
        )
    )
    if found.trust is None:
        return
    rows = [
        tag("tr", tag("td", state.value), tag("td", str(about.sequence), class_="number"),
            tag("td", instant_text(about.issued_at)), tag("td", tag("code", about.signer)))
        for state, about in ((state, found.trust.lists[state].provenance) for state in sorted(found.trust.lists))
    ]  # fmt: skip
    heads = tag("tr", tag("th", "State"), tag("th", "Edition", class_="number"), tag("th", "Issued"),
                tag("th", "Signed with the key"))  # fmt: skip
    yield tag("p", "The trust lists of that moment, each signed by its state. The states confirm their keys.")
    table = tag("table", tag("thead", heads), tag("tbody", *rows), class_="lists")
    yield tag("div", table, class_="scroll", tabindex=0, role="region", aria_label="Trust lists")


def _arrangement(decided: dict[str, Any]) -> str:
    recognition = _object(decided, "recognition")
    name = recognition.get("arrangement")
    return f"{_word(name)}, version {_word(recognition.get('version'))}" if name else "none: it was at home, or refused"


def _checking(found: Findings) -> Iterator[Html]:
    yield tag(
        "p",
        "Whoever has the bundle, and the credential if it is not in it, makes the decision again on a machine of their "
        "own, with no network:",
    )
    yield tag("pre", "idbridge dispute replay BUNDLE\nidbridge dispute show BUNDLE --html PAGE.html")
    yield tag(
        "p",
        f"Version {__version__} made this page. The receipt is text (C2SP tlog-proof) that other programs verify too. "
        "Ask the states whether the keys above were theirs.",
    )
    if found.replayed is not None and found.replayed.differences:
        places = [tag("li", tag("code", _word(one.place))) for one in found.replayed.differences]
        yield tag("p", "The decision differs here:")
        yield tag("ul", *places)


def _footer(at: datetime) -> Html:
    words = "This page shows what was found, and proves nothing by itself: the bundle does."
    return tag("footer", tag("p", words), tag("p", f"Looked at {instant_text(at)}."))


def _facts(pairs: Iterator[tuple[str, Part]]) -> Html:
    return tag("dl", together(parts(tag("dt", name), tag("dd", value)) for name, value in pairs))


def _object(decided: dict[str, Any], name: str) -> dict[str, Any]:
    member = decided.get(name)
    return member if type(member) is dict else {}


def _names(claims: Any) -> str:
    return ", ".join(_word(name) for name in sorted(claims)) if type(claims) is dict else ""


def _word(value: Any) -> str:
    """Return a short text of the bundle, in which anything may stand."""
    return shortened(in_one_line(str(value)), most=_WORD_CHARACTERS)
