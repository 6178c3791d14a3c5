"""A scripted endpoint: a real HTTP server that plays providers' dialects and failures from a scenario file.

`scenario` reads the file, `answers` writes good answers as each provider does, `server` plays, `sweep` runs `nih`'s
own command path against it and says what became of every trial.
"""
