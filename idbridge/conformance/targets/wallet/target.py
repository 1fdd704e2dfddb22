"""The targets ``wallet:URL`` and ``wallet:cmd:COMMAND``: the suite asks the wallet as a verifier on this machine.

Of an honest request the answer is verified. Of any other the wallet must disclose nothing, neither at once nor later:
it posts an error that says why, or nothing at all where the case allows silence (``silence``; ``also`` are further
errors that will do). A wallet that never fetched the request has refused nothing, and one that broke has neither. Nor
has one whose silence is not about the request: it is as silent in the accepted twin.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from idbridge.clock import Clock, Stopwatch, SystemStopwatch
from idbridge.codec import base64url
from idbridge.conformance.answer import Fault, FaultKind, Observation, Verdict
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.target import Description
from idbridge.conformance.targets.live import Finding
from idbridge.conformance.targets.wallet import answers
from idbridge.conformance.targets.wallet.asking import Access, Holding, Question, question
from idbridge.conformance.targets.wallet.calling import Refused, WalletCall
from idbridge.conformance.targets.wallet.desk import Desk, Errand, opened
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.presentation.response_parameters import WalletAnswer, WalletError, WalletRefusal
from idbridge.reasons import Indication
from idbridge.verify.verifier import Verifier

_HANDLE_OCTETS: Final = 12
SILENT: Final = "silent"
_PASSED: Final = Verdict(Indication.PASSED, None)


@dataclass(frozen=True, slots=True)
class WalletSettings:
    """How a wallet is reached and asked. ``settling`` is how much longer than it takes to answer nothing may come.

    ``patience`` is how long an answer that has to come may take.

    ``not_implemented`` are tags that its maker declares, such as ``mdoc``.
    """

    call: WalletCall
    access: Access
    verifier: Verifier
    clock: Clock
    randomness: Randomness
    holding: Holding = field(default_factory=Holding)
    settling: timedelta = LIMITS.conformance_settling
    patience: timedelta = LIMITS.conformance_patience
    stopwatch: Stopwatch = field(default_factory=SystemStopwatch)
    name: str = "wallet"
    not_implemented: frozenset[str] = frozenset()


class LateAnswerError(ConfigurationError):
    """A wallet answered what it seemed to refuse, when no case was left that could fail for it."""


class WalletTarget:
    """A wallet, asked once for every case. The desk is opened with the first and closed by ``close``.

    ``known`` are cases by id: where one is refused by silence, its accepted twin is asked too, once for all of them.
    """

    def __init__(self, settings: WalletSettings, known: Mapping[str, ConformanceCase] = MappingProxyType({})) -> None:
        self._settings = settings
        self._known = known
        self._mute: dict[str, bool] = {}
        self._stack = ExitStack()
        self._desk: Desk | None = None
        self._took: dict[str, float] = {}
        self._past: list[tuple[ConformanceCase, Question, Errand]] = []

    def close(self) -> None:
        """Close the desk.

        Raises:
            LateAnswerError: After its last case the wallet disclosed something that it had refused.
        """
        self._stack.close()
        self._desk = None
        late = self._late()
        if late:
            raise LateAnswerError(late)

    def describe(self) -> Description:
        """Return what the wallet's maker said of it."""
        return Description(self._settings.name, "OpenID4VP 1.0", self._settings.not_implemented)

    def answer(self, case: ConformanceCase) -> Observation:
        """Ask what ``case`` says, and return what came of it, with what was posted late until then."""
        seen = self._asked(case)
        posted = bool(self._past[-1][2].posted)
        if case.is_negative and seen.answer == case.expect and not posted and self._is_mute(case.twin):
            words = f"it is as silent where it has to answer ({case.twin}), so that its silence refuses nothing"
            return replace(seen, answer=Fault(FaultKind.EMPTY, words))
        return seen if isinstance(seen.answer, Fault) else replace(seen, before=self._late())

    def _asked(self, case: ConformanceCase) -> Observation:
        desk, settings = self._open_desk(), self._settings
        handle = base64url.encode(settings.randomness.octets(_HANDLE_OCTETS))
        asked = question(
            case.input,
            access=settings.access,
            holding=settings.holding,
            port=desk.port,
            handle=handle,
            at=settings.clock.now(),
            randomness=settings.randomness,
        )
        errand = Errand(asked.made, **_media(case.input))
        desk.open(handle, errand)
        begun = settings.stopwatch.seconds()
        told = settings.call.open(asked.link)
        self._wait(case, errand, told, begun=begun)
        errand.close()
        if not case.is_negative and errand.posted:
            self._took[case.id] = settings.stopwatch.seconds() - begun
        self._past.append((case, asked, errand))
        return _observed(asked, errand, told, self._judged(asked, errand, case, told))

    def _is_mute(self, twin: str | None) -> bool:
        """Tell whether the wallet posts nothing in the case ``twin`` either, which it has to answer."""
        asked = self._known.get(twin or "")
        if asked is None:
            return False
        if asked.id not in self._took and asked.id not in self._mute:
            self._asked(asked)
            self._mute[asked.id] = asked.id not in self._took
        return asked.id not in self._took

    def _wait(self, case: ConformanceCase, errand: Errand, told: Fault | Refused | None, *, begun: float) -> None:
        """Wait for an answer; where there must be none, for longer than this wallet takes to give one."""
        settings = self._settings
        settling = settings.settling.total_seconds()
        if isinstance(told, Fault) or errand.posted:
            return
        if not case.is_negative:
            errand.answered.wait(settling if told is not None else settings.patience.total_seconds())
            return
        took = self._took.get(case.twin or "", max(self._took.values(), default=0.0))
        left = begun + took + settling - settings.stopwatch.seconds()
        errand.answered.wait(max(left, settling))

    def _late(self) -> str:
        """Return what was posted after its case was judged and not told yet, empty if nothing was."""
        found = []
        for case, asked, errand in self._past:
            while errand.late:
                said = answers.read(errand.late.pop(0), asked)
                if not isinstance(said, WalletRefusal) and (case.is_negative or errand.posted):
                    found.append(case.id)
        return f"after it was judged, the wallet answered {', '.join(found)}" if found else ""

    def _open_desk(self) -> Desk:
        if self._desk is None:
            self._desk = self._stack.enter_context(opened())
        return self._desk

    def _judged(
        self, asked: Question, errand: Errand, case: ConformanceCase, told: Fault | Refused | None
    ) -> Finding | None:
        """Return why an answer is none, or that there was none; ``None`` for a good answer."""
        if not errand.posted:
            return _unposted(case, told)
        if len(errand.posted) > 1:
            return Finding("response", "the wallet posted more than once")
        said = answers.read(errand.posted[0], asked)
        if isinstance(said, WalletRefusal):
            return _refused(case, said.error, "posted the error")
        if not isinstance(said, WalletAnswer):
            # Whatever it is, what it holds was disclosed to somebody: it is no refusal.
            return said
        return _LOOKS[case.input.get("look", "verified")](said, asked, self._settings)


