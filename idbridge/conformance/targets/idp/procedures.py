"""Procedures by name: what ``input.json`` of a case of the profile id-provider may ask for. One table."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from idbridge.conformance.answer import Observation
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.targets.idp import attacks, sessions
from idbridge.conformance.targets.idp.party import Tools
from idbridge.conformance.targets.idp.produced import LOGIN
from idbridge.conformance.targets.idp.published import DISCOVERY, KEYS
from idbridge.conformance.targets.idp.verdicts import ACCEPTED, granted

Procedure = Callable[[Tools, ConformanceCase], Observation]


def _discovery(tools: Tools, case: ConformanceCase) -> Observation:
    DISCOVERY[case.input["aspect"]](tools)
    return Observation(
        ACCEPTED, sent="a request for the discovery document", received=", ".join(sorted(tools.document))
    )


def _keys(tools: Tools, case: ConformanceCase) -> Observation:
    KEYS[case.input["aspect"]](tools)
    return Observation(ACCEPTED, sent="a request for the key set", received="a key set")


def _login(tools: Tools, case: ConformanceCase) -> Observation:
    login = granted(tools, changes=case.input.get("form", {}))
    LOGIN[case.input["aspect"]](tools, login)
    return Observation(ACCEPTED, sent="a whole login", received=login.reply.shown())


def _rotation(tools: Tools, case: ConformanceCase) -> Observation:
    sessions.ROTATION[case.input["aspect"]](tools)
    return Observation(ACCEPTED, sent="an exchange of keys", received="the key sets before and after")


PROCEDURES: Final[Mapping[str, Procedure]] = MappingProxyType({
    "discovery": _discovery,
    "keys": _keys,
    "login": _login,
    "rotation": _rotation,
    "browser": attacks.seen_on_the_way,
    "push": attacks.at_push,
    "authorize": attacks.at_authorize,
    "request-uri": attacks.request_uri,
    "client-authentication": attacks.at_client_authentication,
    "token": attacks.at_token,
    "after-replay": attacks.after_replay,
    "userinfo": attacks.at_userinfo,
    "logout": sessions.logged_out,
    "logout-token": sessions.told,
})  # fmt: skip
