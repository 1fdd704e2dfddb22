"""What the process imports from which workers are forked: everything that a worker needs, and nothing of any node.

Importing a gateway takes longer than everything else that a worker does before it answers. So one process, begun by
``exec`` as every spawned one is, imports it once and does nothing but fork when it is told to (``multiprocessing``
calls it the fork server). It opens no socket of a node, reads no key and starts no thread; each worker reads its own.
It ends with the process that began it and by nothing else: it has to outlive workers that give their last answers.
"""

import gc
import signal

import idbridge_gateway.workers  # noqa: F401 - this is what is forked
from idbridge_gateway.hardening import leave_no_core

leave_no_core()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
gc.collect()
gc.freeze()  # what is never freed need not be looked at, nor copied by looking
