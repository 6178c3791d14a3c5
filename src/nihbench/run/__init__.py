"""From a plan to records on disk: resolve the options, send what is owed, store, score, rebuild."""
