"""How much work a regular expression can make: decided from its shape, for texts of any length and without a clock.

A matcher that goes back, as Python's does, makes as many steps as there are ways through the beginnings of a text. An
expression becomes an automaton with a place for each character that it reads (Glushkov), and two questions are asked:

- Is there a place to which one text leads back in two ways? Then every repetition doubles the work: exponential.
- Are there two places so that one text leads from the first to itself, from the first to the second, and from the
  second to itself? Then a text may be divided between the two at each of its characters: polynomial.

Weber and Seidl, "On the degree of ambiguity of finite automata" (1991). Bounds of more than a few repetitions are taken
for none and a look-ahead for one more way on, so that what is called linear is so; it may be so all the same otherwise.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from re import _constants, _parser  # type: ignore[attr-defined]  # the standard library's own reader of expressions
from typing import Any

LINEAR, POLYNOMIAL, EXPONENTIAL = "linear", "polynomial", "exponential"
COPIED = 5  # a bound up to here is copied out, a larger one is taken for none
# Where the kinds of characters begin and end; an expression adds its own characters and those beside them.
SOME = frozenset("\0\b\t\n\r\x0e\x1b\x1c\x1f !/09:@AZ[^_`az{\x85\xa0\xb5\u0660\u0e01\u2028\U0001f600")
ANY = -1  # every character: all bits


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an expression: where it begins and ends, and in how many ways it matches the empty text."""

    first: Counter[int]
    last: Counter[int]
    empty: int


EMPTY = Part(Counter(), Counter(), empty=1)


def _times(number: int, places: Counter[int]) -> Counter[int]:
    return Counter({place: number * ways for place, ways in places.items() if number})


@dataclass(slots=True)
class Automaton:
    """The places of an expression: which of the characters each reads, and in how many ways each follows another."""

    characters: str
    flags: int
    reads: list[int] = field(default_factory=list)
    follows: dict[int, Counter[int]] = field(default_factory=dict)
    groups: dict[int | None, Any] = field(default_factory=dict)

    def place(self, reads: int) -> Part:
        """Add a place that reads the characters whose bits are set."""
        self.reads.append(reads)
        number = len(self.reads) - 1
        self.follows[number] = Counter()
        return Part(Counter([number]), Counter([number]), empty=0)

    def join(self, last: Counter[int], first: Counter[int]) -> None:
        """Let each place of ``first`` follow each of ``last``."""
        for before, ways in last.items():
            for after, others in first.items():
                self.follows[before][after] += ways * others

    def chain(self, one: Part, other: Part) -> Part:
        """Return ``one`` and then ``other``."""
        self.join(one.last, other.first)
        first, last = one.first + _times(one.empty, other.first), other.last + _times(other.empty, one.last)
        return Part(first, last, empty=one.empty * other.empty)

    def sequence(self, tokens: Any) -> Part:
        """Return all of ``tokens``, one after the other."""
        part = EMPTY
        for operator, argument in tokens:
            part = self.chain(part, self.one(str(operator), argument))
        return part

    def one(self, operator: str, argument: Any) -> Part:
        """Return one token.

        Raises:
            ValueError: It is of a kind that nothing here is known about.
        """
        match operator:
            case "LITERAL" | "NOT_LITERAL" | "IN" | "ANY":
                return self.place(self.read_by(operator, argument))
            case "SUBPATTERN":
                group, added, removed, tokens = argument
                self.groups[group], before = tokens, self.flags
                self.flags = (before | added) & ~removed
                part = self.sequence(tokens)
                self.flags = before
                return part
            case "BRANCH":
                return self.branch([self.sequence(each) for each in argument[1]])
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self.repeat(*argument)
            case "AT":
                return EMPTY
            case "ASSERT" | "ASSERT_NOT":
                ahead = self.sequence(argument[1])
                return Part(ahead.first, Counter(), empty=1)
            case "GROUPREF":  # what the group read, and so at most whatever it may read
                return self.sequence(self.groups[argument])
            case "ANY_ALL":
                return self.place(ANY)
        raise ValueError(operator)

    def branch(self, parts: list[Part]) -> Part:
        """Return one of ``parts``."""
        first = sum((one.first for one in parts), Counter[int]())
        last = sum((one.last for one in parts), Counter[int]())
        return Part(first, last, empty=sum(one.empty for one in parts))

    def repeat(self, least: int, most: Any, tokens: Any) -> Part:
        """Return ``tokens`` again and again; what may be there is a choice, and without a small bound a loop."""
        if most is not _constants.MAXREPEAT and most <= COPIED:
            part = EMPTY
            for _ in range(most - least):  # from within: (a(a)?)?, so that there is one way to each number
                inner = self.chain(self.sequence(tokens), part)
                part = Part(inner.first, inner.last, empty=inner.empty + 1)
            for _ in range(least):
                part = self.chain(self.sequence(tokens), part)
            return part
        part = self.sequence(tokens)
        for _ in range(2 if part.empty else 1):  # a round that reads nothing is one more way to the next
            self.join(part.last, part.first)
        return Part(part.first, part.last, empty=part.empty + (not least))

    def read_by(self, operator: str, argument: Any) -> int:
        """Return the characters that a token reads, as bits."""
        return sum(
            1 << number
            for number, one in enumerate(self.characters)
            if any(_reads(operator, argument, each, self.flags) for each in self.spellings(one))
        )

    def spellings(self, one: str) -> set[str]:
        """Return what counts for ``one``: where case is ignored, both."""
        return {one, one.lower(), one.upper()} if self.flags & re.IGNORECASE else {one}


