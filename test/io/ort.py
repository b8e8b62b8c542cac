"""Stock ONNX Runtime as a judge: same inputs, are all outputs the same bits?"""

import time

import numpy as np
import onnxruntime

TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
}


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def random_inputs(model, sizes=None, seed=0):
    """`sizes`: symbolic dim or input name -> size or whole shape; 1 where it says nothing."""
    sizes = sizes or {}
    random = np.random.default_rng(seed)
    feeds = {}
    for value in model.get_inputs():
        shape = sizes.get(value.name) or [
            dim if isinstance(dim, int) and dim > 0 else sizes.get(dim, 1) for dim in value.shape
        ]
        dtype = TYPES[value.type]
        if np.issubdtype(dtype, np.floating):
            feeds[value.name] = random.standard_normal(shape).astype(dtype)
        else:
            feeds[value.name] = random.integers(0, 2, shape).astype(dtype)
    return feeds


def run(path, feeds):
    return session(path).run(None, feeds)


def same_bits(a, b):
    return len(a) == len(b) and all(
        x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes()
        for x, y in zip(a, b)
    )


def load_seconds(path, repeat=5):
    """Best of `repeat`."""
    best = float("inf")
    for _ in range(repeat):
        begin = time.perf_counter()
        session(path)
        best = min(best, time.perf_counter() - begin)
    return best
