"""A scripted model server: the wire dialects of OpenAI and Anthropic on loopback, answers from small scripts."""

from .script import Call, Fault, Script, Turn, Usage
from .server import ModelServer

__all__ = ["Call", "Fault", "ModelServer", "Script", "Turn", "Usage"]
