"""How a node gets its canary: from the settings of a live node, or from the region of a sandbox."""

import os
import signal
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

from idbridge.clock import Clock
from idbridge.errors import ConfigurationError
from idbridge.trust.alerts import Alert
from idbridge_gateway.api.verify import VERIFY_PATH
from idbridge_gateway.canary.rounds import Canary, own_port
from idbridge_gateway.canary.sample import FolderSamples, Samples
from idbridge_gateway.journal import JOURNAL, note_alert
from idbridge_gateway.metrics.figures import Figures
from idbridge_gateway.serving import reached
from idbridge_gateway.settings import Settings
from idbridge_gateway.standing import latch


def samples_in(settings: Settings) -> Samples | None:
    """Return the samples that ``settings`` name; ``None`` if they name none."""
    if settings.canary_dir is None or settings.canary_key_file is None:
        return None
    return FolderSamples(settings.canary_dir, settings.canary_key_file)


def canary_of(
    settings: Settings,
    samples: Samples | None,
    *,
    listener: socket.socket,
    figures: Figures,
    clock: Clock,
    tell: Callable[[Alert], None] | None = None,
) -> Canary | None:
    """Return the canary of the node that answers on ``listener``; ``None`` if it has no samples."""
    if samples is None:
        return None
    return Canary(
        samples,
        put=own_port(reached(listener), path=VERIFY_PATH),
        clock=clock,
        counted=figures.sampled,
        tell=tell or partial(_told, figures),
        latch=partial(_latched, settings.state_dir),
    )


def _told(figures: Figures, alert: Alert) -> None:
    note_alert(alert)
    figures.alerted(alert)


def _latched(directory: Path, words: str) -> None:
    """Latch the node. One that cannot even write that down ends: nobody would know."""
    try:
        latch(directory, words)
    except ConfigurationError as error:
        JOURNAL.critical("%s; %s; the node ends", words, error)
        os.kill(os.getpid(), signal.SIGTERM)
