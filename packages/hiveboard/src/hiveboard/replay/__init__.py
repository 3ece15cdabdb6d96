"""A small fleet at work, replayed: what ``hiveboard demo`` shows without any agent framework."""
