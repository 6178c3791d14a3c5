"""One sweep as Ray tasks: each runs a part of the plan beside a server of its own choice, and all parts are merged.

`python ray_shards.py PARTS FOLDER RUN-OPTIONS...`: PARTS tasks, on the cluster of `RAY_ADDRESS` or on this machine
alone. FOLDER must be on a disk that all machines see. A task whose worker is killed is started again by Ray and goes on
with what its part has on the disk.
"""

import os
import subprocess
import sys

import ray

parts, folder, options = int(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3:]
NIH = [sys.executable, "-m", "nihbench"]


@ray.remote(max_retries=3, num_cpus=1)
def part(number: int) -> str:
    """Run one part of the plan, or go on with it; return its folder."""
    out = f"{folder}-{number}"
    begun = os.path.exists(f"{out}/run.json")
    command = ["run", "--resume", out] if begun else ["run", *options, "--shard", f"{number}/{parts}", "--out", out]
    done = subprocess.run([*NIH, *command, "--yes"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    # 3: some trials stay without an answer; they are owed by the merged run.
    if done.returncode not in (0, 3):
        raise RuntimeError(f"part {number} ended with exit code {done.returncode}")
    return out


ray.init()
folders = ray.get([part.remote(number) for number in range(1, parts + 1)])
raise SystemExit(subprocess.run([*NIH, "merge", *folders, "--out", folder]).returncode)
