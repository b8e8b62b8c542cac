"""What the tests of written models share: running them in stock ONNX Runtime and looking inside."""

import pathlib
import time

import numpy as np
import onnx
import onnxruntime

onnxruntime.set_default_logger_severity(4)

_TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
}


def session(path, optimized=None):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 2
    if optimized is not None:
        options.optimized_model_filepath = str(optimized)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def random_feeds(inputs, open_dim=1, seed=0):
    """Values for every required input; dims without a number become `open_dim`."""
    rng = np.random.default_rng(seed)
    feeds = {}
    for value in inputs:
        shape = [d if isinstance(d, int) and d > 0 else open_dim for d in value.shape]
        dtype = _TYPES[value.type]
        if np.issubdtype(dtype, np.floating):
            feeds[value.name] = rng.standard_normal(shape).astype(dtype)
        elif dtype == np.bool_:
            feeds[value.name] = np.ones(shape, dtype)
        else:
            feeds[value.name] = rng.integers(0, 2, shape).astype(dtype)
    return feeds


def outputs(path, feeds):
    return session(path).run(None, feeds)


def assert_same_bits(first, second):
    assert len(first) == len(second)
    for a, b in zip(first, second):
        assert a.dtype == b.dtype and a.shape == b.shape
        assert a.tobytes() == b.tobytes()


def load_seconds(path, runs=9):
    """Least time of creating a session."""
    best = float("inf")
    for _ in range(runs):
        begin = time.perf_counter()
        session(path)
        best = min(best, time.perf_counter() - begin)
    return best


def left_after_folding(path, folder):
    """Op types that ONNX Runtime still has after it optimised the model."""
    optimized = pathlib.Path(folder) / "optimized.onnx"
    session(path, optimized)
    return [n.op_type for n in onnx.load(optimized, load_external_data=False).graph.node]
