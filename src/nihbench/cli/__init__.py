"""The command line: options into calls, results into text. Commands import what they use when they run."""