def _reads(operator: str, argument: Any, one: str, flags: int) -> bool:
    if len(one) != 1:  # the upper case of a letter may be two
        return False
    match operator:
        case "LITERAL":
            return bool(ord(one) == argument)
        case "NOT_LITERAL":
            return bool(ord(one) != argument)
        case "ANY":
            return one != "\n" or bool(flags & re.DOTALL)
        case "RANGE":
            return bool(argument[0] <= ord(one) <= argument[1])
        case "CATEGORY":
            return _is_of(str(argument), one, flags & re.ASCII)
    negated = str(argument[0][0]) == "NEGATE"
    return any(_reads(str(kind), value, one, flags) for kind, value in argument[negated:]) is not negated


@cache
def _is_of(category: str, one: str, ascii_alone: int) -> bool:
    letter = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[category.rpartition("_")[2]]
    spelled = letter.upper() if "_NOT_" in category else letter
    return re.fullmatch(rf"\{spelled}", one, ascii_alone) is not None


def automaton_of(expression: re.Pattern[Any], *, anywhere: bool) -> Automaton:
    """Return the automaton of ``expression``; ``anywhere`` if it is looked for in a text and not only at its begin."""
    pattern = expression.pattern
    tokens = _parser.parse(pattern, expression.flags & ~re.UNICODE if isinstance(pattern, bytes) else expression.flags)
    literals = {chr(each) for each in _numbers(tokens) if 0 <= each < sys.maxunicode}
    made = Automaton("".join(sorted(SOME | literals)), expression.flags)
    part = made.sequence(tokens)
    if anywhere and not _begins_at_the_begin(tokens, expression.flags):
        before = made.repeat(0, _constants.MAXREPEAT, [("ANY_ALL", None)])
        made.chain(before, part)
    return made


def _numbers(tokens: Any) -> Iterator[int]:
    if isinstance(tokens, int) and not isinstance(tokens, bool):
        yield from (int(tokens) - 1, int(tokens), int(tokens) + 1)
    elif isinstance(tokens, list | tuple | _parser.SubPattern):
        for one in tokens:
            yield from _numbers(one)


def _begins_at_the_begin(tokens: Any, flags: int) -> bool:
    operator, argument = tokens[0] if len(tokens) else (None, None)
    return str(operator) == "AT" and str(argument) == "AT_BEGINNING" and not flags & re.MULTILINE


def cost_of(expression: re.Pattern[Any], *, anywhere: bool) -> str:
    """Return how the work that ``expression`` makes grows with the length of a text: one of the three words."""
    made = automaton_of(expression, anywhere=anywhere)
    if any(_comes_back_in_two_ways(made, place) for place in made.follows):
        return EXPONENTIAL
    loops = [place for place in made.follows if _leads(made, (place,), (place,))]
    if any(_divides(made, one, other) for one in loops for other in loops if one != other):
        return POLYNOMIAL
    return LINEAR


def _steps(made: Automaton, state: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Yield where one character leads from each of ``state``, all of them at once."""
    ways: list[tuple[tuple[int, ...], int]] = [((), ANY)]
    for place in state:
        ways = [
            ((*so_far, after), common)
            for so_far, reads in ways
            for after in made.follows[place]
            if (common := reads & made.reads[after])
        ]
    yield from (so_far for so_far, _ in ways)


def _leads(made: Automaton, begin: tuple[int, ...], end: tuple[int, ...]) -> bool:
    """Tell whether one text, which is not empty, leads from ``begin`` to ``end``."""
    seen, waiting = set[tuple[int, ...]](), [begin]
    while waiting:
        for state in _steps(made, waiting.pop()):
            if state == end:
                return True
            if state not in seen:
                seen.add(state)
                waiting.append(state)
    return False


def _comes_back_in_two_ways(made: Automaton, place: int) -> bool:
    """Tell whether a text leads from ``place`` to itself in two ways: by other places, or twice to the same."""
    seen, waiting = set[tuple[int, int, bool]](), [(place, place, False)]
    while waiting:
        one, other, parted = waiting.pop()
        for after, beside in _steps(made, (one, other)):
            twice = one == other and after == beside and made.follows[one][after] > 1
            state = (after, beside, parted or after != beside or twice)
            if state == (place, place, True):
                return True
            if state not in seen:
                seen.add(state)
                waiting.append(state)
    return False


def _divides(made: Automaton, one: int, other: int) -> bool:
    """Tell whether a text leads from ``one`` to itself, from ``one`` to ``other``, and from ``other`` to itself."""
    return _leads(made, (one, one, other), (one, other, other))
