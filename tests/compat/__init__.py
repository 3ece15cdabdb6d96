"""The published SDK in its own environment drives our collector: every method, and what the queries return."""
