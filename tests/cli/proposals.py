"""Lists that a state of the pretend region might publish next, as files."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from idbridge.clock import SystemClock
from idbridge.model.region import MemberState
from idbridge.sandbox.region import Region
from idbridge.trust import profile
from idbridge.trust.tuf import entry, writing
from idbridge.trust.tuf import proposal as proposal_file
from idbridge.trust.tuf.writing import Issue

Table = dict[str, Any]


def proposal(
    region: Path,
    to: Path,
    change: Callable[[Table], Table | None],
    *,
    state: MemberState = MemberState.SG,
    later: timedelta = timedelta(seconds=1),
) -> Path:
    """Write the next list of ``state`` to a file, each service as ``change`` makes it; ``None`` drops it."""
    made = Region.load(region)
    source = made.sources.lists[state]
    providers = [
        {**provider, "service": [new for service in provider["service"] if (new := change(dict(service))) is not None]}
        for provider in source["provider"]
    ]
    changed = made._with_source(state, {**source, "provider": [one for one in providers if one["service"]]})
    to.write_text(changed.reissued(state, at=SystemClock().now() + later).published.lists[state])
    return to


def with_leeway(seconds: int) -> Callable[[Table], Table]:
    """Let the login service of Singapore allow clocks to differ by so much."""
    return lambda service: {**service, "leeway_seconds": seconds} if service["id"] == "sg-login" else service


def without(service_id: str) -> Callable[[Table], Table | None]:
    """Drop one service."""
    return lambda service: None if service["id"] == service_id else service


def as_it_is(service: Table) -> Table:
    """Change nothing."""
    return service


def travelling(region: Path, signed: Path, to: Path, *, role: str = "SG") -> Path:
    """Write the proposal with which a list travels to those who have to sign; or one of another role, without it."""
    made = Region.load(region)
    state, at = MemberState.SG, SystemClock().now().replace(microsecond=0)
    listed = profile.parse(
        signed.read_bytes(), state=state, environment=made.environment, keys=made.pins()[state], distribution="tuf"
    )
    issued = Issue(made.environment, 2, at)
    keys = (dict(made.keys.lists[state].public_jwk),)
    payload = writing.state_role(issued, state, octets=signed.read_bytes(), entry=entry.entry_for(listed, keys=keys))
    targets = {"lists/SG/list.jws": signed.read_bytes()}
    if role != state.value:
        payload.targets, targets = {}, {}
    draft = proposal_file.Draft("publish", "a test", {"what": "test"}, targets)
    payload.unrecognized_fields.update(draft.said(listed.provenance.signer))
    drafted = proposal_file.drafted(
        role, draft, payload, environment=made.environment, proposer=listed.provenance.signer
    )
    to.write_bytes(drafted.octets())
    return to
