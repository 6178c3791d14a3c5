"""What the tool says, in the user's language: sentences (`messages`) and their tables."""
