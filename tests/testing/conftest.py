from __future__ import annotations

from tests.architectures import architecture, build_small

__all__ = ["architecture", "build_small"]
