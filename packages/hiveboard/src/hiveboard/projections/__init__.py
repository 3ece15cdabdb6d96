"""Derived state: pure functions from stored rows and events to what a person wants to know."""
