"""The way to run `nih` that the tests of the command line have."""

from tests.cli.conftest import nih

__all__ = ["nih"]
