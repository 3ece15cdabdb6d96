"""``hiveloop audit`` in a process of its own: every byte shown, none sent, the script's own behaviour kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hiveloop._http import Http

SCRIPT = """
import sys
import hiveloop
from hiveloop.middleware import Redact

print("from the script", sys.argv[1:])
hb = hiveloop.init("hb_live_secret", {endpoint!r}, middleware=[Redact(replace="<gone>"), lambda e: {drop}])
with hb.agent("lead-desk").task("lead-1") as task:
    task.llm_call("score", model="gpt-4.1", tokens_in=12, tokens_out=3, prompt_preview="password=hunter2 please")
{rest}
"""


class _Listener(BaseHTTPRequestHandler):
    heard: ClassVar[list[str]] = []

    def _hear(self) -> None:
        self.heard.append(self.path)
        self.send_response(500)
        self.end_headers()

    do_GET = do_POST = _hear

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def endpoint() -> Iterator[str]:
    """A collector that must hear nothing."""
    _Listener.heard = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    assert _Listener.heard == []


def script(tmp_path: Path, endpoint: str, rest: str = "", drop: str = "e") -> str:
    path = tmp_path / "desk.py"
    path.write_text(SCRIPT.format(endpoint=endpoint, rest=rest, drop=drop))
    return str(path)


def audit(*arguments: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        key: os.environ[key] for key in ("PATH", "HOME", "LANG", "SYSTEMROOT") if key in os.environ
    }
    return subprocess.run(
        [sys.executable, "-m", "hiveloop", "audit", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**environment, **variables},
        timeout=60,
        check=False,
    )


def requests(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def types(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [event["event_type"] for request in requests(done) for event in request["events"]]


def test_every_byte_is_shown_and_none_is_sent(tmp_path: Path, endpoint: str) -> None:
    done = audit(script(tmp_path, endpoint), "--pretty", "-m", "x")
    assert done.returncode == 0, done.stderr
    assert types(done) == ["agent_registered", "task_started", "custom", "task_completed", "custom"]
    assert {request["envelope"]["agent_id"] for request in requests(done)} == {"lead-desk"}
    # The form of a body as the wire has it: nothing between the parts.
    assert done.stdout.startswith('{"envelope":{"agent_id":"lead-desk",')
    assert '"prompt_preview":"password=<gone> please"' in done.stdout
    assert "hunter2" not in done.stdout
    assert "hb_live_secret" not in done.stdout + done.stderr
    assert "from the script ['--pretty', '-m', 'x']" in done.stderr
    bytes_shown = sum(len(line.encode()) for line in done.stdout.splitlines())
    assert "hiveloop audit: nothing was sent." in done.stderr
    assert f"events:     5 in {len(requests(done))} request" in done.stderr
    assert f"{bytes_shown:,} bytes before compression" in done.stderr
    assert f"meant for:  {endpoint}" in done.stderr
    assert "dropped:    none" in done.stderr
    assert "middleware: Redact, <lambda>" in done.stderr
    assert "redacted:   llm_call: data.prompt_preview (1)" in done.stderr
    assert "  * llm_call: data.prompt_preview  1×, 22" in done.stderr
    assert "    llm_call: data.model  1×, 7" in done.stderr


def test_what_middleware_drops_is_counted_and_not_shown(tmp_path: Path, endpoint: str) -> None:
    done = audit(script(tmp_path, endpoint, drop="None if e.event_type == 'custom' else e"))
    assert types(done) == ["agent_registered", "task_started", "task_completed"]
    assert "dropped:    middleware 2" in done.stderr


@pytest.mark.parametrize(
    ("rest", "code", "said"),
    [
        ("sys.exit(7)", 7, ""),
        ("raise LookupError('no lead')", 1, "LookupError: no lead"),
        ("sys.exit('it failed')", 1, "it failed"),
        ("import atexit; atexit.register(lambda: hb.agent('late').event('custom', {'kind': 'bye'}))", 0, ""),
    ],
)
def test_the_end_of_the_script_is_its_own(
    tmp_path: Path, endpoint: str, rest: str, code: int, said: str
) -> None:
    done = audit(script(tmp_path, endpoint, rest))
    assert done.returncode == code
    assert said in done.stderr
    assert "nothing was sent" in done.stderr
    assert "task_completed" in types(done)
    if "atexit" in rest:
        assert [request["envelope"]["agent_id"] for request in requests(done)].count("late") >= 1


def test_a_traceback_is_that_of_the_script(tmp_path: Path, endpoint: str) -> None:
    done = audit(script(tmp_path, endpoint, "raise LookupError('no lead')"))
    shown = done.stderr[done.stderr.index("Traceback") :]
    assert shown.splitlines()[1].strip().startswith(f'File "{tmp_path / "desk.py"}"')
    assert "raise LookupError" in shown


def test_a_module_is_run_as_python_runs_it(tmp_path: Path, endpoint: str) -> None:
    (tmp_path / "company").mkdir()
    (tmp_path / "company/__init__.py").write_text("")
    (tmp_path / "company/names.py").write_text("NAME = 'desk-of-module'")
    (tmp_path / "company/agent.py").write_text(
        "import sys, hiveloop\nfrom .names import NAME\n"
        f"hiveloop.init('hb_live_x', {endpoint!r})\n"
        "hiveloop.agent(NAME).event('custom', {'kind': __name__, 'data': {'argv': sys.argv[1:]}})\n"
    )
    done = audit("-m", "company.agent", "--flag", "a b", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = requests(done)[0]["events"][1]["payload"]
    assert (told["kind"], told["data"]["argv"]) == ("__main__", ["--flag", "a b"])


def test_processes_the_script_starts_send_nothing_either(tmp_path: Path, endpoint: str) -> None:
    (tmp_path / "other.py").write_text(
        f"import hiveloop\nhiveloop.init('hb_live_x', {endpoint!r})\nhiveloop.agent('other').event('custom', {{'kind': 'k'}})\n"
    )
    rest = """
