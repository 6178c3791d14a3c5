"""Families of trials: what is planted, what is asked, how an answer is graded. Others' packages add theirs.

`family` is what a family is written against (docs/tasks.md), `task` is what a run asks of the one that it has.
"""
