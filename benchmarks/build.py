"""How fast prompts are built, against needlehaystack 0.1.0: `python -m benchmarks.build --help`.

Both build 225 prompts, 1K to 126K tokens by 15 depths, out of the same corpus with the same tokenizer, and both write
them to disk: `nih batch export` as request bodies, the other as its context files. Ours is timed from options to
files (preset, tokenizer, corpus, offsets, prompts, hashes, writing) in a fresh process, imports and interpreter left
out; once with an empty offset cache and once with a full one. Of the other, the timed part is its own
`generate_context` and the writing, as its `evaluate_and_log` does them; its wheel is downloaded by pip, and its
providers and evaluators, which need the vendors' packages, are not loaded: the tokenizer that they would bring is
passed in through its own interface. Since it works for minutes, `--sample N` takes every N-th of its prompts, evenly
over lengths and depths, and scales the time by tokens built. `--keys` measures `keys` with 64 distractors beside the
single needle instead, both by `nih batch export` in processes of their own, in turns.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import importlib.util
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import types
import zipfile
from pathlib import Path
from typing import Any

LENGTHS, DEPTHS = "1k:126k:15", "15"
OPTIONS = ["--model", "gpt-4-turbo", "--base-url", "http://127.0.0.1:9/v1", "--window", "128000", "--no-controls"]
IMPORTED = ("nihbench.app.prompting", "tiktoken_ext.openai_public")
"""What the command would import on its way."""
PEER = "needlehaystack==0.1.0"
NEEDLE = "\nThe best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a sunny day.\n"


def ours(arguments: list[str], out: Path) -> dict[str, float]:
    """Run `nih batch export` in this process and return what it took."""
    from nihbench.cli.app import app

    for name in IMPORTED:
        importlib.import_module(name)
    started, worked = time.perf_counter(), time.process_time()
    app(["batch", "export", *arguments, "--out", str(out)], standalone_mode=False)
    seconds, cpu = time.perf_counter() - started, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "darwin" else 1024)
    return {"seconds": seconds, "cpu": cpu, "peak_mib": peak}


def ours_apart(arguments: list[str], cache: Path, folder: Path) -> dict[str, float]:
    """Do `ours` in a process of its own."""
    out = Path(tempfile.mkdtemp(dir=folder)) / "run"
    command = [sys.executable, "-m", "benchmarks.build", "--only-ours", str(out), *arguments]
    done = subprocess.run(
        command, env=os.environ | {"NIH_CACHE_DIR": str(cache)}, stdout=subprocess.PIPE, check=True, text=True
    )
    shutil.rmtree(out.parent)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def peer_module(folder: Path) -> Any:
    """Bring the other tool's tester, with empty modules in place of its providers and evaluators."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", PEER, "--dest", str(folder)]
    subprocess.run(command, check=True)
    wheel = next(folder.glob("needlehaystack-*.whl"))
    with zipfile.ZipFile(wheel) as box:
        box.extractall(folder)
    package = types.ModuleType("needlehaystack")
    package.__path__ = [str(folder / "needlehaystack")]
    sys.modules["needlehaystack"] = package
    for name, member in (("evaluators", "Evaluator"), ("providers", "ModelProvider")):
        module = types.ModuleType(f"needlehaystack.{name}")
        setattr(module, member, object)
        sys.modules[module.__name__] = module
    file = folder / "needlehaystack" / "llm_needle_haystack_tester.py"
    spec = importlib.util.spec_from_file_location("needlehaystack.llm_needle_haystack_tester", file)
    assert spec is not None and spec.loader is not None
    tester = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tester)
    return tester


class Provider:
    """The tokenizer's side of the other tool's `ModelProvider`, as its OpenAI provider has it."""

    model_name = "gpt-4"

    def __init__(self) -> None:
        import tiktoken

        self.tokenizer = tiktoken.get_encoding("cl100k_base")

    def encode_text_to_tokens(self, text: str) -> list[int]:
        """Return the token ids of a text."""
        return self.tokenizer.encode(text)

    def decode_tokens(self, tokens: list[int], context_length: int | None = None) -> str:
        """Return the text of the first tokens."""
        return self.tokenizer.decode(tokens[:context_length])


def peer(text: str, lengths: list[int], depths: list[float], sample: int, folder: Path) -> dict[str, float]:
    """Build the same grid with the other tool; return its seconds, scaled where only a part was built."""
    tester = peer_module(folder)
    haystack = folder / "corpus"
    haystack.mkdir()
    (haystack / "corpus.txt").write_text(text, encoding="utf-8")
    provider = Provider()
    other = tester.LLMNeedleHaystackTester(
        model_to_test=provider,
        evaluator=object(),
        needle=NEEDLE,
        haystack_dir=str(haystack),
        retrieval_question="What is the best thing to do in San Francisco?",
        context_lengths=lengths,
        document_depth_percents=depths,
    )
    grid = [(length, depth) for length in lengths for depth in depths]
    # A step that shares no divisor with the depths meets every depth and every length.
    chosen = grid[::sample]
    started = time.perf_counter()
    for number, (length, depth) in enumerate(chosen):
        context = asyncio.run(other.generate_context(length, depth))
        (folder / f"context-{number}.txt").write_text(context, encoding="utf-8")
    seconds = time.perf_counter() - started
    return {"seconds": seconds * len(grid) / len(chosen), "built": len(chosen), "measured": seconds}