def _unposted(case: ConformanceCase, told: Fault | Refused | None) -> Finding:
    """Return what it is that a wallet posts nothing: a refusal by a word to its opener, or silence."""
    if isinstance(told, Refused) and told.code is not None:
        known = told.code in list(WalletError)
        return _refused(case, WalletError(told.code) if known else WalletError.OTHER, "told its opener")
    code = case.expect.code if case.input.get("silence") is True else None
    return Finding(code or SILENT, f"{SILENT}: the wallet posted nothing")


def _refused(case: ConformanceCase, error: WalletError, how: str) -> Finding:
    """Return a refusal; by any word that will do it is the one that the case expects."""
    also = error in case.input.get("also", ())
    return Finding((case.expect.code if also else None) or error.value, f"the wallet {how} {error.value}")


def _media(case: Mapping[str, Any]) -> dict[str, Any]:
    return {"media": case["media"]} if "media" in case else {}


def _verified(said: WalletAnswer, asked: Question, settings: WalletSettings) -> Finding | None:
    return answers.verified(said, asked, settings.verifier, at=settings.clock.now())


def _only_asked(said: WalletAnswer, asked: Question, settings: WalletSettings) -> Finding | None:
    return answers.only_asked(said, asked) or _verified(said, asked, settings)  # an empty answer shows nothing either


_LOOKS: Final = MappingProxyType({"verified": _verified, "only-asked": _only_asked})


def _observed(asked: Question, errand: Errand, told: Fault | Refused | None, finding: Finding | None) -> Observation:
    sent = asked.link
    if isinstance(told, Fault):
        return Observation(told, sent=sent)
    if not errand.fetched:
        return Observation(Fault(FaultKind.EMPTY, "the wallet never fetched the request"), sent=sent)
    if finding is None:
        return Observation(_PASSED, sent=sent, received="an answer")
    return Observation(Verdict(Indication.FAILED, finding.code), sent=sent, received=finding.words)
