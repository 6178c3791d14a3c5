"""English: what notes say, by their codes."""
