#!/usr/bin/env python3
"""Are two ONNX models the same function? Runs both in stock ONNX Runtime and compares every bit.

    compare_models.py A.onnx B.onnx                      seeded random inputs, made from A's signature
    compare_models.py A.onnx B.onnx --bytes-of FILE...   for models that classify a file by its bytes

Prints one line per output, then the verdict and how long each model takes to load. Exit codes: 0
every bit is equal, 1 some are not, 2 the models cannot be compared.
"""

import argparse
import sys
import time

import numpy as np
import onnxruntime

INTEGERS = {"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"}
FLOATS = {"float": np.float32, "float16": np.float16, "double": np.float64}
PADDING = 256  # what a magika model reads where a file has no byte


def open_session(path, load_runs):
    """A session and the median of the seconds that it takes to make one."""
    seconds = []
    for _ in range(load_runs):
        begin = time.perf_counter()
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        seconds.append(time.perf_counter() - begin)
    return session, float(np.median(seconds))


def signature(session):
    return [(value.name, value.type) for value in session.get_inputs()]


def random_value(value, rng, open_dim, int_limit):
    """Dimensions without a number become `open_dim`; integers stay small, as they often are indices."""
    shape = [d if isinstance(d, int) and d > 0 else open_dim for d in value.shape]
    kind = value.type.removeprefix("tensor(").removesuffix(")")
    if kind in FLOATS:
        return rng.standard_normal(shape).astype(FLOATS[kind])
    if kind in INTEGERS:
        return rng.integers(0, int_limit, shape).astype(kind)
    if kind == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    raise ValueError(f"input {value.name} has type {value.type}, for which no values can be made")


def random_feeds(session, count, seed, open_dim, int_limit):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield {
            value.name: random_value(value, rng, open_dim, int_limit)
            for value in session.get_inputs()
        }


def file_feeds(session, paths):
    """The start and the end of each file, as one batch: what magika models read."""
    inputs = session.get_inputs()
    if len(inputs) != 1 or inputs[0].type != "tensor(int32)" or len(inputs[0].shape) != 2:
        raise ValueError("--bytes-of needs a model with one input, int32 [files, bytes]")
    half = inputs[0].shape[1] // 2
    batch = np.full((len(paths), 2 * half), PADDING, np.int32)
    for row, path in zip(batch, paths):
        with open(path, "rb") as file:
            content = np.frombuffer(file.read().strip(), np.uint8)
        start, end = content[:half], content[-half:]
        row[: len(start)] = start
        row[2 * half - len(end) :] = end
    yield {inputs[0].name: batch}


def difference(a, b):
    """None if every bit is equal, else a sentence."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return f"{a.dtype} {a.shape} against {b.dtype} {b.shape}"
    if a.dtype == object:  # strings
        return None if np.array_equal(a, b) else "strings differ"
    if a.tobytes() == b.tobytes():
        return None
    largest = np.max(np.abs(a.astype(np.float64) - b.astype(np.float64)))
    return f"{np.mean(a != b):.1%} of the values differ, by at most {largest:.3g}"


def compare(first, second, feeds):
    """True if all outputs are equal bit by bit, on every feed."""
    names = [value.name for value in first.get_outputs()]
    found = {name: [] for name in names}
    values = dict.fromkeys(names, 0)
    for feed in feeds:
        for name, a, b in zip(names, first.run(names, feed), second.run(names, feed)):
            a, b = np.asarray(a), np.asarray(b)
            values[name] += a.size
            if sentence := difference(a, b):
                found[name].append(sentence)
    for name in names:
        print(f"  {name}: " + (found[name][0] if found[name] else f"{values[name]} values, same bits"))
    return not any(found.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("first")
    parser.add_argument("second")
    parser.add_argument("--bytes-of", nargs="+", metavar="FILE")
    parser.add_argument("--inputs", type=int, default=5, help="random inputs to try (5)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--open-dim", type=int, default=2, help="size of dynamic dimensions (2)")
    parser.add_argument("--int-limit", type=int, default=2, help="random integers are below (2)")
    parser.add_argument("--load-runs", type=int, default=5, help="loads to take the median of (5)")
    options = parser.parse_args()

    onnxruntime.set_default_logger_severity(3)
    first, first_load = open_session(options.first, options.load_runs)
    second, second_load = open_session(options.second, options.load_runs)
    if signature(first) != signature(second):
        raise ValueError(f"inputs differ: {signature(first)} against {signature(second)}")
    if options.bytes_of:
        feeds = file_feeds(first, options.bytes_of)
    else:
        feeds = random_feeds(
            first, options.inputs, options.seed, options.open_dim, options.int_limit
        )
    same = compare(first, second, feeds)
    print(f"{'bit-identical' if same else 'NOT the same'}: {options.first} and {options.second}")
    print(f"loads in {first_load * 1e3:.0f} ms and {second_load * 1e3:.0f} ms")
    return 0 if same else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception as error:  # runtime errors of ORT have no common base class
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
