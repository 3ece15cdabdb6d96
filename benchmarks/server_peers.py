"""Arize Phoenix and MLflow beside our collector: spans of the same content, sent until they can be asked for."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.collector_ingest import fill
from benchmarks.collector_process import CollectorProcess
from benchmarks.environments import Environment, EnvironmentUnavailableError, clean_variables
from benchmarks.options import Options
from benchmarks.table import figure, notes, ratio, show

__all__ = ["run"]

_SENDER = Environment("bench-otlp", ("opentelemetry-proto",))
_BATCH = 500
_START_SECONDS = 120.0
_READ_SECONDS = 300.0
#: Makes one OTLP request body per line of standard input ``first count``: written by their own protobuf, not by us.
_MAKER = """
import sys, time, random, pathlib
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
folder, batches, size = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
draw, now = random.Random(7), time.time_ns()
words = "order refund invoice customer status delivery".split()
for number in range(batches):
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    trace = draw.randbytes(16)
    for at in range(size):
        if at % 20 == 0:
            trace, parent = draw.randbytes(16), b""
        span = spans.add(trace_id=trace, span_id=draw.randbytes(8), parent_span_id=parent, name="turn", kind=1,
                         start_time_unix_nano=now + at * 1000, end_time_unix_nano=now + at * 1000 + 500)
        parent = parent or span.span_id
        text = " ".join(draw.choices(words, k=30))
        for key, value in (("openinference.span.kind", "LLM"), ("llm.model_name", "gpt-4o"), ("input.value", text),
                           ("output.value", text[:80]), ("session.id", "s1")):
            span.attributes.add(key=key).value.string_value = value
        for key in ("llm.token_count.prompt", "llm.token_count.completion"):
            span.attributes.add(key=key).value.int_value = draw.randrange(4000)
    (folder / f"{number:05}.bin").write_bytes(request.SerializeToString())
