"""Questions of a business: what it can ask somebody by a link, and the order that a form of its page makes.

Decides which templates go with which registered purposes, so that nothing can be chosen that would be refused, and
whether a company number has the form of its register. What is asked then is an order like any other (``wallet.order``):
a page can ask no more than the relying party itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from idbridge.limits import LIMITS
from idbridge.model.entities import SCHEMES, has_form
from idbridge.model.request import RelyingParty
from idbridge.presentation.templates import Template, templates
from idbridge.recognition.purpose import PurposeRegister, PurposeSubject
from idbridge_gateway.wallet.order import is_among

_BETWEEN: Final = "/"


class FormFault(Exception):
    """The form is ours and asks for nothing that can be asked; ``key`` is the sentence that says what to change."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class Question:
    """A template for one purpose; ``about_company`` tells that its answer is about somebody who acts for one."""

    template: Template
    purpose: str
    about_company: bool

    @property
    def name(self) -> str:
        """What a form calls it."""
        return f"{self.template.name}{_BETWEEN}{self.purpose}"


@dataclass(frozen=True, slots=True)
class Register:
    """A register of companies, and the state whose it is; ``None`` for an international one."""

    scheme: str
    state: str | None


def questions(party: RelyingParty, purposes: PurposeRegister) -> tuple[Question, ...]:
    """Return what ``party`` may ask by a template, in the order of the templates."""
    return tuple(question for template in templates().values() for question in _questions(template, party, purposes))


def registers(party: RelyingParty) -> tuple[Register, ...]:
    """Return the registers of companies: those of the state of ``party`` first, the international ones last."""
    found = [Register(one.name, one.state.value if one.state is not None else None) for one in SCHEMES.values()]
    return tuple(sorted(found, key=lambda one: (one.state != party.state.value, one.state is None, one.scheme)))


def order_members(fields: Mapping[str, str], offered: tuple[Question, ...]) -> dict[str, Any]:
    """Return the members of the order that a form asks for, valid as long as any link may be.

    Raises:
        FormFault: A field is not filled in, or not as it has to be.
    """
    question = next((one for one in offered if one.name == fields.get("question")), None)
    if question is None:
        raise FormFault("ask.choose")
    text = " ".join(fields.get("purpose_text", "").split())
    if not LIMITS.purpose_text_min_characters <= len(text) <= LIMITS.purpose_text_max_characters:
        raise FormFault("ask.say_why")
    return {
        "template": question.template.name,
        "purpose": question.purpose,
        "purpose_text": text,
        "expires_in": int(LIMITS.presentation_lifetime_max.total_seconds()),
        **_expected(fields, question),
    }


def _questions(template: Template, party: RelyingParty, purposes: PurposeRegister) -> Iterator[Question]:
    for code in sorted(party.purposes):
        purpose = purposes.find(code)
        if purpose is not None and all(
            is_among(claim, party.claims) and is_among(claim, purpose.claims) for claim in template.claims
        ):
            yield Question(template, code, about_company=purpose.subject is PurposeSubject.LEGAL)


def _expected(fields: Mapping[str, str], question: Question) -> dict[str, Any]:
    """Return the company that is expected: where the question is about one it is needed, elsewhere it means nothing."""
    scheme, number = fields.get("scheme", ""), "".join(fields.get("number", "").split()).upper()
    if not question.about_company:
        if number:
            raise FormFault("ask.no_number")
        return {}
    if not has_form(scheme, number):
        raise FormFault("ask.bad_number")
    return {"expected": {"entity": {"scheme": scheme, "value": number}}}
