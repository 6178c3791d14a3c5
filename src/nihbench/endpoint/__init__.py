"""One request to a model, and the counting of tokens: client, failure classes, tokenizers."""
