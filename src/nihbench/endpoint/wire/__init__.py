"""How protocols ask and answer: one file a wire format, found by its name."""
