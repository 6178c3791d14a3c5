"""nihbench: the needle-in-a-haystack long-context evaluation, with numbers that can be defended."""

__version__ = "0.1.0"
