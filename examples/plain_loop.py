"""An agent loop in plain Python, instrumented by hand: `python -m examples.plain_loop`, with a collector running.

Start one with `hiveboard serve`. No framework, key or network: the model is a script. Its tools report failure by
what they return, not by raising, so an action is opened before the tool runs and closed after it: two separate steps
(`__enter__`, `__exit__`) around one single call, which happens exactly once whether anybody watches or not.
"""

import sys
from dataclasses import dataclass

import hiveloop


@dataclass
class ToolResult:
    output: str = ""
    error: str | None = None


TOOLS = {
    "crm_search": lambda turn: ToolResult(error="timeout") if turn == 1 else ToolResult("2 open deals"),
    "send_email": lambda turn: ToolResult("sent"),
}
# What the model decides, turn by turn: tool, arguments, tokens in and out. The last turn answers.
SCRIPT = [("crm_search", {"q": "TechNova"}, 910, 31), ("crm_search", {"q": "TechNova"}, 987, 29)]
SCRIPT += [("send_email", {"to": "ana@technova.example"}, 1105, 64), ("", {"text": "Done."}, 1180, 12)]


def call_tool(agent: hiveloop.Agent, name: str, args: dict[str, str], turn: int) -> ToolResult:
    action = agent.track_context(name)
    action.__enter__()
    result = TOOLS[name](turn)
    done = hiveloop.tool_payload(args, result.output, success=result.error is None, error=result.error)
    action.set_payload(done)
    action.__exit__(None, None, None)
    return result


def main() -> int:
    agent = hiveloop.init().agent("loop-core", type="sales")
    with agent.task("follow-up-17", project="sales", type="follow_up") as task:
        task.plan("Follow up with TechNova", ["Look at the deals", "Write to Ana"])
        for turn, (tool, args, tokens_in, tokens_out) in enumerate(SCRIPT, 1):
            task.llm_call("decide", model="gpt-4.1-mini", tokens_in=tokens_in, tokens_out=tokens_out)
            if not tool:
                task.set_payload({"answer": args["text"]})
                break
            result = call_tool(agent, tool, args, turn)
            step = 0 if tool == "crm_search" else 1
            if result.error is not None:
                task.retry(f"{tool}: {result.error}", attempt=turn + 1, reason=result.error)
            else:
                task.plan_step(step, "completed", result.output, turns=turn)
    print("Sent." if hiveloop.flush(timeout=5) else "Not sent. Start a collector with: hiveboard serve")
    return 0


if __name__ == "__main__":
    sys.exit(main())
