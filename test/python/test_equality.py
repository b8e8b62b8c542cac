"""Packed and masked models of the same weights compute the same bits in stock ONNX Runtime."""

import os
import shutil
import subprocess
import sys

import ml_dtypes
import numpy as np
import onnx
import onnx.reference
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_tools import (
    assert_same_bits,
    left_after_folding,
    load_seconds,
    outputs,
    random_feeds,
    session,
)
from safetensors import safe_open

PATTERNS = ["tvw:g=32", "tvw:g=64,nm=1:2", "tw:g=32", "2:4", "1:4", "block:b=16", "ew"]
DTYPES = {"f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16}
OPS = ["matmul", "matmul_left", "gemm", "gemm_transposed", "conv"]
# Neither is a multiple of a tile, a quad or a block: pads are everywhere.
K, N = 153, 106


def weight_shape(op, rows):
    if op == "conv":
        return (N, 17, 3, 3)  # K = 17 * 3 * 3
    return (N, rows) if op in ("gemm_transposed", "matmul_left") else (rows, N)


def make_model(path, op, dtype, opset=17, ir=8, rows=K):
    """One weight `w`. ONNX Runtime's CPU has no bf16 products, so a bf16 weight is cast to f32."""
    rng = np.random.default_rng(3)
    weight = rng.standard_normal(weight_shape(op, rows)).astype(DTYPES[dtype])
    nodes = []
    used = "w"
    compute = TensorProto.FLOAT16 if dtype == "f16" else TensorProto.FLOAT
    if dtype == "bf16":
        nodes.append(helper.make_node("Cast", ["w"], ["w32"], to=TensorProto.FLOAT))
        used = "w32"
    shape, result = [4, rows], [4, N]
    if op == "matmul":
        nodes.append(helper.make_node("MatMul", ["x", used], ["y"]))
    elif op == "matmul_left":
        shape, result = [rows, 4], [N, 4]
        nodes.append(helper.make_node("MatMul", [used, "x"], ["y"]))
    elif op == "conv":
        shape, result = [2, 17, 9, 8], [2, N, 9, 8]
        nodes.append(helper.make_node("Conv", ["x", used], ["y"], pads=[1, 1, 1, 1]))
    else:
        transposed = int(op == "gemm_transposed")
        nodes.append(
            helper.make_node("Gemm", ["x", used], ["y"], transB=transposed, alpha=0.5)
        )
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", compute, shape)],
        [helper.make_tensor_value_info("y", compute, result)],
        [numpy_helper.from_array(weight, "w")],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir
    )
    onnx.save(model, path)
    return weight


def write_all(tvw, source, folder, pattern):
    """Masked, packed, inline and unpacked."""
    masked = tvw.prune(source, folder / "masked.onnx", pattern, "masked")
    packed = tvw.prune(source, folder / "packed.tvw.onnx", pattern, "packed")
    inline = tvw.prune(source, folder / "inline.tvw.onnx", pattern, "packed-inline")
    unpacked = folder / "unpacked.onnx"
    tvw.works("unpack", packed, "-o", unpacked, "--force")
    return masked, packed, inline, unpacked


def stored(path, name="w"):
    tensors = onnx.load(path).graph.initializer
    return numpy_helper.to_array(next(t for t in tensors if t.name == name))


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_packed_equals_masked(tvw, tmp_path, pattern, dtype, op):
    source = tmp_path / "model.onnx"
    dense = make_model(source, op, dtype)
    masked, packed, inline, unpacked = write_all(tvw, source, tmp_path, pattern)

    pruned = stored(masked)
    assert pruned.dtype == dense.dtype and pruned.shape == dense.shape
    kept = pruned != 0
    assert 0 < kept.mean() < 0.8
    assert np.array_equal(pruned[kept], dense[kept])
    assert stored(unpacked).tobytes() == pruned.tobytes()

    for written in (masked, packed, inline, unpacked):
        onnx.checker.check_model(str(written), full_check=True)
    feeds = random_feeds(session(source).get_inputs())
    expected = outputs(masked, feeds)
    for written in (packed, inline, unpacked):
        assert_same_bits(outputs(written, feeds), expected)
    assert sorted(left_after_folding(packed, tmp_path)) == sorted(
        left_after_folding(masked, tmp_path)
    )
    with safe_open(tmp_path / "packed.tvw.safetensors", "numpy") as sidecar:
        assert sidecar.metadata()["tvw.format"] == "1.0"
        assert any(name == "w.values" for name in sidecar.keys())


@pytest.mark.parametrize("opset, ir", [(7, 3), (9, 4), (11, 8), (13, 8), (18, 9), (22, 10)])
@pytest.mark.parametrize("pattern", ["tvw", "tw", "2:4", "block:b=16", "ew"])
def test_opsets(tvw, tmp_path, pattern, opset, ir):
    source = tmp_path / "model.onnx"
    make_model(source, "matmul", "f32", opset, ir)
    if ir == 3:  # before IR 4 every initializer is an input as well
        model = onnx.load(source)
        model.graph.input.append(
            helper.make_tensor_value_info("w", TensorProto.FLOAT, [K, N])
        )
        onnx.save(model, source)
    written = write_all(tvw, source, tmp_path, pattern)
    masked, packed = written[:2]
    feeds = random_feeds([i for i in session(source).get_inputs() if i.name != "w"])
    expected = outputs(masked, feeds)
    for path in written[1:]:
        onnx.checker.check_model(str(path), full_check=True)
        assert_same_bits(outputs(path, feeds), expected)
    assert set(left_after_folding(packed, tmp_path)) <= {"MatMul", "Gemm"}


@pytest.mark.parametrize("pattern", ["tvw:g=32", "tw:g=32", "2:4", "block:b=16", "ew"])
def test_another_runtime(tvw, tmp_path, pattern):
    """onnx's reference evaluator runs the functions node by node."""
    source = tmp_path / "model.onnx"
    make_model(source, "gemm_transposed", "f16")
    masked, packed, inline, _ = write_all(tvw, source, tmp_path, pattern)
    feeds = random_feeds(session(source).get_inputs())
    expected = onnx.reference.ReferenceEvaluator(str(masked)).run(None, feeds)
    for path in (packed, inline):
        model = onnx.load(path)
        assert_same_bits(onnx.reference.ReferenceEvaluator(model).run(None, feeds), expected)


@pytest.mark.parametrize("pattern, sparse", [("2:4", True), ("tw:g=32", False)])
@pytest.mark.parametrize("op", ["matmul", "gemm_transposed"])
def test_polygraphy_finds_two_of_four(tvw, tmp_path, op, pattern, sparse):
    """An independent judge of 2:4, as TensorRT defines it."""
    polygraphy = shutil.which("polygraphy", path=os.path.dirname(sys.executable))
    if polygraphy is None:
        pytest.skip("polygraphy is not installed")
    source = tmp_path / "model.onnx"
    make_model(source, op, "f32", rows=160)
    masked = tvw.prune(source, tmp_path / "masked.onnx", pattern, "masked")
    report = subprocess.run(
        [polygraphy, "inspect", "sparsity", str(masked)], capture_output=True, text=True
    )
    assert report.returncode == 0, report.stderr
    assert ("Found sparse tensor: w" in report.stdout + report.stderr) == sparse
