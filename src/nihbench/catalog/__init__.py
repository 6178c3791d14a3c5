"""The catalog: needles, prompts, experiments, suites, model presets and corpus manifests, read from YAML.

It turns files into the values of `nihbench.types` and refuses a wrong file with file, line and mend. It fetches
nothing and loads no corpus text.
"""
