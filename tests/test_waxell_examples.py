"""Programs written for another product run here with only their import changed: one test an example, read back from the collector."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import hiveloop
import pytest
from hiveloop.compat.waxell import PolicyViolationError as SameError
from hiveloop.compat.waxell import WaxellContext, WaxellObserveClient, init, observe
from hiveloop.compat.waxell.errors import PolicyViolationError
from hiveloop.testing import capture_events

from examples.demo.collector import Collector, free_port
from tests.compat.api import Api

pytestmark = pytest.mark.slow
KEY = "hb_live_wax_sk_..."


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Collector(free_port(0), tmp_path_factory.mktemp("collector")) as running:
        yield running.url


class Board:
    """Reads what arrived. ``project`` of the examples is their agent: each test uses its own."""

    def __init__(self, url: str) -> None:
        self.api = Api(url, KEY)
        self._address = urlsplit(url).netloc

    def runs(self, agent: str) -> list[dict[str, Any]]:
        assert hiveloop.flush(20)
        return list(reversed(self.api.rows("tasks", agent_id=agent)))

    def run(self, agent: str) -> dict[str, Any]:
        (row,) = self.runs(agent)
        return self.told(row)

    def told(self, row: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(
            "tasks", row["task_id"], "timeline", task_run_id=row["task_run_id"]
        )
        return found

    def events(self, told: dict[str, Any], kind: str) -> list[dict[str, Any]]:
        return [
            event["payload"].get("data", event["payload"])
            for event in told["events"]
            if kind in (event["payload_kind"], event["event_type"])
        ]

    def set_policies(self, *policies: dict[str, Any]) -> None:
        connection = http.client.HTTPConnection(self._address, timeout=20)
        body = json.dumps({"policies": policies})
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        connection.request("PUT", "/v1/policies", body, headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        connection.close()


@pytest.fixture
def board(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    """The collector, where programs look for it without being changed: the address they configure is not ours."""
    hiveloop.reset()
    monkeypatch.setattr(WaxellObserveClient, "_configured", None)
    monkeypatch.setenv("HIVELOOP_ENDPOINT", url)
    WaxellObserveClient.configure(api_url="https://acme.waxell.dev", api_key="wax_sk_...")
    made = Board(url)
    yield made
    hiveloop.reset()
    made.set_policies()


def block(agent: str, **more: Any) -> dict[str, Any]:
    return {"id": "p", "name": "budget-limit", "kind": "budget", "match": {"agent": agent}, "limit": {"calls": 0},
            "action": "block", "reason": "Over budget", **more}  # fmt: skip


# -- usage --


async def run_research(query: str) -> str:
    await asyncio.sleep(0)
    return f"About {query}"


def test_async_usage(board: Board) -> None:
    async def main(query: str) -> None:
        async with WaxellContext(agent_name="research-agent") as ctx:
            result = await run_research(query)

            ctx.record_llm_call(model="gpt-4o", tokens_in=300, tokens_out=150)
            ctx.record_step("research", output={"sources": 5})
            ctx.set_result({"answer": result})

    asyncio.run(main("bees"))
    told = board.run("research-agent")
    assert told["derived_status"] == "completed"
    assert told["task_type"] == "default"
    assert (told["total_tokens_in"], told["total_tokens_out"]) == (300, 150)
    assert told["estimated_cost"] == pytest.approx(300 * 2.5e-6 + 150 * 10e-6)
    assert [(step["name"], step["position"], step["output"]) for step in told["steps"]] == [
        ("research", 1, {"sources": 5})
    ]
    assert told["result"] == {"answer": "About bees"}


def test_sync_usage(board: Board) -> None:
    with WaxellContext(agent_name="batch-processor-1") as ctx:
        ctx.record_llm_call(model="gpt-4o", tokens_in=300, tokens_out=150)
        ctx.record_step("process", output={"items": 42})
        ctx.set_result({"output": "done"})
    told = board.run("batch-processor-1")
    assert (told["derived_status"], told["llm_call_count"]) == ("completed", 1)
    assert told["steps"][0]["output"] == {"items": 42}
    (call,) = board.events(told, "llm_call")
    assert call["metadata"] == {"provider": "openai"}
    assert "cost" not in call


def test_session_and_user_tracking(board: Board) -> None:
    with WaxellContext(
        agent_name="my-chatbot",
        session_id="session-abc-123",  # Group related runs
        user_id="user-456",  # Track end-user
    ):
        pass
    told = board.run("my-chatbot")
    assert (told["session_id"], told["user_id"]) == ("session-abc-123", "user-456")


def test_tags_and_metadata(board: Board) -> None:
    with WaxellContext(agent_name="my-agent-tags") as ctx:
        ctx.set_tag("environment", "production")
        ctx.set_tag("pipeline", "rag-v2")
        ctx.set_metadata("retrieval_count", 5)
        ctx.set_metadata("model_version", "gpt-4-turbo")
    told = board.run("my-agent-tags")
    assert told["tags"] == {"environment": "production", "pipeline": "rag-v2"}
    assert told["metadata"] == {"retrieval_count": 5, "model_version": "gpt-4-turbo"}


def test_recording_scores(board: Board) -> None:
    with WaxellContext(agent_name="my-agent-scores") as ctx:
        ctx.record_score(
            name="relevance", value=0.92, data_type="numeric", comment="Highly relevant to the query"
        )
        ctx.record_score(name="contains_hallucination", value=False, data_type="boolean")
        ctx.record_score(name="tone", value="professional", data_type="categorical")
    scores = board.run("my-agent-scores")["scores"]
    assert [(one["name"], one["value"], one["data_type"], one["comment"]) for one in scores] == [
        ("relevance", 0.92, "numeric", "Highly relevant to the query"),
        ("contains_hallucination", False, "boolean", None),
        ("tone", "professional", "categorical", None),
    ]


def test_recording_steps(board: Board) -> None:
    docs, response = ["a", "b"], "answer"
    with WaxellContext(agent_name="rag-pipeline") as ctx:
        ctx.record_step("retrieval", output={"doc_count": len(docs)})
        ctx.record_step("generation", output={"response_length": len(response)})
    steps = board.run("rag-pipeline")["steps"]
    assert [(step["position"], step["name"]) for step in steps] == [(1, "retrieval"), (2, "generation")]


def test_every_constructor_parameter(board: Board) -> None:
    client = WaxellObserveClient(api_url="https://acme.waxell.dev", api_key="wax_sk_...")
    context = WaxellContext(
        agent_name="all-parameters",
        workflow_name="nightly",
        inputs={"q": 1},
        metadata={"m": 2},
        client=client,
        enforce_policy=True,
        session_id="s",
        user_id="u",
        user_group="enterprise",
        mid_execution_governance=False,
    )
    assert context.run_id == ""
    with context as ctx:
        assert ctx is context
        run_id = ctx.run_id
    told = board.run("all-parameters")
    assert (told["task_type"], told["inputs"], told["metadata"]) == ("nightly", {"q": 1}, {"m": 2})
    assert (told["session_id"], told["user_id"], told["user_group"]) == ("s", "u", "enterprise")
    assert told["task_run_id"] == run_id


# -- recording methods --


def recorded(board: Board, name: str, record: Callable[[WaxellContext], None], kind: str) -> dict[str, Any]:
    """The data of the one event of this kind that the example made, in a sync and in an async run alike."""

    async def run() -> None:
        async with WaxellContext(f"{name}-async") as ctx:
            record(ctx)

    with WaxellContext(name) as ctx:
        record(ctx)
    asyncio.run(run())
    found = [board.events(board.run(agent), kind) for agent in (name, f"{name}-async")]
    assert found[0] == found[1]
    (data,) = found[0]
    return dict(data)


def test_record_llm_call(board: Board) -> None:
    data = recorded(
        board,
        "llm-call",
        lambda ctx: ctx.record_llm_call(
            model="gpt-4o",
            tokens_in=500,
            tokens_out=200,
            cost=0.0,
            task="summarize",
            prompt_preview="...",
            response_preview="...",
            duration_ms=350,
            provider="openai",
        ),
        "llm_call",
    )
    assert data == {
        "name": "summarize", "model": "gpt-4o", "tokens_in": 500, "tokens_out": 200, "duration_ms": 350,
        "prompt_preview": "...", "response_preview": "...", "metadata": {"provider": "openai"},
    }  # fmt: skip


def test_record_tool_call(board: Board) -> None:
    data = recorded(
        board,
        "tool-call",
        lambda ctx: ctx.record_tool_call(
            name="web_search",
            input={"query": "latest news"},
            output={"results": [1]},
            duration_ms=250,
            status="ok",
            tool_type="api",
        ),
        "tool_call",
    )
    assert data == {
        "name": "web_search", "input": {"query": "latest news"}, "output": {"results": [1]}, "duration_ms": 250,
        "status": "ok", "tool_type": "api",
    }  # fmt: skip


def test_record_retrieval(board: Board) -> None:
    data = recorded(
        board,
        "retrieval",
        lambda ctx: ctx.record_retrieval(
            query="How does the billing system work?",
            documents=[{"id": "doc1", "title": "Billing FAQ", "score": 0.92}],
            source="pinecone",
            duration_ms=120,
            top_k=5,
            scores=[0.92, 0.87, 0.81],
        ),
        "retrieval",
    )
    assert data == {
        "query": "How does the billing system work?", "source": "pinecone", "duration_ms": 120, "top_k": 5,
        "documents": [{"id": "doc1", "title": "Billing FAQ", "score": 0.92}], "scores": [0.92, 0.87, 0.81],
    }  # fmt: skip


def test_record_decision(board: Board) -> None:
    data = recorded(
        board,
        "decision",
        lambda ctx: ctx.record_decision(
            name="route_to_agent",
            options=["billing", "technical", "general"],
            chosen="billing",
            reasoning="User mentioned invoice and payment",
            confidence=0.95,
            instrumentation_type="auto",
        ),
        "decision",
    )
    assert data == {
        "name": "route_to_agent", "options": ["billing", "technical", "general"], "chosen": "billing",
        "reasoning": "User mentioned invoice and payment", "confidence": 0.95,
        "metadata": {"instrumentation_type": "auto"},
    }  # fmt: skip


def test_record_reasoning(board: Board) -> None:
    data = recorded(
        board,
        "reasoning",
        lambda ctx: ctx.record_reasoning(
            step="evaluate_sources",
            thought="Source A is more recent but Source B has higher authority",
            evidence=["Source A: 2024", "Source B: cited 500 times"],
            conclusion="Use Source B as primary, Source A as supplement",
        ),
        "reasoning",
    )
    assert data["evidence"] == ["Source A: 2024", "Source B: cited 500 times"]
    assert (data["step"], data["conclusion"][:12]) == ("evaluate_sources", "Use Source B")


def test_record_retry(board: Board) -> None:
    data = recorded(
        board,
        "retry",
        lambda ctx: ctx.record_retry(
            attempt=2,
            reason="Rate limited by OpenAI",
            strategy="fallback",
            original_error="429 Too Many Requests",
            fallback_to="claude-sonnet-4",
            max_attempts=3,
        ),
        "retry_started",
    )
    assert data == {
        "attempt": 2, "reason": "Rate limited by OpenAI", "strategy": "fallback", "max_attempts": 3,
        "original_error": "429 Too Many Requests", "fallback_to": "claude-sonnet-4",
    }  # fmt: skip


def test_record_policy_check(board: Board) -> None:
    data = recorded(
        board,
        "policy-check",
        lambda ctx: ctx.record_policy_check(
            policy_name="budget-limit",
            action="warn",
            category="budget",
            reason="Approaching 80% of daily budget",
            phase="mid_execution",
        ),
        "policy_check",
    )
    assert data == {
        "policy_name": "budget-limit", "action": "warn", "category": "budget", "phase": "mid_execution",
        "reason": "Approaching 80% of daily budget", "priority": 100,
    }  # fmt: skip


def test_conversation_state(board: Board) -> None:
    with WaxellContext("talk") as ctx:
        assert (ctx.conversation_turns, ctx.message_count, ctx.context_utilization) == (0, 0, 0.0)
        ctx.record_user_message("What's the weather?")
        ctx.record_agent_response("It's sunny in Paris today.")
        assert (ctx.conversation_turns, ctx.message_count) == (1, 2)
    said = board.events(board.run("talk"), "message")
    assert [(one["role"], one["content"]) for one in said] == [
        ("user", "What's the weather?"),
        ("assistant", "It's sunny in Paris today."),
    ]


# -- errors and policies --


def test_an_error_ends_the_run_and_propagates(board: Board) -> None:
    async def main() -> None:
        try:
            async with WaxellContext(agent_name="fails-async"):
                raise ValueError("Something went wrong")
        except ValueError:
            pass  # Run was completed with status="error"

    asyncio.run(main())
    try:
        with WaxellContext(agent_name="fails"):
            raise ValueError("Something went wrong")
    except ValueError:
        pass
    for agent in ("fails", "fails-async"):
        told = board.run(agent)
        assert (told["derived_status"], told["error"]) == ("failed", "ValueError: Something went wrong")


@pytest.mark.parametrize("action", ["block", "throttle"])
def test_policy_enforcement_on_entry(board: Board, action: str, capsys: pytest.CaptureFixture[str]) -> None:
    agent = f"my-agent-{action}"
    board.set_policies(block(agent, action=action))
    try:
        with WaxellContext(agent_name=agent, enforce_policy=True):
            raise AssertionError("entered")
    except PolicyViolationError as e:
        print(f"Blocked: {e}")  # noqa: T201 - the example as it is
        print(f"Action: {e.policy_result.action}")  # noqa: T201

    async def main() -> None:
        async with WaxellContext(agent_name=agent):
            raise AssertionError("entered")

    with pytest.raises(SameError):
        asyncio.run(main())
    assert capsys.readouterr().out == f"Blocked: Over budget\nAction: {action}\n"
    assert board.runs(agent) == []
    told = board.api.rows("events", agent_id=agent, payload_kind="policy_check")
    assert [event["payload"]["data"]["action"] for event in told] == [action] * 2


def test_without_enforcement_the_run_goes_on(board: Board) -> None:
    board.set_policies(block("free"))
    with WaxellContext(agent_name="free", enforce_policy=False) as ctx:
        policy = ctx.check_policy_sync()
        assert policy.blocked
        assert not policy.allowed
        ctx.record_llm_call(model="gpt-4o", tokens_in=1, tokens_out=1)
    assert board.run("free")["derived_status"] == "completed"


def test_mid_execution_policy_checks(board: Board) -> None:
    board.set_policies(block("checks", limit={"calls": 1}, action="warn", reason="Nearly there"))
    with WaxellContext(agent_name="checks") as ctx:
        policy = ctx.check_policy_sync()
        assert policy.action == "allow"
        ctx.record_llm_call(model="gpt-4o", tokens_in=1, tokens_out=1)
        policy = asyncio.run(ctx.check_policy())
        assert (policy.action, policy.reason, policy.allowed) == ("warn", "Nearly there", True)
        assert policy.metadata["limit"] == 1
    assert [one["action"] for one in board.events(board.run("checks"), "policy_check")] == ["allow", "warn"]


def test_mid_execution_governance_stops_at_a_step(board: Board) -> None:
    board.set_policies(block("governed", limit={"calls": 1}))
    with pytest.raises(PolicyViolationError):
        with WaxellContext(agent_name="governed", mid_execution_governance=True) as ctx:
            ctx.record_step("one")
            ctx.record_llm_call(model="gpt-4o", tokens_in=1, tokens_out=1)
            ctx.record_step("two")
            raise AssertionError("went on")
    told = board.run("governed")
    assert (told["derived_status"], [step["name"] for step in told["steps"]]) == ("failed", ["one", "two"])


# -- many runs --


def test_multiple_runs(board: Board) -> None:
    def process_item(item: str) -> str:
        return item.upper()

    def batch_process(items: list[str]) -> None:
        for item in items:
            with WaxellContext(agent_name="batch-processor", inputs={"item": item}) as ctx:
                result = process_item(item)
                ctx.record_llm_call(model="gpt-4o-mini", tokens_in=50, tokens_out=30)
                ctx.set_result({"output": result})

    batch_process(["a", "b"])
    told = [board.told(row) for row in board.runs("batch-processor")]
    assert [(one["inputs"], one["result"]) for one in told] == [
        ({"item": "a"}, {"output": "A"}),
        ({"item": "b"}, {"output": "B"}),
    ]


def test_multiple_async_runs(board: Board) -> None:
    async def process_item(item: str) -> str:
        await asyncio.sleep(0)
        return item.upper()

    async def batch_process(items: list[str]) -> None:
        for item in items:
            async with WaxellContext(agent_name="batch-processor-async", inputs={"item": item}) as ctx:
                result = await process_item(item)
                ctx.record_llm_call(model="gpt-4o-mini", tokens_in=50, tokens_out=30)
                ctx.set_result({"output": result})

    asyncio.run(batch_process(["a", "b"]))
    told = [board.told(row) for row in board.runs("batch-processor-async")]
    assert [one["result"] for one in told] == [{"output": "A"}, {"output": "B"}]


# -- full examples --


async def search(query: str) -> list[str]:
    return [query, query]


async def synthesize(query: str, sources: list[str]) -> str:
    return f"{query}: {len(sources)}"


async def refine(synthesis: str) -> str:
    return synthesis + "."


async def run_pipeline(query: str) -> dict[str, Any]:
    async with WaxellContext(
        agent_name="research-pipeline",
        workflow_name="deep-research",
        inputs={"query": query},
        metadata={"version": "2.1"},
        enforce_policy=True,
    ) as ctx:
        # Step 1: Search
        sources = await search(query)
        ctx.record_step("search", output={"source_count": len(sources)})

        # Step 2: Synthesize
        synthesis = await synthesize(query, sources)
        ctx.record_llm_call(model="claude-sonnet-4", tokens_in=2000, tokens_out=500, task="synthesize")
        ctx.record_step("synthesize", output={"length": len(synthesis)})

        # Mid-execution policy check
        policy = await ctx.check_policy()
        if policy.blocked:
            ctx.set_result({"error": "Policy blocked continuation"})
            return {"error": policy.reason}

        # Step 3: Refine
        final = await refine(synthesis)
        ctx.record_llm_call(model="gpt-4o", tokens_in=800, tokens_out=300, task="refine")
        ctx.record_step("refine")

        result = {"answer": final, "sources": len(sources)}
        ctx.set_result(result)
        return result


def test_full_example_async(board: Board) -> None:
    assert asyncio.run(run_pipeline("bees")) == {"answer": "bees: 2.", "sources": 2}
    told = board.run("research-pipeline")
    assert (told["task_type"], told["inputs"]) == ("deep-research", {"query": "bees"})
    assert told["metadata"] == {"version": "2.1"}
    assert told["result"] == {"answer": "bees: 2.", "sources": 2}
    assert [step["name"] for step in told["steps"]] == ["search", "synthesize", "refine"]
    calls = board.events(told, "llm_call")
    assert [(call["name"], call["metadata"]["provider"]) for call in calls] == [
        ("synthesize", "anthropic"),
        ("refine", "openai"),
    ]
    board.set_policies(block("research-pipeline", limit={"calls": 1}))
    hiveloop.reset()
    assert asyncio.run(run_pipeline("wasps")) == {"error": "Over budget"}
    second = board.told(board.runs("research-pipeline")[1])
    assert second["result"] == {"error": "Policy blocked continuation"}


def test_full_example_sync(board: Board) -> None:
    def process_tickets(tickets: list[dict[str, str]]) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = []
        for ticket in tickets:
            with WaxellContext(
                agent_name="ticket-processor",
                workflow_name="support-pipeline",
                inputs={"ticket_id": ticket["id"], "subject": ticket["subject"]},
                enforce_policy=True,
            ) as ctx:
                ctx.set_tag("priority", ticket["priority"])

                # Step 1: Classify
                category = "billing"
                ctx.record_llm_call(model="gpt-4o-mini", tokens_in=200, tokens_out=10, task="classify")
                ctx.record_step("classify", output={"category": category})

                # Step 2: Generate response
                response = f"About {ticket['subject']}"
                ctx.record_llm_call(model="gpt-4o", tokens_in=500, tokens_out=200, task="respond")
                ctx.record_step("respond", output={"length": len(response)})

                # Mid-execution policy check (sync variant)
                policy = ctx.check_policy_sync()
                if policy.blocked:
                    ctx.set_result({"error": policy.reason})
                    results.append({"ticket_id": ticket["id"], "error": policy.reason})
                    continue

                ctx.record_score("response_quality", 0.9)
                result = {"ticket_id": ticket["id"], "category": category, "response": response}
                ctx.set_result(result)
                results.append(result)

        return results

    tickets = [
        {"id": "1", "subject": "Invoice", "priority": "high"},
        {"id": "2", "subject": "Refund", "priority": "low"},
    ]
    board.set_policies(block("ticket-processor", limit={"calls": 4, "per": "day"}))
    assert [sorted(one) for one in process_tickets(tickets)] == [
        ["category", "response", "ticket_id"],
        ["error", "ticket_id"],
    ]
    first, second = (board.told(row) for row in board.runs("ticket-processor"))
    assert (first["tags"], second["tags"]) == ({"priority": "high"}, {"priority": "low"})
    assert [(one["name"], one["value"]) for one in first["scores"]] == [("response_quality", 0.9)]
    assert (second["scores"], second["result"]) == ([], {"error": "Over budget"})
    assert {first["task_type"], second["task_type"]} == {"support-pipeline"}


# -- the rest of the door --


def test_observe_and_init(board: Board) -> None:
    init(api_key="wax_sk_...", instrument=False)  # runs already: nothing changes

    @observe(agent_name="observed")
    def answer(question: str, waxell_ctx: Any = None) -> str:
        waxell_ctx.record_step("think")
        return question.upper()

    @observe
    async def observed_async() -> str:
        return "fine"

    assert (answer("q"), asyncio.run(observed_async())) == ("Q", "fine")
    assert [step["name"] for step in board.run("observed")["steps"]] == ["think"]
    assert board.run("observed_async")["derived_status"] == "completed"


def test_a_run_lasts_as_long_as_its_generator_is_read(board: Board) -> None:
    @observe(agent_name="streamed")
    def stream(question: str, waxell_ctx: Any = None) -> Any:
        for word in question.split():
            waxell_ctx.record_step(word)
            yield word
        return "end"

    @observe(agent_name="streamed-async")
    async def stream_async(question: str, waxell_ctx: Any = None) -> Any:
        for word in question.split():
            waxell_ctx.record_step(word)
            yield word

    async def read() -> list[str]:
        return [word async for word in stream_async("one two")]

    assert list(stream("one two")) == asyncio.run(read()) == ["one", "two"]
    for name in ("streamed", "streamed-async"):
        told = board.run(name)
        assert told["derived_status"] == "completed"
        assert [step["name"] for step in told["steps"]] == ["one", "two"]


def test_outside_its_block_a_context_does_nothing() -> None:
    with capture_events() as seen:
        ctx = WaxellContext("idle")
        ctx.record_step("x")
        ctx.set_result({})
        ctx.record_llm_call(model="m", tokens_in=1, tokens_out=1)
        assert ctx.check_policy_sync().allowed
        assert asyncio.run(ctx.check_policy()).allowed
    assert seen.events == []


@pytest.mark.parametrize(
    ("given", "key"),
    [("wax_sk_...", "hb_live_wax_sk_..."), ("hb_test_x", "hb_test_x"), ("a b/ü", "hb_live_a_b__"), ("", None), (None, None)],
)  # fmt: skip
def test_any_key_is_taken(given: Any, key: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    from hiveloop.compat.waxell._client import key_of

    monkeypatch.delenv("HIVELOOP_API_KEY", raising=False)
    assert key_of(given, "http://127.0.0.1:1") == key
    monkeypatch.setenv("HIVELOOP_API_KEY", "hb_live_mine")
    assert key_of(given, None) == "hb_live_mine"
