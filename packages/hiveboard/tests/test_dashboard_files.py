"""The dashboard's files: pages for its own routes, long caching where names are hashed, nothing outside its folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Collector, running


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    folder = tmp_path_factory.mktemp("bundle")
    static = folder / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html><title>HiveBoard</title>")
    (static / "favicon.svg").write_text("<svg/>")
    (static / "assets" / "index-Ab12_-xY.js").write_text("export {}")
    (static / "assets" / "later-Ab12_-xY.js").write_text("export const x = 1;\n" * 500)
    (folder / "secret.txt").write_text("secret")
    with running(folder / "s.db", dashboard=static) as collector:
        yield collector


@pytest.mark.parametrize("path", ["/", "/tasks", "/tasks/a%2Fb", "/agents/x/y"])
def test_pages(bundled: Collector, path: str) -> None:
    answer = bundled.get(path, key=None)
    assert answer.status == 200
    assert b"HiveBoard" in answer.raw
    assert answer.headers["Cache-Control"] == "no-cache"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_assets(bundled: Collector) -> None:
    script = bundled.get("/assets/index-Ab12_-xY.js", key=None)
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in script.headers["Cache-Control"]
    icon = bundled.get("/favicon.svg", key=None)
    assert icon.headers["Content-Type"].startswith("image/svg+xml")
    assert icon.headers["Cache-Control"] == "no-cache"
    assert bundled.request("HEAD", "/favicon.svg").status == 200


def test_what_is_large_travels_packed_where_the_browser_takes_that(bundled: Collector) -> None:
    path = "/assets/later-Ab12_-xY.js"
    plain = bundled.get(path, key=None)
    packed = bundled.request("GET", path, Accept_Encoding="br, gzip")
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.raw == plain.raw  # the client has unpacked it
    assert int(packed.headers["Content-Length"]) < len(plain.raw) / 10
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    small = bundled.request("GET", "/assets/index-Ab12_-xY.js", Accept_Encoding="gzip")
    assert "Content-Encoding" not in small.headers


@pytest.mark.parametrize(
    "path",
    ["/../secret.txt", "/assets/../../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/assets/none.js", "//secret.txt", "/\\..\\secret.txt"],
)  # fmt: skip
def test_nothing_else_can_be_reached(bundled: Collector, path: str) -> None:
    answer = bundled.get(path, key=None)
    assert b"secret" not in answer.raw
    assert answer.status in (200, 404)


def test_a_missing_bundle_gives_a_friendly_page(tmp_path: Path) -> None:
    with running(tmp_path / "s.db", dashboard=tmp_path / "none") as collector:
        answer = collector.get("/", key=None)
        assert answer.status == 200
        assert b"is running" in answer.raw
        assert collector.get("/assets/x.js", key=None).status == 404
