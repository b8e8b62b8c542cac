#!/usr/bin/env python3
"""Writes README's result tables from the records in test/records, each between its two markers.

    readme_results.py            rewrites README.md
    readme_results.py --check    exits 1 if README.md is not what the records say
"""

import json
import math
import pathlib
import sys

import growth

ROOT = pathlib.Path(__file__).resolve().parents[2]
# record, what it is called in the table; of several M, those that have a row each
RECORDS = [
    ("cpu-bert-base.json", "BERT-base, M = {M}"),
    ("cpu-bert-large.json", "BERT-large, M = {M}"),
    ("cpu-llama-7b.json", "LLaMA 7B, M = {M}"),
    ("cpu-llama-7b-m1.json", "LLaMA 7B, M = {M}"),
    ("cpu-llama-7b-m16.json", "LLaMA 7B, M = {M}"),
    ("cpu-resnet50.json", "ResNet-50, batch 1"),
    ("cpu-bert-base-bf16.json", "BERT-base, M = {M}"),
    ("cpu-bert-large-bf16.json", "BERT-large, M = {M}"),
    ("cpu-llama-7b-bf16.json", "LLaMA 7B, M = {M}"),
    ("cpu-resnet50-bf16.json", "ResNet-50, batch 1"),
    ("cpu-xeon-2-cores-bert-base.json", "BERT-base, M = {M}"),
    ("cpu-xeon-2-cores-bert-large.json", "BERT-large, M = {M}"),
    ("cpu-xeon-2-cores-llama-7b.json", "LLaMA 7B, M = {M}"),
    ("cpu-xeon-2-cores-resnet50.json", "ResNet-50, batch 1"),
    ("cpu-xeon-2-cores-resnet50-m512.json", "ResNet-50's shapes, M = {M}"),
    ("cpu-xeon-2-cores-bert-base-bf16.json", "BERT-base, M = {M}"),
    ("cpu-xeon-2-cores-bert-large-bf16.json", "BERT-large, M = {M}"),
    ("cpu-xeon-2-cores-llama-7b-bf16.json", "LLaMA 7B, M = {M}"),
    ("cpu-xeon-2-cores-resnet50-bf16.json", "ResNet-50, batch 1"),
    ("cpu-xeon-2-cores-bert-base-few.json", "BERT-base, M = {M}, no AMX", 1, 8, 16),
    ("cpu-xeon-2-cores-bert-large-few.json", "BERT-large, M = {M}, no AMX", 1, 8, 16),
    ("cpu-xeon-2-cores-llama-7b-few.json", "LLaMA 7B, M = {M}, no AMX", 1, 8, 16),
    ("cpu-xeon-bert-base.json", "BERT-base, M = {M}"),
    ("cpu-xeon-bert-large.json", "BERT-large, M = {M}"),
    ("cpu-xeon-resnet50.json", "ResNet-50, batch 1"),
    ("cpu-xeon-bert-base-bf16.json", "BERT-base, M = {M}, by AMX"),
    ("cpu-xeon-bert-base-few.json", "BERT-base, M = {M}", 1, 8, 16),
    ("cpu-xeon-bert-large-few.json", "BERT-large, M = {M}", 1, 8, 16),
    ("cpu-xeon-llama-7b-few.json", "LLaMA 7B, M = {M}", 1, 8, 16),
    ("cpu-xeon-16-cores-bert-base-few.json", "BERT-base, M = {M}", 1, 8, 16),
    ("cpu-xeon-16-cores-bert-large-few.json", "BERT-large, M = {M}", 1, 8, 16),
    ("cpu-xeon-16-cores-llama-7b-few.json", "LLaMA 7B, M = {M}", 1, 8),
    ("cpu-xeon-16-cores-llama-7b-16.json", "LLaMA 7B, M = {M}", 16),
    ("cpu-xeon-16-cores-bert-base-few-1-thread.json", "BERT-base, M = {M}", 1, 8, 16),
    ("cpu-xeon-16-cores-bert-large-few-1-thread.json", "BERT-large, M = {M}", 1, 8, 16),
    ("h200-bert-base.json", "BERT-base, M = {M}"),
    ("h200-bert-base-sm80.json", "BERT-base, M = {M}, kernels for Ampere"),
    ("h200-bert-base-gelu.json", "BERT-base, M = {M}, each with bias and GELU"),
    ("h200-bert-base-bf16.json", "BERT-base, M = {M}"),
    ("h200-llama-2048.json", "LLaMA 7B, M = {M}"),
    ("h200-8192.json", "8192 x 8192 x 8192"),
    ("h200-nmt-lstm.json", "GNMT, M = {M}"),
    ("h200-resnet50.json", "ResNet-50, batch 64"),
    ("h200-vgg16.json", "VGG-16, batch 64"),
    ("h200-decode.json", "4096 and 11008, M = {M}", 1, 4, 16, 64),
]
# row of the table: the start of the pattern that it takes
PATTERNS = [("TVW 75 %", "tvw"), ("TW 75 %", "tw:"), ("2:4, 50 %", "2:4"), ("block 75 %", "block"),
            ("unstructured 75 %", "ew")]


