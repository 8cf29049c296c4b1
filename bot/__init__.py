"""The process: the only room that knows every other."""

from typing import Final

VERSION: Final = "26.11.0"
"""As in pyproject.toml, which is not in the image."""
