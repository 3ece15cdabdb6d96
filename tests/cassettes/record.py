"""Records the cassettes: the real clients and agents against the scripted model server on loopback.

``python -m tests.cassettes.record [--to FOLDER] [NAME ...]``; recording twice gives identical files.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vcr.cassette import Cassette
from vcr.patch import PATCHER_NAMES
from vcr.persisters.filesystem import FilesystemPersister
from vcr.request import Request

from examples.demo.models import provider_environment
from examples.demo.pace import Pace
from examples.demo.scenario import Scenario, Stage
from examples.demo.scenarios import ALL_SCENARIOS
from tests.model_server import ModelServer, Script

from .autogen_conversations import AUTOGEN_CONVERSATIONS
from .conversations import CONVERSATIONS
from .crews import CREWS, SIDE_BY_SIDE, its_own_warnings, offline
from .scripts import AUTOGEN_SCRIPTS, CREWAI_SCRIPTS, DEMO_SCRIPTS, WIRE_SCRIPTS

__all__ = ["FOLDER", "RECORDINGS", "record"]

FOLDER = Path(__file__).parent
_PUBLIC_HOSTS = {
    "/v1/chat/completions": "https://api.openai.com",
    "/v1/responses": "https://api.openai.com",
    "/v1/messages": "https://api.anthropic.com",
}
_KEPT_HEADERS = {"content-type", "retry-after", "retry-after-ms", "x-request-id", "request-id"}
#: Agents whose model calls run side by side; the others are recorded in the order of their work.
_SIDE_BY_SIDE = {"market-research"}


def _public_request(request: Request) -> Request:
    """The request as the provider would get it, without keys and without a word about this machine."""
    path = urlsplit(request.uri).path
    body = json.dumps(json.loads(request.body), ensure_ascii=False)
    return Request(request.method, _PUBLIC_HOSTS[path] + path, body, {"content-type": "application/json"})


def _plain_response(response: dict[str, Any]) -> dict[str, Any]:
    headers = {name: value for name, value in response["headers"].items() if name in _KEPT_HEADERS}
    return {**response, "headers": headers}


class _SortedPersister(FilesystemPersister):  # type: ignore[misc]  # vcrpy carries no types
    """Sorts by conversation, because steps that run side by side arrive in any order.

    The sort is stable: a request sent twice keeps the order of its answers.
    """

    @staticmethod
    def save_cassette(cassette_path: str, cassette_dict: dict[str, Any], serializer: Any) -> None:
        pairs = list(zip(cassette_dict["requests"], cassette_dict["responses"], strict=True))
        pairs.sort(key=lambda pair: (pair[0].uri, pair[0].body))
        requests, responses = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        ordered = {"requests": requests, "responses": responses}
        FilesystemPersister.save_cassette(cassette_path, ordered, serializer)


@contextmanager
def _recording(file: Path, scripts: Sequence[Script], *, sort: bool) -> Iterator[None]:
    file.unlink(missing_ok=True)
    with ModelServer(scripts) as server:
        # The clients read these by themselves: an agent needs no word about the server it is recorded against.
        base_urls = {
            "OPENAI_BASE_URL": server.openai_base_url,
            "ANTHROPIC_BASE_URL": server.anthropic_base_url,
        }
        past_proxies = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        with provider_environment(**base_urls, **past_proxies), _cassette(file, sort=sort):
            yield


def _cassette(file: Path, *, sort: bool) -> AbstractContextManager[Cassette]:
    context: AbstractContextManager[Cassette] = Cassette.use(
        path=str(file),
        persister=_SortedPersister if sort else FilesystemPersister,
        record_mode="all",
        before_record_request=_public_request,
        before_record_response=_plain_response,
        skip_patchers=tuple(name for name in PATCHER_NAMES if name not in {"httpx", "httpx2"}),
    )
    return context


def _record_scenario(scenario: Scenario, folder: Path) -> None:
    name = scenario.worker.agent_id
    file = folder / f"demo_{name.replace('-', '_')}.yaml"
    offline()
    with _recording(file, DEMO_SCRIPTS[name], sort=name in _SIDE_BY_SIDE):
        for case in scenario.cases:
            with its_own_warnings():
                case.run(Stage(pace=Pace(), session_id=case.session_id))


def _record_conversation(name: str, folder: Path) -> None:
    with _recording(folder / f"wire_{name}.yaml", WIRE_SCRIPTS, sort=False):
        CONVERSATIONS[name]({})


def _record_crew(name: str, folder: Path) -> None:
    offline()
    with _recording(folder / f"crewai_{name}.yaml", CREWAI_SCRIPTS, sort=name in SIDE_BY_SIDE):
        CREWS[name]()


def _scenario_recorder(scenario: Scenario) -> Callable[[Path], None]:
    return lambda folder: _record_scenario(scenario, folder)


def _conversation_recorder(name: str) -> Callable[[Path], None]:
    return lambda folder: _record_conversation(name, folder)


def _crew_recorder(name: str) -> Callable[[Path], None]:
    return lambda folder: _record_crew(name, folder)


def _autogen_recorder(name: str) -> Callable[[Path], None]:
    def record_one(folder: Path) -> None:
        with _recording(folder / f"autogen_{name}.yaml", AUTOGEN_SCRIPTS, sort=False):
            AUTOGEN_CONVERSATIONS[name]()

    return record_one


#: Cassette name → what records it into a folder.
RECORDINGS: dict[str, Callable[[Path], None]] = {
    **{f"demo_{s.worker.agent_id.replace('-', '_')}": _scenario_recorder(s) for s in ALL_SCENARIOS},
    **{f"wire_{name}": _conversation_recorder(name) for name in CONVERSATIONS},
    **{f"autogen_{name}": _autogen_recorder(name) for name in AUTOGEN_CONVERSATIONS},
    **{f"crewai_{name}": _crew_recorder(name) for name in CREWS},
}


def record(folder: Path, names: Sequence[str] = ()) -> None:
    """Record the named cassettes, or all of them, into ``folder``."""
    for name in names or RECORDINGS:
        RECORDINGS[name](folder)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.cassettes.record", description=__doc__)
    parser.add_argument("--to", type=Path, default=FOLDER, help="folder of the recordings")
    parser.add_argument("names", nargs="*", metavar="NAME", help="cassettes to record; all without a name")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(RECORDINGS):
        parser.error(f"no such cassette: {', '.join(sorted(unknown))}; there are {', '.join(RECORDINGS)}")
    record(arguments.to, arguments.names)


if __name__ == "__main__":
    main()
