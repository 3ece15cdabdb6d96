"""The version of the SDK, also sent in every envelope."""

__version__ = "1.0.0"
SDK_VERSION = f"hiveloop-{__version__}"
