"""Runnable examples: each one runs without an API key."""
