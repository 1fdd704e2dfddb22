"""The programs that are not ours and answer the suite, how each is started, and what it cannot be asked at all.

What a program does not do it declares itself. Some of it no tag and no requirement names, such as an algorithm; then
the cases are named here, by what is presented in their accepted twin.
"""

import base64
import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.material import REGION
from idbridge.conformance.profiles import Profile
from tests.engines import NODE_TESTS, require_engine, require_node_packages
from tests.interop.conformance.environments import require_python_with

_PROGRAMS: Final = Path(__file__).parent / "programs"


@dataclass(frozen=True, slots=True)
class Foreign:
    """A program from ``registry``; ``asks_too_much`` tells of a case and its accepted twin that it cannot be asked."""

    registry: str
    package: str
    asks_too_much: Callable[[ConformanceCase, ConformanceCase], bool]
    why: str = ""

    @property
    def name(self) -> str:
        """What it is called on the page of results."""
        return f"{self.registry} {self.package}"

    @property
    def script(self) -> Path:
        """The program that answers the protocol with the package behind it."""
        if self.registry == "npm":
            return NODE_TESTS / f"conformance_{self.package.rpartition('/')[2].replace('-', '_')}.mjs"
        return _PROGRAMS / f"answer_{self.package.replace('-', '_')}.py"

    def command(self) -> tuple[str, ...]:
        """Return the words that start it; what is not there fails or skips the test, as with every engine."""
        if self.registry == "npm":
            require_node_packages()
            return (str(require_engine("node")), str(self.script))
        return (str(require_python_with(self.package)), str(self.script))

    @property
    def address(self) -> str:
        """How the program would be named on the command line, whatever machine it is on."""
        return f"cli:{shlex.join(('node' if self.registry == 'npm' else 'python', self.script.name))}"

    def left_out(self, corpus: Corpus) -> frozenset[str]:
        """Return the cases that the program cannot be asked, by id: none reads lists, where other material differs."""
        cases = corpus.chosen([Profile.VERIFIER])
        return frozenset(
            case.id
            for case in cases
            if case.material != REGION
            or self.asks_too_much(case, case if case.twin is None else corpus.case(case.twin))
        )


def nothing(case: ConformanceCase, twin: ConformanceCase) -> bool:
    """Tell that nothing is too much."""
    del case, twin
    return False


def other_than_es256(case: ConformanceCase, twin: ConformanceCase) -> bool:
    """Tell whether an SD-JWT VC would be signed with another algorithm than ES256, if nobody had changed it."""
    return "sd-jwt-vc" in case.tags and _part(twin, 0).get("alg") != "ES256"


def w3c_without_wrapping(case: ConformanceCase, twin: ConformanceCase) -> bool:
    """Tell whether a W3C credential is itself the payload of its JWT, as in VC-JOSE-COSE, or a query wants an mdoc."""
    queries = case.input["request"].get("dcql", {}).get("credentials", ())
    if any(one["format"] == "mso_mdoc" for one in queries):
        return True
    is_jwt = "w3c-vc" in case.tags and "~" not in twin.input["request"]["credential"]
    return is_jwt and not {"vc", "vp"} & _part(twin, 1).keys()


def _part(case: ConformanceCase, number: int) -> dict[str, Any]:
    text = str(case.input["request"]["credential"]).partition("~")[0].split(".")[number : number + 1]
    try:
        told = json.loads(base64.urlsafe_b64decode(text[0] + "=" * (-len(text[0]) % 4)))
    except (ValueError, IndexError):
        return {}
    return told if isinstance(told, dict) else {}


FOREIGN: Final = (
    Foreign("PyPI", "isomdoc", nothing),
    Foreign(
        "PyPI",
        "openvc-core",
        w3c_without_wrapping,
        "it reads W3C credentials in JWTs of version 1.1 alone, and no mdoc in an answer of OpenID4VP",
    ),
    Foreign("PyPI", "polaris-oid4vp", other_than_es256, "it reads ES256 alone"),
    Foreign("PyPI", "sd-jwt", nothing),
    Foreign("npm", "@owf/mdoc", nothing),
    Foreign("npm", "@sd-jwt/sd-jwt-vc", nothing),
    Foreign("npm", "jose", nothing),
)
