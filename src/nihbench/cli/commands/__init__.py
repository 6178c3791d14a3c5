"""The commands as the parser knows them: names, options, help. Light, for `nih COMMAND --help` reads nothing else."""
