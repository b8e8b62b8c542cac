#!/usr/bin/env python3
"""Holds the table of layers: who may include whom, and where third-party headers may appear.

    check_layers.py               checks the tree, exits 1 and names each offence
    check_layers.py --self-test   shows that offences are found
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# layer: the layers it may include, besides itself.
LAYERS = {
    "core": set(),
    "record": {"core"},
    "patterns": {"core"},
    "pack": {"core"},
    "pruning": {"core", "patterns"},
    "io": {"core", "pack"},
    "kernels": {"core", "pack"},
    "bench": {"core", "record", "patterns", "pack", "kernels"},
    "report": {"core", "record"},
}
LAYERS["cli"] = set(LAYERS)

# start of a header's name: where it may be included.
THIRD_PARTY = {
    "onnx/": r"(src|test)/io/",
    "google/protobuf": r"(src|test)/io/",
    "CLI/": r"src/cli/",
    "spdlog/": r"src/cli/|tools/tvw/",
    "nlohmann/": r".*\.cpp$",
    "cuda": r"src/kernels/cuda/",
    "cublas": r"src/kernels/cuda/",
    "cusparse": r"src/kernels/cuda/",
    "dnnl": r"src/kernels/cpu/",
    "hwy/": r"src/kernels/cpu/|src/patterns/byte_kernels|src/bench/(bf16_peak|cpu_peaks)|test/",
    "xbyak/": r"src/kernels/cpu/tile_compiler\.hpp$",
    "omp.h": r"src/core/parallel\.cpp$",
    "xxhash.h": r"src/io/",
    "catch2/": r"test/support/",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def layer_of(path):
    match = re.match(r"(?:include/tvw|src)/(\w+)/", path)
    return match.group(1) if match else None


def offences(path, text):
    """Sentences about the includes of one file; `path` is relative to the root."""
    layer = layer_of(path)
    for header in INCLUDE.findall(text):
        for prefix, allowed in THIRD_PARTY.items():
            if header.startswith(prefix) and not re.match(allowed, path):
                yield f"{path}: includes {header}, which only {allowed} may"
        if layer is None:
            continue
        match = re.match(r"(?:tvw/)?(\w+)/", header)
        used = match.group(1) if match else None
        if used not in LAYERS or used == layer:
            continue
        if not header.startswith("tvw/"):
            yield f"{path}: includes {header}, which is private to layer {used}"
        elif used not in LAYERS[layer]:
            yield f"{path}: layer {layer} may not include {header}"


def check_tree():
    found = []
    for folder in ("include", "src", "tools", "test"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".cpp", ".hpp", ".cu", ".cuh"}:
                found += offences(path.relative_to(ROOT).as_posix(), path.read_text())
    for directory in (ROOT / "src").iterdir():
        if directory.name not in LAYERS:
            found.append(f"src/{directory.name}: not a layer of the table")
    return found


def self_test():
    good = [
        ("src/pack/tw.cpp", '#include "tvw/core/mask.hpp"\n#include "pack/words.hpp"'),
        ("src/io/graph.cpp", "#include <onnx/onnx_pb.h>"),
        ("src/cli/prune.cpp", "#include <CLI/CLI.hpp>"),
    ]
    bad = [
        ("src/core/mask.cpp", '#include "tvw/pack/tw.hpp"'),
        ("include/tvw/report/report.hpp", '#include "tvw/kernels/executor.hpp"'),
        ("src/kernels/cpu/tw.cpp", '#include "pack/words.hpp"'),
        ("src/bench/run.cpp", "#include <onnx/onnx_pb.h>"),
        ("src/record/json.hpp", "#include <nlohmann/json.hpp>"),
        ("include/tvw/kernels/device.hpp", "#include <cuda_runtime.h>"),
    ]
    for path, text in good:
        assert not list(offences(path, text)), (path, text)
    for path, text in bad:
        assert list(offences(path, text)), (path, text)


if __name__ == "__main__":
    if "--self-test" in sys.argv:
        self_test()
    else:
        problems = check_tree()
        print("\n".join(problems) or "layers: ok")
        sys.exit(1 if problems else 0)
