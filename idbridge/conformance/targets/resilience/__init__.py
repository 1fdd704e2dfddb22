"""A gateway under strain: floods, slow and broken connections, replays at one moment, and faults that are named."""
