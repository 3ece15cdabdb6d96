"""docs/alerts.md is true: its examples are accepted, its code runs, its fields are those that are sent."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hiveboard.alerts.channel import Channel
from hiveboard.alerts.condition import CONDITION_TYPES
from hiveboard.alerts.message import AlertMessage, sign
from hiveboard.routes.alerts import ENDPOINTS

from .test_alerts_delivery import collecting, post

PAGE = (Path(__file__).resolve().parents[3] / "docs/alerts.md").read_text()
EXAMPLES = [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)]
RULES = [example for example in EXAMPLES if "condition" in example]
CHANNELS = [example for example in EXAMPLES if "channel" in example]


def test_every_example_is_accepted(tmp_path: Path) -> None:
    with collecting(tmp_path / "s.db", allow_commands=True) as served:
        for path, examples in (("/v1/alerts/rules", RULES), ("/v1/alerts/channels", CHANNELS)):
            for example in examples:
                answer = post(served, path, example)
                assert answer.status == 201, answer.raw


def test_every_kind_and_endpoint_has_its_example() -> None:
    assert len(RULES) + len(CHANNELS) == len(EXAMPLES)
    assert {example["condition"]["type"] for example in RULES} == set(CONDITION_TYPES)
    kinds = {kind.__struct_config__.tag for kind in Channel.__args__}  # type: ignore[attr-defined]
    assert {example["channel"]["type"] for example in CHANNELS} == kinds
    paths = {re.sub(r"\{\w+\}", "{id}", endpoint.path) for endpoint in ENDPOINTS}
    assert [path for path in paths if f"{path}`" not in PAGE] == []


def test_the_body_is_the_one_described() -> None:
    table = PAGE[PAGE.index("The body, which") : PAGE.index("`HiveBoard-Signature: t=")]
    described = re.findall(r"^\| (.+?) \|", table, re.MULTILINE)[1:]
    names = [name for cell in described for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(names) == sorted(AlertMessage.__struct_fields__)


@pytest.fixture
def is_genuine() -> Any:
    names: dict[str, Any] = {}
    code = re.search(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert code is not None
    exec(compile(code[1], "docs/alerts.md", "exec"), names)
    return names["is_genuine"]


def test_the_code_that_checks_signatures_does(is_genuine: Any) -> None:
    now, body = int(time.time()), b'{"id": "1"}'
    header = sign("correct horse", now, body)
    assert is_genuine(header, body, "correct horse")
    assert not is_genuine(header, body, "another horse")
    assert not is_genuine(header, body + b" ", "correct horse")
    assert not is_genuine(header.replace(f"t={now}", f"t={now + 1}"), body, "correct horse")
    assert not is_genuine(sign("correct horse", now - 3_600, body), body, "correct horse")
    for nonsense in ("", "t=,v1=", "v1=x", "t=x,v1=é"):
        assert not is_genuine(nonsense, body, "correct horse")
