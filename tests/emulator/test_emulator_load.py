"""A large batch and many emulators: little memory, and nothing left behind."""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from emulator_samples import HEAD, texts

from anthropix_py._wire import BATCHES
from anthropix_py.emulator import Store, serve

PATIENCE = 60.0
COUNT = 20_000
CLIENTS = 4
MOST = 60 * 1024  # KiB

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def body() -> Iterator[bytes]:
    """Yield a create of 50 MB, 500 requests at a time."""
    yield b'{"requests":['
    for start in range(0, COUNT, 500):
        yield b"".join(request(number) for number in range(start, start + 500))
    yield b"]}"


def request(number: int) -> bytes:
    content = f"{number:05d} " + "words " * 390
    params = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": content}]}
    text = json.dumps({"custom_id": f"id-{number:05d}", "params": params}).encode()
    return text if number == 0 else b"," + text


def high_water(process: subprocess.Popen[str]) -> int:
    """Return the most memory that a process has used, in KiB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert found is not None
    return int(found[1])


@pytest.fixture
def emulator() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "anthropix_py", "emulator"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split(" at ")[1].partition(";")[0], process
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


def connect(url: str) -> closing[HTTPConnection]:
    return closing(HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE))


def rows_of(url: str, id: str) -> tuple[int, int]:
    """Read all results; return the number of rows, and of those that are right."""
    rows, right = 0, set()
    with connect(url) as connection:
        connection.request("GET", f"{BATCHES}/{id}/results", headers=HEAD)
        response = connection.getresponse()
        for line in response:
            rows += 1
            row = json.loads(line)
            number = row["custom_id"].partition("-")[2]
            text = row["result"]["message"]["content"][0]["text"]
            if text.startswith(f"You asked: {number} words "):
                right.add(number)
    return rows, len(right)


def test_a_large_batch_takes_little_memory(emulator: tuple[str, subprocess.Popen[str]]) -> None:
    url, process = emulator
    before = high_water(process)
    with connect(url) as connection:
        connection.request("POST", BATCHES, body(), HEAD, encode_chunked=True)
        created = json.load(connection.getresponse())
        assert created["request_counts"]["processing"] == COUNT
        connection.request("GET", f"{BATCHES}/{created['id']}", headers=HEAD)
        assert json.load(connection.getresponse())["request_counts"]["succeeded"] == COUNT
    with ThreadPoolExecutor(CLIENTS) as clients:
        found = list(clients.map(lambda _: rows_of(url, created["id"]), range(CLIENTS)))
    assert found == [(COUNT, COUNT)] * CLIENTS
    assert high_water(process) - before < MOST


def files() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


def test_many_emulators_leave_nothing() -> None:
    threads, before = set(threading.enumerate()), files()
    for number in range(200):
        store = Store()
        store.add(texts())
        with serve(store) as url:
            if number % 4 == 0:
                with connect(url) as connection:
                    connection.request("GET", BATCHES, headers=HEAD)
                    assert len(json.load(connection.getresponse())["data"]) == 1
    for thread in set(threading.enumerate()) - threads:
        thread.join(1)
    assert set(threading.enumerate()) == threads
    assert files() <= before
