"""Recorded HTTP of the model providers' dialects, and what records it."""
