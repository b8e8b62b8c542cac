#!/usr/bin/env python3
"""Instructions that the CPU kernels execute, counted by Callgrind: a regression shows on the noisiest machine.

    instruction_counts.py KERNEL_ONCE             writes test/records/cpu-instructions.json
    instruction_counts.py KERNEL_ONCE --check     exits 1 if a kernel takes over 3 % more than recorded

Valgrind has no AVX-512, so what is counted is AVX2; one thread. Counts hold for one compiler and instruction
set: with another there is nothing to compare, which --check says and takes as success.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORD = ROOT / "test/records/cpu-instructions.json"
MORE = 0.03
SHIFTS = [8, 16, 64]  # bytes of environment: of where the stack begins depends what the allocator does
SKIPPED = 77  # exit code: nothing could be compared
# executor, pattern, M, N, K, dtype: both plans (few tokens: rows, many: panels) of each format
CASES = [
    ("cpu.tvw.simd", "tvw:g=64", 64, 256, 256, "f32"),
    ("cpu.tvw.simd", "tvw:g=64", 1, 256, 256, "f32"),
    ("cpu.tvw.simd", "tvw:g=64", 8, 256, 256, "f32"),
    ("cpu.tvw.simd", "tvw:g=64", 64, 256, 256, "bf16"),
    ("cpu.tw.simd", "tw:g=64", 64, 256, 256, "f32"),
    ("cpu.tw.simd", "tw:g=64", 1, 256, 256, "f32"),
    ("cpu.nm.simd", "2:4", 64, 256, 256, "f32"),
    ("cpu.block.simd", "block:b=32", 64, 256, 256, "f32"),
    ("cpu.csr.simd", "ew", 64, 256, 256, "f32"),
]


def count(kernel_once, case, shift=0):
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", "--toggle-collect=*run_again*",
             kernel_once, *map(str, case)], capture_output=True, text=True,
            env={**os.environ, "SHIFT": "x" * shift})
    collected = re.search(r"Collected : (\d+)", result.stderr)
    if result.returncode != 0 or collected is None or int(collected[1]) == 0:
        sys.exit(f"{' '.join(map(str, case))}: valgrind gave no count\n{result.stderr[-2000:]}")
    return result.stdout.strip(), int(collected[1])


def compiler():
    return subprocess.run(["c++", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]


def main():
    kernel_once = sys.argv[1]
    counted = {"kind": "tvw.instructions", "compiler": compiler(), "kernels": []}
    cases = {" ".join(map(str, case)): case for case in CASES}
    for name, case in cases.items():
        kernel, instructions = count(kernel_once, case)
        counted["kernels"].append({"case": name, "kernel": kernel, "instructions": instructions})
    if "--check" not in sys.argv:
        RECORD.write_text(json.dumps(counted, indent=1) + "\n")
        return
    recorded = json.loads(RECORD.read_text())
    if recorded["compiler"] != counted["compiler"]:
        print(f"not compared: recorded with {recorded['compiler']}, this is {counted['compiler']}")
        sys.exit(SKIPPED)
    before = {kernel["case"]: kernel for kernel in recorded["kernels"]}
    worse, other, compared = [], [], 0
    for kernel in counted["kernels"]:
        old = before.get(kernel["case"])
        if old is None:
            sys.exit(f"{kernel['case']}: not in {RECORD.name}, write it again")
        if old["kernel"] != kernel["kernel"]:
            other.append(f"{kernel['case']}: recorded of {old['kernel']}, here {kernel['kernel']} runs")
            continue
        compared += 1
        most, instructions = old["instructions"] * (1 + MORE), kernel["instructions"]
        for shift in SHIFTS:
            if instructions > most:
                instructions = min(instructions, count(kernel_once, cases[kernel["case"]], shift)[1])
        change = instructions / old["instructions"] - 1
        print(f"{kernel['case']}: {old['instructions']} -> {instructions} ({change:+.1%})")
        if instructions > most:
            worse.append(kernel["case"])
    print("\n".join(other))
    if other and compared == 0:  # another processor's kernels
        sys.exit(SKIPPED)
    if worse:
        sys.exit(f"more instructions than recorded: {', '.join(worse)}; if that is meant, write {RECORD.name} again")


if __name__ == "__main__":
    main()
