"""The child process that holds llama.cpp's server: started by `server`, ends when its standard input closes.

It is run as a script and imports nothing of nihbench. To its parent it says one line, the address; whatever else is
printed in this process, by Python or by llama.cpp, goes to the log.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence

# A process that is only a box for the server has nothing to put in order when it ends.
_DONE, _FAILED = 0, 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the model until standard input closes; exits the process."""
    options = _parse(arguments)
    # Ctrl-C in a terminal reaches every process of the group, but the parent may still want its answers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = _keep_stdout_clean()
    watcher = threading.Thread(target=_end_with_parent, daemon=True)
    watcher.start()

    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = options.model
    # A set of names; a bare string would be taken for a set of letters.
    params.model_alias = {options.alias}
    params.hostnames = ["127.0.0.1"]
    params.port = options.port
    # llama.cpp divides the context among its slots; 0 is the length that the model was trained for.
    params.n_ctx = options.window * options.slots
    params.n_parallel = options.slots
    params.cache_ram_mib = options.cache_ram_mib
    # The model is for this program: no page for browsers, and no other site may ask it through one.
    params.ui = False
    params.cors_origins = "http://127.0.0.1"
    if options.threads > 0:
        params.cpuparams.n_threads = options.threads
        params.cpuparams_batch.n_threads = options.threads
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        print(error, file=sys.stderr, flush=True)
        os._exit(_FAILED)
    os.write(parent, f"{server.listening_address}\n".encode())
    os.close(parent)
    watcher.join()


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--alias", required=True)
    for name in ("--port", "--window", "--slots", "--threads", "--cache-ram-mib"):
        parser.add_argument(name, type=int, required=True)
    return parser.parse_args(arguments)


def _keep_stdout_clean() -> int:
    """Return a descriptor of the pipe to the parent, and send what is printed on standard output to the log."""
    parent = os.dup(1)
    os.dup2(2, 1)
    return parent


def _end_with_parent() -> None:
    """End this process when the parent closes the pipe or dies: the pipe then closes by itself, on any system."""
    while os.read(0, 4096):
        pass
    os._exit(_DONE)


if __name__ == "__main__":
    main()