TASK_LENGTHS = "2k:126k:15"
"""From 2,000 tokens on 64 distractors and their needle have room."""
SINGLE = ["--lengths", TASK_LENGTHS]
KEYS = [*SINGLE, "--task", "keys", "--task-option", "distractors=64", "--repeats", "15"]
OF_A_TASK = {
    "one haystack": ([*SINGLE, "--depths", "15"], [*KEYS, "--vary", "needle"]),
    "15 haystacks": ([*SINGLE, "--depths", "50%", "--repeats", "15"], KEYS),
}
"""225 prompts each of the single needle and of `keys` with 64 distractors, out of as many haystacks."""


def of_a_task(args: argparse.Namespace) -> None:
    """Print what `keys` with 64 distractors takes beside the single needle, in turns: the least CPU time of each."""
    from nihbench.fetch.files import cache_dir

    with tempfile.TemporaryDirectory() as name:
        for kind, sides in OF_A_TASK.items():
            found: tuple[list[dict[str, float]], list[dict[str, float]]] = ([], [])
            for _ in range(args.runs):
                for side, rows in zip(sides, found, strict=True):
                    options = [*OPTIONS, "--corpus", args.corpus, *side]
                    rows.append(ours_apart(options, cache_dir(), Path(name)))
            single, keys = (min(rows, key=lambda row: row["cpu"]) for rows in found)
            print(
                f"{kind}: single {single['cpu']:.3f} s, keys {keys['cpu']:.3f} s of CPU: "
                f"{keys['cpu'] / single['cpu']:.2f} times; {keys['peak_mib']:.0f} MiB for {single['peak_mib']:.0f}"
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only-ours", metavar="OUT", help=argparse.SUPPRESS)
    parser.add_argument("--corpus", default="paul-graham-en")
    parser.add_argument("--sample", type=int, default=1, help="take every N-th prompt of the other tool only")
    parser.add_argument("--runs", type=int, default=3, help="how often ours is timed; the fastest counts")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--keys", action="store_true", help="measure `keys` beside the single needle instead")
    args, rest = parser.parse_known_args()
    if args.only_ours:
        sys.path.insert(0, os.getcwd())
        print(json.dumps(ours(rest, Path(args.only_ours))))
        return 0
    if args.keys:
        of_a_task(args)
        return 0
    return side_by_side(args)


def side_by_side(args: argparse.Namespace) -> int:
    from nihbench.catalog.loading import load
    from nihbench.endpoint.tokenizers import load_tokenizer
    from nihbench.fetch.files import cache_dir, silent
    from nihbench.plan.grid import parse_depths, parse_lengths
    from nihbench.run.texts import load_corpus

    corpus = load_corpus(load(), args.corpus, Path.cwd(), silent)
    load_tokenizer("cl100k_base")
    options = [*OPTIONS, "--corpus", args.corpus, "--lengths", LENGTHS, "--depths", DEPTHS]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Texts and tokenizers are at hand in both cases; only what is computed is missing in a cold cache.
        rows = {}
        for kind in ("cold", "warm"):
            found = []
            for turn in range(args.runs):
                cache = folder / (f"cache-cold-{turn}" if kind == "cold" else "cache-cold-0")
                for part in ("haystack", "tiktoken"):
                    if (cache_dir() / part).is_dir() and not (cache / part).exists():
                        shutil.copytree(cache_dir() / part, cache / part)
                found.append(ours_apart(options, cache, folder))
            rows[f"nih, {kind} offsets"] = min(found, key=lambda row: row["seconds"])
        print(f"{'':<22} {'seconds':>9} {'cpu s':>7} {'peak MiB':>9}")
        for kind, row in rows.items():
            print(f"{kind:<22} {row['seconds']:>9.3f} {row['cpu']:>7.3f} {row['peak_mib']:>9.0f}")
        if args.no_peer:
            return 0
        lengths = [int(x) for x in parse_lengths(LENGTHS, lowest=1000, highest=126_000)]
        other = peer(corpus.text, lengths, list(parse_depths(DEPTHS)), args.sample, folder)
        print(f"{'needlehaystack 0.1.0':<22} {other['seconds']:>9.1f}   ({other['built']:.0f} prompts were built)")
        for kind, row in rows.items():
            print(f"ratio, {kind}: {other['seconds'] / row['seconds']:.0f} times")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
