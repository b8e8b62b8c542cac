#!/usr/bin/env python3
"""How cost grows with M, K, N, sparsity and threads: measures with `tvw bench`, and draws the result.

    growth.py measure [--tvw PATH] [-o test/records/cpu-growth.json]    some minutes on an idle machine
    growth.py plot [FILE] [-o test/records/cpu-growth.svg]
    growth.py table [FILE]                                              Markdown, as README has it

Everything stands in the file: the environment, and of each point the best executor's median and speed-up over dense.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORD = ROOT / "test/records/cpu-growth.json"
PLOT = ROOT / "test/records/cpu-growth.svg"
PATTERNS = ["tvw:g=64,nm=2:4", "tw:g=64"]
BASE = {"M": 512, "N": 1024, "K": 1024, "sparsity": 0.75, "threads": 2}
AXES = {
    "M": [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192],
    "N": [64, 128, 256, 512, 1024, 2048, 4096, 8192],
    "K": [64, 128, 256, 512, 1024, 2048, 4096, 8192],
    "sparsity": [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95],
    "threads": [1, 2],
}
KEPT = ["M", "N", "K", "pattern", "target_sparsity", "sparsity", "executor", "kernel", "layout", "median_us", "mad_us",
        "speedup_vs_dense", "fraction_of_roofline", "verified", "max_rel_error"]


def bench(tvw, axis, shapes, M, sparsities, threads):
    """The record of one run over `shapes`, a list of (N, K)."""
    with tempfile.TemporaryDirectory() as folder:
        workload = pathlib.Path(folder) / "growth.txt"
        workload.write_text("".join(f"* {n} {k} 1 n{n}k{k}\n" for n, k in shapes))
        record = pathlib.Path(folder) / "run.json"
        subprocess.run(
            [tvw, "bench", "--device", "cpu", "--cache", "hot", "--baselines", "none", "--time", "2", "--quiet",
             "--pattern", ",".join(PATTERNS), "--workload", workload, "--m", ",".join(map(str, M)),
             "--sparsity", ",".join(map(str, sparsities)), "--threads", str(threads), "-o", record],
            check=True, stdout=subprocess.DEVNULL)
        print(f"{axis}: {threads} threads, M {M}, sparsity {sparsities}, N x K {shapes}", file=sys.stderr)
        return json.loads(record.read_text())


def best(rows):
    """Of each shape, pattern and sparsity the fastest row."""
    found = {}
    for row in rows:
        if row["median_us"] is None:
            continue
        key = (row["M"], row["N"], row["K"], row["pattern"], row["target_sparsity"])
        if key not in found or row["median_us"] < found[key]["median_us"]:
            found[key] = row
    return found.values()


def measure(arguments):
    growth = {"kind": "tvw.growth", "base": BASE, "environment": None, "axes": {}}
    for axis, values in AXES.items():
        points = []
        runs = values if axis == "threads" else [BASE["threads"]]
        for threads in runs:
            shapes = [(v if axis == "N" else BASE["N"], v if axis == "K" else BASE["K"])
                      for v in (values if axis in "NK" else [0])]
            record = bench(arguments.tvw, axis, shapes, values if axis == "M" else [BASE["M"]],
                           values if axis == "sparsity" else [BASE["sparsity"]], threads)
            growth["environment"] = record["environment"]
            for row in best(record["rows"]):
                value = {"sparsity": None if row["pattern"] == "dense" else row["target_sparsity"],
                         "threads": threads}.get(axis, row.get(axis))
                points.append({key: row.get(key) for key in KEPT} | {axis: value})
        growth["axes"][axis] = points
    arguments.output.write_text(json.dumps(growth, indent=1) + "\n")


def series(growth, axis):
    """name -> [(value, median us, speed-up)], dense first. Dense has no sparsity: it is one time for all."""
    lines = {}
    for point in growth["axes"][axis]:
        name = point["pattern"].split(":")[0]
        values = AXES[axis] if point[axis] is None else [point[axis]]
        lines.setdefault(name, []).extend((v, point["median_us"], point["speedup_vs_dense"] or 1.0) for v in values)
    return {name: sorted(points) for name, points in sorted(lines.items(), key=lambda line: line[0] != "dense")}


def plot(arguments):
    try:
        import matplotlib
    except ImportError:
        sys.exit("growth.py plot needs matplotlib: pip install matplotlib")
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "tvw"  # the same file for the same data
    import matplotlib.pyplot as plt
    growth = json.loads(arguments.file.read_text())
    figure, frames = plt.subplots(2, len(AXES), figsize=(4 * len(AXES), 7), squeeze=False)
    base = growth["base"]
    for column, axis in enumerate(AXES):
        for name, points in series(growth, axis).items():
            x = [p[0] for p in points]
            frames[0][column].plot(x, [p[1] for p in points], marker=".", label=name)
            frames[1][column].plot(x, [p[2] for p in points], marker=".", label=name)
        for frame in (frames[0][column], frames[1][column]):
            if axis in "MNK":
                frame.set_xscale("log", base=2)
            frame.set_xlabel(axis)
            frame.grid(True, alpha=0.3)
        frames[0][column].set_yscale("log")
        frames[1][column].set_ylim(bottom=0)
        rest = ", ".join(f"{key} {value}" for key, value in base.items() if key != axis)
        frames[0][column].set_title(rest, fontsize=8)
    frames[0][0].set_ylabel("median, us")
    frames[1][0].set_ylabel("times as fast as dense")
    frames[0][0].legend()
    figure.suptitle(f"{growth['environment']['cpu_model']}, f32, hot")
    figure.tight_layout()
    figure.savefig(arguments.output, metadata={"Date": None})


def table(growth):
    """Markdown: per axis, dense in microseconds and the others as speed-ups over it."""
    blocks = []
    for axis in AXES:
        lines = series(growth, axis)
        values = [p[0] for p in lines["dense"]]
        rest = ", ".join(f"{key} = {value}" for key, value in growth["base"].items() if key != axis)
        block = [f"| {axis} ({rest}) | " + " | ".join(map(str, values)) + " |", "|---|" + "---:|" * len(values)]
        for name, points in lines.items():
            if name == "dense":
                block.append("| dense, us | " + " | ".join(f"{p[1]:.0f}" for p in points) + " |")
            else:
                block.append(f"| {name.upper()} | " + " | ".join(f"{p[2]:.2f}x" for p in points) + " |")
        blocks.append("\n".join(block))
    return "\n\n".join(blocks)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("measure")
    command.add_argument("--tvw", default=str(ROOT / "build/release/tools/tvw/tvw"))
    command.add_argument("-o", "--output", type=pathlib.Path, default=RECORD)
    command.set_defaults(run=measure)
    command = commands.add_parser("plot")
    command.add_argument("file", nargs="?", type=pathlib.Path, default=RECORD)
    command.add_argument("-o", "--output", type=pathlib.Path, default=PLOT)
    command.set_defaults(run=plot)
    command = commands.add_parser("table")
    command.add_argument("file", nargs="?", type=pathlib.Path, default=RECORD)
    command.set_defaults(run=lambda arguments: print(table(json.loads(arguments.file.read_text()))))
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
