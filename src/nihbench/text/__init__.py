"""Pure text work: token positions, sentence boundaries, fit and splice, and whole prompts. No I/O."""
