"""Publishing: what was written ahead becomes tiles and a checkpoint that others can read, some moments later.

Decides that nothing is published whose tiles do not lead to the root that was signed, and in which order: tiles and
bundles first, past a power failure, then the checkpoint that names them, and only then does the write-ahead file go.
"""

from collections.abc import Sequence
from pathlib import Path

from idbridge.evidence import places
from idbridge.evidence.edge import Edge
from idbridge.evidence.errors import refuse
from idbridge.evidence.recovery import Signed


def publish(folder: Path, edge: Edge, entries: Sequence[bytes], signed: Signed) -> Edge:
    """Publish ``entries`` behind ``edge`` under the checkpoint of the tree that they lead to; return the new edge.

    Raises:
        LogError: The entries do not lead to the root that was signed: memory or disk gave others back.
        OSError: The disk failed; what others see is the old log or the new one.
    """
    growing = edge.grown(entries)
    told = signed.checkpoint
    if (growing.edge.size, growing.edge.frontier().root()) != (told.size, told.root):
        refuse("the entries do not lead to the root that was signed")
    places.put(folder, growing.files)
    places.put(folder, {places.CHECKPOINT: signed.note.octets()})
    for full in growing.full:
        places.remove_partial(folder, full)
    return growing.edge
