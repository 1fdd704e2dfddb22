"""Has the processes of a node wait ten times as long for their store and for their turn.

A machine that runs tests may stand still for a second at any step, and those who are put off by then would be right to
be. Python imports this module by itself in each process that has its folder on the path.
"""

from dataclasses import replace

from idbridge import limits

_TIMES = 10
_WAITS = ("store_wait", "rates_wait", "queue_wait")

vars(limits)["LIMITS"] = replace(limits.LIMITS, **{name: _TIMES * getattr(limits.LIMITS, name) for name in _WAITS})
