"""The server as a process of its own: `python -m benchmarks.scripted [--delay-s S]` prints its base URL.

It ends with its stdin. It answers every prompt, after the same delay, and tells no usage.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.scripted.scenario import Provider
from benchmarks.scripted.server import Server


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay-s", type=float, default=0.0)
    with Server(Provider(usage="none"), None, delay_s=parser.parse_args().delay_s) as server:
        print(server.base_url(), flush=True)
        sys.stdin.read()


main()
