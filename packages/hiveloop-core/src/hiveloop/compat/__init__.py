"""Doors for programs written for another product: only the import changes."""
