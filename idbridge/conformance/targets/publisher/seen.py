"""The consumer: a publication, and what was seen of it at the instant of the run. Looked at once, asked many times."""

from dataclasses import dataclass

from idbridge.conformance.targets.publisher.publication import Look, Publication


@dataclass(frozen=True, slots=True)
class Consumer:
    """Somebody who looked at ``publication``."""

    publication: Publication
    look: Look
