"""HiveBoard: the collector and dashboard for HiveLoop."""

__all__ = ["__version__"]

__version__ = "1.0.0"