import multiprocessing, subprocess
def work():
    hiveloop.agent("child").event("custom", {"kind": "k"})
if __name__ == "__main__":
    for method in multiprocessing.get_all_start_methods()[:1]:
        child = multiprocessing.get_context(method).Process(target=work)
        child.start()
        child.join()
    subprocess.run([sys.executable, "other.py"], check=True)
"""
    done = audit(script(tmp_path, endpoint, rest), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    agents = {request["envelope"]["agent_id"] for request in requests(done)}
    assert {"lead-desk", "child", "other"} <= agents
    assert "from 3 processes" in done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_forks_and_threads_that_outlive_the_script(tmp_path: Path, endpoint: str) -> None:
    rest = """
import os, threading
gate = threading.Event()
def late():
    gate.wait(10)
    hb.agent("late").event("custom", {"kind": "k"})
threading.Thread(target=late).start()
child = os.fork()
if child == 0:
    hb.agent("forked").event("custom", {"kind": "k"})
    hiveloop.shutdown()
    os._exit(3)
print("child:", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
threading.Timer(0.1, gate.set).start()
"""
    done = audit(script(tmp_path, endpoint, rest))
    assert done.returncode == 0, done.stderr
    assert "child: 3" in done.stderr
    assert {"late", "forked"} <= {request["envelope"]["agent_id"] for request in requests(done)}
    assert done.stderr.count("nothing was sent") == 1


def test_what_comes_after_the_audit_is_not_sent_either(
    tmp_path: Path, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIVELOOP_AUDIT", str(tmp_path / "gone"))
    http = Http(endpoint, "hb_live_x", "p")
    answer = http.post(b"{}", [b"{}"])
    assert (answer.verdict, answer.status) == ("retry", 0)
    (tmp_path / "gone").mkdir()
    assert http.post(b"{}", [b"{}"]).verdict == "delivered"
    (kept,) = (tmp_path / "gone").iterdir()
    assert kept.read_bytes() == b'{"envelope":{},"events":[{}]}\n'


def test_a_script_finds_itself_where_python_would_put_it(tmp_path: Path) -> None:
    path = tmp_path / "self.py"
    path.write_text(
        "import pickle, sys, os\n"
        "class Thing: pass\n"
        "pickle.loads(pickle.dumps(Thing()))\n"
        "print(__file__, sys.path[0], sys.argv[0], __name__, __package__, os.getcwd())\n"
    )
    plain = subprocess.run(
        [sys.executable, "self.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert plain.stdout.strip() in audit("self.py", cwd=tmp_path).stderr


def test_nobody_is_asked_for_an_approval(tmp_path: Path, endpoint: str) -> None:
    rest = "with hb.agent('a').task('t') as t:\n    print('decided:', t.wait_for_approval('x'))"
    done = audit(script(tmp_path, endpoint, rest))
    assert done.returncode == 0
    assert "decided: None" in done.stderr


def test_pretty_is_for_people(tmp_path: Path, endpoint: str) -> None:
    done = audit("--pretty", script(tmp_path, endpoint))
    assert "── request 1: " in done.stdout
    assert '      "prompt_preview": "password=<gone> please"  ← redacted' in done.stdout
    assert "\x1b" not in done.stdout  # no terminal, no colour


def test_a_script_that_never_starts_hiveloop(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("import hiveloop\nhiveloop.agent('a').event('custom', {'kind': 'k'})")
    done = audit(str(tmp_path / "plain.py"))
    assert (done.returncode, done.stdout) == (0, "")
    assert "did not call hiveloop.init()" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("nowhere.py",), ("--wrong", "x.py")])
def test_what_cannot_be_run_is_said(arguments: tuple[str, ...]) -> None:
    done = audit(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "hiveloop" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_trouble_for_the_script(tmp_path: Path, endpoint: str) -> None:
    rest = "for n in range(2000): hb.agent('a').event('custom', {'kind': 'k', 'data': {'n': 'x' * 100}})\nsys.exit(5)"
    path = script(tmp_path, endpoint, rest)
    with subprocess.Popen(
        [sys.executable, "-m", "hiveloop", "audit", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.read(10)
        process.stdout.close()
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 5
    assert b"nothing was sent" in errors
    assert b"BrokenPipe" not in errors
