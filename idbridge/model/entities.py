"""Legal persons: the registers that name them, a closed table with the form of each number.

A legal person is ``{scheme, value}``. A scheme belongs to the state whose register it is, or to none where it is
international. Forms are as far as they are published; where none is, only length and alphabet are held to. A number
of the right form is no statement that the register has it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from idbridge.model.region import MemberState

_LEI_LENGTH: Final = 20
_LEI_MODULUS: Final = 97


@dataclass(frozen=True, slots=True)
class Scheme:
    """A register of legal persons: whose it is (``None``: nobody's alone), and the form of its numbers."""

    name: str
    state: MemberState | None
    form: re.Pattern[str]


def _of(name: str, state: MemberState | None, form: str) -> tuple[str, Scheme]:
    return name, Scheme(name, state, re.compile(form, re.ASCII))


_PLAIN: Final = r"[A-Z0-9][A-Z0-9/.-]{2,31}"
SCHEMES: Final[Mapping[str, Scheme]] = MappingProxyType(dict((
    _of("SG-UEN", MemberState.SG, r"\d{8}[A-Z]|\d{9}[A-Z]|[A-Z]\d{2}[A-Z0-9]{2}\d{4}[A-Z]"),
    _of("TH-DBD", MemberState.TH, r"\d{13}"),
    _of("MY-SSM", MemberState.MY, r"\d{12}|\d{1,7}-[A-Z]"),
    _of("ID-NIB", MemberState.ID, r"\d{13}"),
    _of("VN-MST", MemberState.VN, r"\d{10}(?:-\d{3})?"),
    _of("PH-SEC", MemberState.PH, _PLAIN),
    _of("PH-DTI", MemberState.PH, _PLAIN),
    _of("KH-MOC", MemberState.KH, _PLAIN),
    _of("LA-ERC", MemberState.LA, _PLAIN),
    _of("BN-ROCBN", MemberState.BN, _PLAIN),
    _of("MM-DICA", MemberState.MM, _PLAIN),
    _of("TL-SERVE", MemberState.TL, _PLAIN),
    _of("LEI", None, rf"[A-Z0-9]{{{_LEI_LENGTH - 2}}}\d{{2}}"),
)))  # fmt: skip


def is_of(scheme: str, value: str, *, vouched_by: MemberState) -> bool:
    """Tell whether ``value`` has the form of ``scheme``, and ``vouched_by`` may speak for that register."""
    register = SCHEMES.get(scheme)
    return register is not None and register.state in (None, vouched_by) and has_form(scheme, value)


def has_form(scheme: str, value: str) -> bool:
    """Tell whether ``value`` has the form of the numbers of ``scheme``, whoever names it."""
    register = SCHEMES.get(scheme)
    if register is None or register.form.fullmatch(value) is None:
        return False
    return scheme != "LEI" or int("".join(str(int(one, 36)) for one in value)) % _LEI_MODULUS == 1  # ISO 17442
