"""The embedded model: its file, and llama.cpp's own OpenAI-compatible server around it in a child process."""

from nihbench.local.model_file import model_file
from nihbench.local.server import LocalServer

__all__ = ["LocalServer", "model_file"]
