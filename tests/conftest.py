"""What holds for all tests."""

import gc
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from idbridge.crypto import signer

# Python may be told to keep no bytecode. Then each run would rewrite the asserts of every test anew, and each of a
# thousand processes that no `scripts/scratch.sh` compiled for would compile everything.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# What runs the tests in the background may have them ignore Ctrl-C, and everything that they begin would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONGEST_READABLE = 60
# Tests make nodes and regions of many small objects all the time, and each full look for circles walks through all that
# there are: as often as Python looks by itself, it costs a quarter of the time of the tests.
COLLECTED_AFTER = (5_000, 20, 10)
# The files that take longest, first: a worker that is handed one of them at the end works on it while the others idle.
LONGEST = (
    "conformance/idp/test_mutants.py",
    "conformance/publisher/test_publisher.py",
    "cli/test_trust_deny_queue.py",
    "fuzz/test_fuzz.py",
    "sandbox/test_drill.py",
    "conformance/http/test_mutants.py",
    "sandbox/test_seeded_region.py",
    "conformance/consumer/test_making.py",
    "conformance/wallet/test_wallet.py",
    "conformance/issuer/test_issuer.py",
    "conformance/test_mutants.py",
    "docs/test_readme.py",
    "docs/test_join_with_qr.py",
    "cli/test_trust_simulate.py",
    "gateway/test_commands.py",
    "docs/test_operators.py",
    "cli/test_explain.py",
    "trust/distribution/test_publish_crash.py",
    "docs/test_incident.py",
    "trust/distribution/test_thirty_days.py",
    "cli/test_trust_approve.py",
    "trust/distribution/test_mutations.py",
    "docs/test_first_verdict.py",
    "trust/distribution/test_model.py",
    "trust/test_store_crash.py",
    "interop/test_foreign_issuers.py",
    "trust/test_list_mutations.py",
    "interop/test_foreign_logins.py",
    "crypto/test_path_differential.py",
    "promises/test_a_decision_made_again.py",
    "promises/test_canaries.py",
)


def pytest_configure() -> None:
    """Look for circles of objects less often."""
    gc.set_threshold(*COLLECTED_AFTER)


@pytest.fixture(scope="session", autouse=True)
def _keys_checked_once() -> Iterator[None]:
    """Let the library take each private key apart and check it once: a pretend region that is read has 150 of them.

    The files are read each time, and what is no key is refused each time.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(signer, "load_pem_private_key", lru_cache(maxsize=4096)(signer.load_pem_private_key))
        yield


def pytest_make_parametrize_id(val: Any, argname: str) -> str | None:
    """Name a case by its argument where its value is long or made anew in each process, such as a key."""
    if isinstance(val, dict | list | tuple | bytes) or (isinstance(val, str) and len(val) > LONGEST_READABLE):
        return argname
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest files before the others, and of these the ones with most tests first, where workers share them.

    The order within a file stays. Every worker comes to the same order.
    """
    if not hasattr(config, "workerinput"):
        return
    here = Path(__file__).parent
    ranks = {here / name: rank for rank, name in enumerate(LONGEST)}
    sizes = Counter(item.path for item in items)
    items.sort(key=lambda item: (ranks.get(item.path, len(ranks)), -sizes[item.path], str(item.path)))
