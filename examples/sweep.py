"""A sweep over two models: planned, run (or resumed, where it was broken off), compared, drawn and reported."""

import sys
from pathlib import Path

import nihbench as nih

url, corpus, folder = sys.argv[1], sys.argv[2], Path("sweep")
options: nih.Keywords = {"model": ["a", "b"], "base_url": url, "corpus": corpus, "window": 8000, "controls": False}
options |= {"lengths": [300, 600], "depths": [0, 50, 100]}
plan = nih.plan(**options)
print(f"{plan.trials} trials, {plan.prompt_tokens} tokens")
run = nih.resume(folder, agree=True) if folder.exists() else nih.run(**options, out=folder, agree=True)
print(run)
print(nih.compare(run))
nih.plot(run, out="sweep.png")
print(nih.report(run, out="sweep.html"))
