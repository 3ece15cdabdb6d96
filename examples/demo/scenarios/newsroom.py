"""The newsletter: a CrewAI crew of two, one of whom asks the other. Shows a delegation. Only with FRAMEWORKS=all."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import hiveloop

from examples.demo.models import WORD_FOR_A_KEY
from examples.demo.scenario import Case, Scenario, Stage, Worker

__all__ = ["SCENARIO"]

_WORKER = Worker(
    agent_id="newsroom", type="marketing", version="0.3.0", project="newsletter", framework="crewai"
)


_EDITOR = "crew:newsroom > newsletter > Editor"
_TASTER = f"{_EDITOR} > delegate_work_to_coworker > Taster"


def _crew(topic: str) -> Any:
    from crewai import LLM, Agent, Crew, Task  # seconds to import, so only when it is asked for

    # Of OpenAI itself CrewAI also asks how many tokens a request will have, which nobody recorded.
    elsewhere = os.environ.get("OPENAI_BASE_URL", "https://compatible.example/v1")
    llm = LLM(model="gpt-4.1-mini", api_key=WORD_FOR_A_KEY, base_url=elsewhere)
    taster = Agent(role="Taster", goal="Get the cup right.", backstory="Cups daily.", llm=llm)
    editor = Agent(
        role="Editor", goal="Write it well.", backstory="Knows when to ask.", llm=llm, allow_delegation=True
    )
    page = Task(
        name="newsletter",
        description=f"Write one sentence for the newsletter about {topic}",
        expected_output="One sentence.",
        agent=editor,
    )
    return Crew(name="newsroom", agents=[taster, editor], tasks=[page])


def _run(topic: str, stage: Stage) -> None:
    agent = hiveloop.agent(_WORKER.agent_id)
    crew = _crew(topic)
    session = stage.session_id
    with agent.task(session, _WORKER.project, "newsletter", session_id=session) as task:
        task.set_payload({"sentence": str(crew.kickoff())})


SCENARIO = Scenario(
    worker=_WORKER,
    story="a CrewAI crew: the editor hands a question to the taster, and writes",
    rest_seconds=(15.0, 30.0),
    cases=(
        Case(
            name="yirgacheffe",
            session_id="newsletter-yirgacheffe",
            run=partial(_run, "the new Yirgacheffe"),
            llm_calls={_EDITOR: 2, _TASTER: 1},
            actions=(_EDITOR, _TASTER),
            agents=("editor", "taster"),
            escalates=True,
        ),
    ),
)
