"""Finance: explicit tasks that really fail, by the provider or by a tool. Shows error text where it happened."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

import hiveloop
import openai
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import BaseTool, tool

from examples.demo.models import gpt
from examples.demo.pace import Pace
from examples.demo.scenario import Case, Scenario, Stage, Worker

__all__ = ["SCENARIO", "LedgerLockedError"]

_WORKER = Worker(agent_id="billing", type="finance", version="1.1.0", project="finance")
_SYSTEM = (
    "You reconcile invoices of Halden Coffee. Read the invoice, find its payment, post it to the ledger, "
    "and say in one sentence what you did."
)
_INVOICES: dict[str, dict[str, Any]] = {
    "INV-2038": {"customer": "Café Nordlys", "amount_eur": 1840.00},
    "INV-2041": {"customer": "Brightside Hotels", "amount_eur": 12_650.00},
    "INV-2044": {"customer": "Tandem Offices", "amount_eur": 312.50},
}


class LedgerLockedError(RuntimeError):
    """The ledger takes no postings for this period."""


def _tools(pace: Pace) -> list[BaseTool]:
    @tool
    def get_invoice(invoice: str) -> dict[str, Any]:
        """Read an invoice."""
        pace.work(0.3, 0.8)
        return _INVOICES[invoice]

    @tool
    def find_payment(customer: str, amount_eur: float) -> str:
        """Find the payment of an invoice on the bank account."""
        pace.work(0.6, 1.8)
        return f"One transfer of {amount_eur:.2f} EUR from {customer}"

    @tool
    def post_to_ledger(invoice: str) -> str:
        """Post a paid invoice to the ledger."""
        pace.work(0.4, 1.0)
        if invoice == "INV-2044":
            raise LedgerLockedError("The third quarter is locked by the accountants; postings open on Monday")
        return f"{invoice} posted"

    return [get_invoice, find_payment, post_to_ledger]


def _run(invoice: str, stage: Stage) -> None:
    agent = create_agent(gpt("gpt-4.1"), _tools(stage.pace), system_prompt=_SYSTEM, name="billing")
    request = HumanMessage(f"Please reconcile {invoice}.")
    desk = hiveloop.agent(_WORKER.agent_id)
    # The demo goes on: that these runs fail is what the board must tell.
    with suppress(openai.RateLimitError, LedgerLockedError):
        with desk.task(stage.session_id, _WORKER.project, "reconcile_invoice", session_id=stage.session_id):
            agent.invoke({"messages": [request]}, stage.config("billing_agent"))


SCENARIO = Scenario(
    worker=_WORKER,
    story="fails for real: OpenAI refuses after retries (429, quota), or the ledger is locked",
    rest_seconds=(12.0, 30.0),
    cases=(
        Case(
            name="quota",
            session_id="INV-2041",
            run=partial(_run, "INV-2041"),
            llm_calls={"billing_agent > model": 2},
            status="failed",
            actions=("billing_agent > tools > get_invoice",),
            retries=2,  # by the client itself, before it gives up
            error="exceeded your current quota",
        ),
        Case(
            name="paid",
            session_id="INV-2038",
            run=partial(_run, "INV-2038"),
            llm_calls={"billing_agent > model": 4},
            actions=tuple(
                f"billing_agent > tools > {name}"
                for name in ("get_invoice", "find_payment", "post_to_ledger")
            ),
            once=False,
        ),
        Case(
            name="locked",
            session_id="INV-2044",
            run=partial(_run, "INV-2044"),
            llm_calls={"billing_agent > model": 3},
            status="failed",
            actions=tuple(
                f"billing_agent > tools > {name}"
                for name in ("get_invoice", "find_payment", "post_to_ledger")
            ),
            error="locked by the accountants",
        ),
    ),
)
