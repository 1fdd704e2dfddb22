"""A small program that asks a node again and again until its standard input ends: URL, a file of questions, threads.

Each thread keeps one connection, and asks a few questions more once it is told to stop, so that on a busy machine too
somebody asked after whatever came last. Who is put off, as on a machine that stood still for a moment, waits as it is
told to and asks again. It prints what every thread got, in order, and what failed.
"""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx2

TRIES = 12
LAST = 4  # questions of each thread after the end: one of four is about no credential


def ask(client: httpx2.Client, question: dict[str, Any]) -> tuple[str, str | None]:
    """Send one question; return the snapshot that the answer names, and its verdict."""
    for _ in range(TRIES):
        answer = client.request(
            question["method"], question["path"], content=question["body"].encode(), headers=question["headers"]
        )
        if answer.status_code != 503 or answer.json()["code"] != "system.overloaded":
            break
        time.sleep(int(answer.headers["retry-after"]))
    if answer.status_code != 200:
        raise ValueError(f"{question['path']} answered {answer.status_code}")
    document = answer.json()
    verdict = (document.get("reason") or {}).get("code") or document.get("indication")
    return document["trust_snapshot"], verdict


def main(url: str, questions: list[dict[str, Any]], threads: int) -> None:
    """Ask until told to stop, and print what came of it."""
    stop = threading.Event()
    answered: list[list[tuple[str, str | None]]] = [[] for _ in range(threads)]
    failed: list[str] = []

    def keep_asking(number: int) -> None:
        with httpx2.Client(base_url=url, trust_env=False, timeout=60) as client:
            left = LAST
            for count in range(number, 10**9, threads):
                left -= stop.is_set()
                if left < 0:
                    return
                try:
                    answered[number].append(ask(client, questions[count % len(questions)]))
                except (httpx2.HTTPError, ValueError) as error:
                    failed.append(f"{type(error).__name__}: {error}")

    running = [threading.Thread(target=keep_asking, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    sys.stdout.write("asking\n")
    sys.stdout.flush()
    sys.stdin.read()
    stop.set()
    for thread in running:
        thread.join()
    sys.stdout.write(json.dumps({"answered": answered, "failed": failed}))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(Path(sys.argv[2]).read_text()), int(sys.argv[3]))
