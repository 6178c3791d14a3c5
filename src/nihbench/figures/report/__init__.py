"""The report: its data (`analysis.report`) put into one HTML file that opens from disk and loads nothing.

The page is package data in page/: a frame, a style sheet and scripts; no library is in it. What a model wrote reaches
the page as JSON only, and its scripts show it as text only. A Content-Security-Policy lets run the page's own script,
known by its hash, and forbids everything else.
"""

from nihbench.figures.report.page_file import report_page

__all__ = ["report_page"]