def best_by_layer(rows, pattern, cache):
    """The best verified speed-up of each layer, whatever executor or block size gives it."""
    sparsity = 0.5 if pattern == "2:4" else 0.75
    best = {}
    for row in rows:
        if row["cache"] != cache or not row["pattern"].startswith(pattern) or not row["verified"]:
            continue
        if row["target_sparsity"] != sparsity or row["speedup_vs_dense"] is None:
            continue
        best[row["layer"]] = max(best.get(row["layer"], 0.0), row["speedup_vs_dense"])
    return list(best.values())


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def cell(rows, pattern, cache):
    values = best_by_layer(rows, pattern, cache)
    if not values:
        return "-"
    layers = {row["layer"] for row in rows}
    of_all = "" if len(values) == len(layers) else f" ({len(values)} of {len(layers)} layers)"
    return f"{geomean(values):.2f}x{of_all}"


def machine(record):
    """The device that ran; of a CPU the threads, and its cores if it has more."""
    environment = record["environment"]
    device = environment["devices"][-1]
    threads = ""
    if device["id"] == "cpu":
        count, cores = environment["threads"], environment["cores"]
        threads = f", {count} thread{'s' if count > 1 else ''}" + (f" of {cores} cores" if cores > count else "")
    return f"{device['name']}{threads}, {record['rows'][0]['dtype']}"


def table():
    lines = ["| machine | shapes | " + " | ".join(name for name, _ in PATTERNS) + " | record |",
             "|---|---|" + "---:|" * len(PATTERNS) + "---|"]
    for file, title, *several in RECORDS:
        record = json.loads((ROOT / "test/records" / file).read_text())
        for M in several or [None]:
            rows = [row for row in record["rows"] if M is None or row["M"] == M]
            cells = [f"{cell(rows, pattern, 'hot')} / {cell(rows, pattern, 'cold')}".replace("- / -", "-")
                     for _, pattern in PATTERNS]
            lines.append(f"| {machine(record)} | {title.format(M=rows[0]['M'])} | " + " | ".join(cells) +
                         f" | `test/records/{file}` |")
    return "\n".join(lines)


def main():
    readme = ROOT / "README.md"
    text = readme.read_text()
    wanted = text
    for name, block in (("results", table()), ("growth", growth.table(json.loads(growth.RECORD.read_text())))):
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        head, rest = wanted.split(begin)
        wanted = f"{head}{begin}\n{block}\n{end}{rest.split(end)[1]}"
    if "--check" not in sys.argv:
        readme.write_text(wanted)
    elif wanted != text:
        sys.exit("README.md: the result tables are not those of test/records: run tools/dev/readme_results.py")


if __name__ == "__main__":
    main()
