"""Compressed bodies: read where advertised, capped in size, ratio and stacking while they stream in."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator

import pytest

from .conftest import Collector, event, running

zstandard = pytest.importorskip("zstandard")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with running(tmp_path_factory.mktemp("encodings") / "s.db") as collector:
        yield collector


def body() -> bytes:
    events = [event("task_started", task_id=f"t{n}") for n in range(100)]
    return json.dumps({"envelope": {"agent_id": "a"}, "events": events}).encode()


def post(collector: Collector, data: bytes, encoding: str) -> int:
    return collector.request("POST", "/v1/ingest", data, Content_Encoding=encoding).status


def test_gzip_zstd_stacked_and_members(shared: Collector) -> None:
    plain = body()
    half = len(plain) // 2
    assert post(shared, gzip.compress(plain, 1), "gzip") == 200
    assert post(shared, gzip.compress(plain[:half]) + gzip.compress(plain[half:]), "gzip") == 200
    assert post(shared, zstandard.compress(plain), "zstd") == 200
    assert post(shared, gzip.compress(gzip.compress(plain)), "gzip, gzip") == 200
    assert post(shared, plain, "identity") == 200


ZEROS = 20_000_000
REFUSED: dict[str, tuple[Callable[[], bytes], str, int]] = {
    "gzip bomb": (lambda: gzip.compress(b"x" * ZEROS, 9), "gzip", 413),
    "gzip bomb in gzip": (lambda: gzip.compress(gzip.compress(b"x" * ZEROS, 9)), "gzip, gzip", 413),
    "zstd bomb": (lambda: bytes(zstandard.compress(b"x" * ZEROS)), "zstd", 413),
    "ratio": (lambda: gzip.compress(b" " * 900_000, 9), "gzip", 413),
    "three deep": (lambda: gzip.compress(b"{}"), "gzip, gzip, gzip", 400),
    "brotli": (lambda: gzip.compress(b"{}"), "br", 415),
    "deflate": (lambda: zlib.compress(b"{}"), "deflate", 415),
    "not gzip": (lambda: b"{}", "gzip", 400),
    "cut gzip": (lambda: gzip.compress(b'{"a": 1}')[:-6], "gzip", 400),
    "garbage after gzip": (lambda: gzip.compress(b"{}") + b"garbage", "gzip", 400),
    "empty": (lambda: b"", "gzip", 400),
    "cut zstd": (lambda: bytes(zstandard.compress(b"{}"))[:-1], "zstd", 400),
    "not zstd": (lambda: b"\x28\xb5\x2f\xfd" + b"\xff" * 20, "zstd", 400),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bombs_and_broken_streams_are_refused(shared: Collector, name: str) -> None:
    make, encoding, status = REFUSED[name]
    answer = shared.request("POST", "/v1/ingest", make(), Content_Encoding=encoding)
    assert answer.status == status, answer.raw
    assert answer.json["status"] == status
    assert shared.get("/health").status == 200


def test_a_chunked_body_without_length_is_capped(shared: Collector) -> None:
    chunks = (b"x" * 65_536 for _ in range(64))
    response = shared.pool.request(
        "POST", shared.url + "/v1/ingest", body=chunks, headers={"Authorization": "Bearer hb_live_x"}
    )
    assert response.status == 413
