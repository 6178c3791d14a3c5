"""The scripted model and the ways to run `nih`, as the tests of the command line have them."""

from tests.cli.conftest import chat, nih, small

__all__ = ["chat", "nih", "small"]
