"""Runs in the formats of other tools: one file a format, each made of the same `Told` (`told.py`)."""
