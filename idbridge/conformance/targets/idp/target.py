"""The target ``idp:URL``: an identity provider, which the suite meets as a relying party.

Looks a case's procedure up in the table and turns what comes of it into a verdict or a fault. What a provider does not
offer, and what the settings give no means to test, is declared, so that it is reported apart from what failed.
"""

import json
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from time import sleep
from typing import Any, Final

from idbridge.clock import Clock, SystemClock
from idbridge.conformance.answer import Fault, FaultKind, Observation, Verdict
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.target import Description
from idbridge.conformance.targets.idp.party import USERINFO, Tools
from idbridge.conformance.targets.idp.procedures import PROCEDURES
from idbridge.conformance.targets.idp.published import fetched_document
from idbridge.conformance.targets.idp.settings import IdpSettings
from idbridge.conformance.targets.idp.verdicts import FindingError, StepRefusedError
from idbridge.conformance.targets.idp.walks import CommandWalk, FormWalk, InteractiveWalk, Walk, run_command
from idbridge.conformance.targets.idp.wire import NoVerdictError, Place, Wire
from idbridge.errors import ConfigurationError, IdBridgeError
from idbridge.model.randomness import Randomness, SystemRandomness
from idbridge.reasons import Indication

_LEAST_WAIT: Final = 65  # seconds: what the shortest of the cases that wait needs


class IdpTarget:
    """One provider under test.

    ``pause`` lets seconds go by where something has to expire; ``rotate`` replaces the command of the settings, and
    ``show`` takes the URL that a person is to open.

    Raises:
        ConfigurationError: The address is none of a provider.
    """

    def __init__(
        self,
        url: str,
        settings: IdpSettings,
        *,
        clock: Clock | None = None,
        randomness: Randomness | None = None,
        pause: Callable[[float], None] = sleep,
        rotate: Callable[[str], None] | None = None,
        show: Callable[[str], None] | None = None,
    ) -> None:
        self._settings = settings
        self._wire = Wire(Place(settings.issuer or url, url, settings.hosts))
        self._clock = clock or SystemClock()
        self._randomness = randomness or SystemRandomness()
        self._pause = pause
        self._rotate = rotate or _rotating(settings.rotate_command)
        self._show = show or _tell

    def describe(self) -> Description:
        """Return the issuer, and the tags of what it does not offer or the settings cannot test.

        Raises:
            ConfigurationError: It has no discovery document.
        """
        try:
            document = fetched_document(self._wire, self._wire.place.issuer)
        except NoVerdictError as unreachable:
            raise ConfigurationError(f"the provider cannot be tested: {unreachable}") from None
        return Description(self._wire.place.issuer, self._settings.tier.value, frozenset(self._declined(document)))

    def answer(self, case: ConformanceCase) -> Observation:
        """Put ``case`` to the provider; a fault if it gave no verdict."""
        observed = self._answered(case)
        done = json.dumps(dict(case.input), sort_keys=True)
        return replace(observed, sent=f"{observed.sent}: {done}" if observed.sent else done)

    def _answered(self, case: ConformanceCase) -> Observation:
        try:
            return PROCEDURES[case.input["procedure"]](self._tools(), case)
        except NoVerdictError as no_verdict:
            return Observation(no_verdict.fault, received=str(no_verdict))
        except StepRefusedError as refused:
            if case.is_negative:
                fault = Fault(FaultKind.MALFORMED, f"before the attack: {refused.detail}")
                return Observation(fault, received=refused.detail)
            return Observation(Verdict(Indication.FAILED, refused.code), received=refused.detail)
        except FindingError as finding:
            return Observation(Verdict(Indication.FAILED, finding.code), received=finding.detail)
        except IdBridgeError as refusal:
            return Observation(Verdict(Indication.FAILED, refusal.code), received=str(refusal))
        except (KeyError, ValueError, TypeError) as unread:
            fault = Fault(FaultKind.MALFORMED, f"what came back cannot be read: {type(unread).__name__}")
            return Observation(fault, received=str(unread))

    def _tools(self) -> Tools:
        document = fetched_document(self._wire, self._wire.place.issuer)
        return Tools(
            self._settings,
            self._wire,
            document,
            self._clock,
            self._randomness,
            self._browser,
            self._pause,
            self._rotate,
        )

    def _browser(self) -> Walk:
        if self._settings.login_command is not None:
            return CommandWalk(self._settings.login_command)
        if self._settings.interactive:
            return InteractiveWalk(self._show)
        return FormWalk(self._wire.browser(), person=self._settings.person)

    def _declined(self, document: Mapping[str, Any]) -> Iterator[str]:
        """Yield the tags of cases that are not put to the provider."""
        settings, methods = self._settings, document.get("token_endpoint_auth_methods_supported")
        yield from settings.not_offered
        yield "t2" if settings.fapi else "t3"
        yield "client-secret" if settings.clients[0].signer is not None else "private-key-jwt"
        absent = {
            "userinfo": USERINFO not in document,
            "rotation": self._rotate is None,
            "encryption": not settings.decryption_keys,
            "level": not settings.levels,
            "person-refuses": not settings.refusal or not settings.walked_by_forms,
            "forms": not settings.walked_by_forms,
            "logout": settings.post_logout_redirect_uri is None or not settings.walked_by_forms,
            "logout-token": settings.backchannel_logout_uri is None or not settings.walked_by_forms,
            "waits": settings.patience.total_seconds() < _LEAST_WAIT,
            "two-methods": not isinstance(methods, list) or "client_secret_post" not in methods,
        }
        yield from (tag for tag, missing in absent.items() if missing)


def _tell(url: str) -> None:
    """Show a person at this terminal where to log in; standard output is for results."""
    sys.stderr.write(f"open in a browser, and log in: {url}\n")
    sys.stderr.flush()


def _rotating(command: str | None) -> Callable[[str], None] | None:
    """Return what tells the provider a step of a rotation: the command with ``publish`` or ``use`` behind it."""
    if command is None:
        return None

    def rotate(step: str) -> None:
        code, _ = run_command([*shlex.split(command), step])
        if code != 0:
            raise NoVerdictError(FaultKind.CRASH, f"the command that exchanges keys ended with {code}")

    return rotate