print(trace.hex())
"""


@dataclass(frozen=True)
class _Peer:
    """Another collector: how it is started, where spans go, and how to see that the last one is there."""

    name: str
    environment: Environment
    command: Callable[[Path, Path, int], list[str]]
    variables: Callable[[Path, int], dict[str, str]]
    health: str
    headers: dict[str, str]
    is_stored: Callable[[http.client.HTTPConnection, int, str], bool]


def run(options: Options) -> None:
    """Measure and print."""
    batches = 4 if options.quick else 20
    rows, missing = [], {}
    ours = _ours(batches * 4)
    rows.append(["hiveboard (events)", "1.00×", *(figure(value) for value in ours)])
    for peer in _PEERS:
        try:
            found = _measure(peer, batches)
        except (EnvironmentUnavailableError, OSError, RuntimeError) as error:
            missing[peer.name] = str(error)[:200]
            continue
        rows.append([f"{peer.name} (spans)", ratio(ours[0], found[0]), *(figure(value) for value in found)])
    show(
        "Collectors side by side",
        [
            "collector",
            "ours is\n×faster",
            "ingest until it can\nbe asked for, per s",
            "RSS after\nMB",
            "start\ns",
        ],
        rows,
    )
    notes(
        f"{batches * _BATCH:,} spans in batches of {_BATCH} over OTLP/HTTP, each server alone in a fresh environment and folder with its"
        f" defaults; ours: {batches * 4 * _BATCH:,} events. A span carries what two of our events do. RSS of the whole process group.",
        missing=missing,
    )


def _ours(batches: int) -> tuple[float, float | None, float]:
    with tempfile.TemporaryDirectory(prefix="hiveboard-bench-") as folder:
        with CollectorProcess(Path(folder) / "store.sqlite3") as collector:
            stretches = list(fill(collector, batches * _BATCH, "by time"))
            events, seconds = (
                sum(one.events for one in stretches),
                sum(one.events / one.rate for one in stretches),
            )
            return events / seconds, collector.rss_mb(), collector.start_seconds


def _measure(peer: _Peer, batches: int) -> tuple[float, float, float]:
    """Spans per second until the last can be asked for, RSS in MB, seconds from the command to the first answer."""
    maker, python = _SENDER.prepare(), peer.environment.prepare()
    with tempfile.TemporaryDirectory(prefix="bench-peer-") as name:
        folder = Path(name)
        made = subprocess.run(
            [str(maker), "-c", _MAKER, name, str(batches), str(_BATCH)],
            capture_output=True,
            text=True,
            check=True,
        )
        port = _free_port()
        with (folder / "log").open("w") as log:
            started = time.perf_counter()
            process = subprocess.Popen(
                peer.command(python.parent, folder, port),
                env=clean_variables(**peer.variables(folder, port)),
                stdout=log,
                stderr=log,
                cwd=name,
                start_new_session=True,
            )
        try:
            _wait_until_healthy(process, port, peer.health)
            start_seconds = time.perf_counter() - started
            rate = _send(peer, port, folder, batches, made.stdout.strip())
            return rate, _rss_mb(process.pid), start_seconds
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _send(peer: _Peer, port: int, folder: Path, batches: int, last_trace: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_READ_SECONDS)
    headers = {"Content-Type": "application/x-protobuf", **peer.headers}
    started = time.perf_counter()
    for number in range(batches):
        connection.request("POST", "/v1/traces", (folder / f"{number:05}.bin").read_bytes(), headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"it answered {answer.status}: {body[:120]!r}")
    give_up = time.monotonic() + _READ_SECONDS
    while not peer.is_stored(connection, batches * _BATCH, last_trace):
        if time.monotonic() > give_up:
            raise RuntimeError("what was sent never could be asked for")
        time.sleep(0.1)
    return batches * _BATCH / (time.perf_counter() - started)


def _get(connection: http.client.HTTPConnection, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body)
    connection.request("GET" if body is None else "POST", path, data, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    return json.loads(text) if answer.status == 200 else None


def _phoenix_has(connection: http.client.HTTPConnection, spans: int, last_trace: str) -> bool:
    found = _get(connection, "/graphql", {"query": "{projects{edges{node{recordCount}}}}"})
    counts = [edge["node"]["recordCount"] for edge in found["data"]["projects"]["edges"]] if found else []
    return bool(sum(counts) >= spans)


def _mlflow_has(connection: http.client.HTTPConnection, spans: int, last_trace: str) -> bool:
    return _get(connection, f"/api/3.0/mlflow/traces/tr-{last_trace}") is not None


_PEERS = (
    _Peer(
        "Arize Phoenix",
        Environment("bench-phoenix", ("arize-phoenix",)),
        lambda bin, folder, port: [str(bin / "phoenix"), "serve"],
        lambda folder, port: {
            "PHOENIX_PORT": str(port),
            "PHOENIX_GRPC_PORT": str(_free_port()),
            "PHOENIX_WORKING_DIR": str(folder),
            "PHOENIX_TELEMETRY_ENABLED": "false",
        },
        "/healthz",
        {},
        _phoenix_has,
    ),
    _Peer(
        "MLflow",
        Environment("bench-mlflow", ("mlflow",)),
        lambda bin, folder, port: [
            str(bin / "mlflow"),
            "server",
            "--port",
            str(port),
            "--backend-store-uri",
            f"sqlite:///{folder}/m.db",
            "--default-artifact-root",
            str(folder / "artifacts"),
        ],
        lambda folder, port: {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
        "/health",
        {"x-mlflow-experiment-id": "0"},
        _mlflow_has,
    ),
)


def _wait_until_healthy(process: subprocess.Popen[bytes], port: int, path: str) -> None:
    give_up = time.monotonic() + _START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError("it did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _rss_mb(group: int) -> float:
    """Of every process of a group."""
    total = 0
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.getpgid(int(entry.name)) == group:
                total += int((entry / "statm").read_text().split()[1])
        except OSError:
            continue
    return total * os.sysconf("SC_PAGE_SIZE") / 1e6
