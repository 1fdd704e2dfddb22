"""Which registry a node has, by its settings."""

from idbridge.clock import Clock
from idbridge_gateway.registry.watch import Begun, FileSource, begin_with
from idbridge_gateway.settings import Settings


def begin_registry(settings: Settings, *, clock: Clock) -> Begun:
    """Return the registry that ``settings`` name, with what is registered now.

    Raises:
        ConfigurationError: It is missing, of another environment, or holds what goes not together.
    """
    environment = settings.environment
    source = FileSource(settings.relying_parties_file, environment=environment)
    return begin_with(source, source.read(), environment=environment, clock=clock)
