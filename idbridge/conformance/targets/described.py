"""What a command says of itself: its answer to ``describe``, read strictly.

``{"name": ..., "version": ..., "not_implemented": [...]}``; the last lists tags, requirements, areas of them or cases
that it does not claim, and may be left out.
"""

from collections.abc import Sequence

from idbridge.conformance.answer import Fault
from idbridge.conformance.declaration import read_declaration
from idbridge.conformance.reports.shown import is_name
from idbridge.conformance.target import Description
from idbridge.conformance.targets.process import ask
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS


def described(command: Sequence[str]) -> Description:
    """Return what ``command`` says of itself.

    Raises:
        ConfigurationError: It does not answer, or not with what belongs there, or declares what nobody can.
    """
    told = ask(command, ("describe",))
    if isinstance(told, Fault):
        raise ConfigurationError(f"the program does not say what it is: {told}")
    name, version, left = told.get("name"), told.get("version"), told.get("not_implemented", [])
    if not (isinstance(name, str) and is_name(name) and isinstance(version, str) and is_name(version)):
        raise ConfigurationError("the program does not say its name and version, each in one line that can be read")
    if max(len(name), len(version)) > LIMITS.identifier_characters:
        raise ConfigurationError(f"a name and a version have at most {LIMITS.identifier_characters} characters")
    return Description(name, version, read_declaration(left))
