"""Garbage collection while a list is read: put off until the list is there. Decides nothing.

Reading a list makes tens of thousands of values that stay, and no cycle among them. The collector of the interpreter
would go through all of them again and again and find nothing; it costs a fifth of the time. A list is bounded, and so
is what may be left uncollected meanwhile.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def put_off() -> Iterator[None]:
    """Let nothing be collected within the context, and afterwards as before.

    Threads share the collector. Whoever finds it off leaves it to whoever turned it off to turn it on again.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
