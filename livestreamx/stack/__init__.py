"""The embedded stack: every engine and every role on one machine, under one supervisor.

`engines_only` and `Platform` are its face for tests and benches; people use `livestreamx up`.
"""

from livestreamx.stack.embedded import EmbeddedEngines, engines_only
from livestreamx.stack.home import Home, StackError
from livestreamx.stack.platform import Platform

__all__ = ["EmbeddedEngines", "Home", "Platform", "StackError", "engines_only"]
