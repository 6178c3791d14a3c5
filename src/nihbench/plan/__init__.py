"""Pure planning: the grid, its trials, their order, and what they add up to. No I/O, no text."""
