"""Packed, packed-inline and unpacked models compute the masked model's bits in stock ONNX Runtime."""

import json
import pathlib

import numpy as np
import onnx
import ort
import pytest
import safetensors.numpy

PATTERNS = [
    "tvw:g=16",
    "tvw:g=64",
    "tvw:g=16,nm=1:4",
    "tvw:g=5,nm=1:2",
    "tw:g=16",
    "2:4",
    "1:4",
    "1:2",
    "3:4",
    "block:b=8",
    "block:b=32",
    "ew",
]
ONNX_TYPES = {"f32": "float", "f16": "float16", "bf16": "bfloat16"}

# op: how the weight `w` is used, the input's and output's shape, and the stored shape. Sizes are no multiples
# of anything, so that all kinds of padding occur.
OPS = {
    "matmul": ("y = MatMul (x, w)", "[m, 70]", "[m, 45]", [70, 45]),
    "gemm": ("y = Gemm (x, w)", "[m, 70]", "[m, 45]", [70, 45]),
    "gemm-transB": ("y = Gemm <transB = 1> (x, w)", "[m, 70]", "[m, 45]", [45, 70]),
    "conv": ("y = Conv (x, w)", "[1, 7, 9, 9]", "[1, 45, 7, 7]", [45, 7, 3, 3]),
}


def header(opset=17, ir=8, domains=""):
    return f'<ir_version: {ir}, opset_import: ["" : {opset}{domains}]>\n'


def one_op(op, dtype, **versions):
    body, x, y, dims = OPS[op]
    kind = ONNX_TYPES[dtype]
    if dtype == "bf16":  # stock runtimes have no bf16 products on the CPU
        kind = "float"
        body = "f = Cast <to = 1> (w)\n" + body.replace("w)", "f)")
    text = header(**versions) + f"g ({kind}{x} x) => ({kind}{y} y) {{ {body} }}"
    return text, {"w": (dtype, dims)}


def check_same(prune, model, pattern, density=0.5):
    """Returns the packed model."""
    masked = prune(model, pattern, "masked", density)
    session = ort.session(masked)
    feeds = ort.random_inputs(session, {"m": 13})
    expected = session.run(None, feeds)
    dense = ort.run(model, feeds)
    assert not ort.same_bits(expected, dense), "nothing was pruned"
    packed = prune(model, pattern, "packed", density)
    inlined = prune(model, pattern, "packed-inline", density)
    for path in (packed, inlined, prune.unpack(packed), prune.unpack(inlined)):
        onnx.checker.check_model(str(path), full_check=True)
        assert ort.same_bits(ort.run(path, feeds), expected), path.name
    assert not onnx.load(inlined, load_external_data=False).functions
    return packed


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", ONNX_TYPES)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_each_pattern_type_and_op(prune, save, pattern, dtype, op):
    check_same(prune, save(*one_op(op, dtype)), pattern)


@pytest.mark.parametrize("density", [0.0, 0.02, 0.99])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_extreme_densities(prune, save, pattern, density):
    model = save(
        header() + "g (float[m, 70] x) => (float[m, 33] y) { a = MatMul (x, v)  y = MatMul (a, w) }",
        {"v": ("f32", [70, 45]), "w": ("f32", [45, 33])},
    )
    check_same(prune, model, pattern, density=density)


@pytest.mark.parametrize("opset", [11, 12, 13, 14, 18, 19, 21, 22, 23])
@pytest.mark.parametrize("pattern", ["tvw:g=16", "tw:g=16", "2:4", "block:b=8", "ew"])
def test_each_opset(prune, save, pattern, opset):
    check_same(prune, save(*one_op("gemm-transB", "f32", opset=opset)), pattern)


@pytest.mark.parametrize("opset,ir", [(7, 3), (8, 3), (9, 4), (10, 5), (11, 3), (13, 7)])
@pytest.mark.parametrize("op", OPS)
def test_old_models_are_raised(prune, save, op, opset, ir):
    text, weights = one_op(op, "f32", opset=opset, ir=ir)
    if op.startswith("gemm"):  # C became optional in opset 11
        text = text.replace("w)", "w, c)")
        weights["c"] = np.linspace(-1, 1, 45, dtype=np.float32)
    packed = onnx.load(check_same(prune, save(text, weights, inputs_too=ir < 4), "tvw:g=16"))
    assert packed.ir_version >= 8
    assert [value.name for value in packed.graph.input] == ["x"]


CHAINS = {
    "transpose": ("f = Transpose (w)  y = MatMul (x, f)", [45, 70]),
    "transpose-perm": ("f = Transpose <perm = [1, 0]> (w)  y = MatMul (x, f)", [45, 70]),
    "identity": ("f = Identity (w)  y = MatMul (x, f)", [70, 45]),
    "reshape": (
        "s = Constant <value = int64[2] {70, -1}> ()  f = Reshape (w, s)  y = MatMul (x, f)",
        [7, 10, 45],
    ),
    "squeeze": (
        "a = Constant <value = int64[1] {0}> ()  f = Squeeze (w, a)  y = MatMul (x, f)",
        [1, 70, 45],
    ),
    "unsqueeze": (
        "a = Constant <value = int64[1] {0}> ()  u = Unsqueeze (w, a)  f = Squeeze (u, a)"
        "  y = MatMul (x, f)",
        [70, 45],
    ),
    "flatten": ("f = Flatten <axis = 2> (w)  y = MatMul (x, f)", [7, 10, 45]),
    "cast": ("h = Cast <to = 1> (w)  y = MatMul (x, h)", [70, 45]),
    "several": (
        "i = Identity (w)  t = Transpose (i)  h = Cast <to = 1> (t)  y = Gemm <transB = 1> (x, h)",
        [70, 45],
    ),
    "shared": ("a = MatMul (x, w)  b = MatMul (x, w)  y = Add (a, b)", [70, 45]),
    "constant-node": ("y = MatMul (x, w)", [70, 45]),
}


@pytest.mark.parametrize("pattern", ["tvw:g=16", "2:4"])
@pytest.mark.parametrize("chain", CHAINS)
def test_weights_behind_views(prune, save, chain, pattern):
    body, dims = CHAINS[chain]
    dtype = "f16" if chain in ("cast", "several") else "f32"
    model = save(header() + f"g (float[m, 70] x) => (float[m, 45] y) {{ {body} }}", {"w": (dtype, dims)})
    if chain == "constant-node":
        proto = onnx.load(model)
        tensor = proto.graph.initializer.pop()
        proto.graph.node.insert(0, onnx.helper.make_node("Constant", [], ["w"], value=tensor))
        onnx.save(proto, model)
    check_same(prune, model, pattern)


def test_constant_as_left_operand(prune, save):
    text = header() + "g (float[70, 11] x) => (float[45, 11] y) { y = MatMul (w, x) }"
    check_same(prune, save(text, {"w": ("f32", [45, 70])}), "tvw:g=16")


def test_one_dimensional_conv(prune, save):
    text = header() + "g (float[1, 20, 50] x) => (float[1, 45, 48] y) { y = Conv (x, w) }"
    check_same(prune, save(text, {"w": ("f32", [45, 20, 3])}), "tvw:g=16")


@pytest.mark.parametrize("pattern", ["tvw:g=16", "ew"])
def test_external_data(prune, save, pattern):
    """Large tensors move to the sidecar, which is a file for everybody."""
    text = header() + "g (float[m, 70] x) => (float[m, 1000] z) { y = MatMul (x, w)  s = Tanh (y)  z = Add (s, b)  }"
    model = save(
        text,
        {"w": ("f32", [70, 1000]), "b": ("f32", [1, 1000])},
        external=True,
    )
    packed = check_same(prune, model, pattern)
    for tensor in onnx.load(packed, load_external_data=False).graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                assert entry.value == packed.with_suffix(".safetensors").name


def test_sidecar_is_readable_by_safetensors(prune, save):
    model = save(*one_op("matmul", "f32"))
    packed = prune(model, "tvw:g=16", "packed")
    sidecar = packed.with_suffix(".safetensors")
    tensors = safetensors.numpy.load_file(sidecar)
    assert sorted(tensors) == ["w.index", "w.k_index", "w.n_index", "w.row_tile", "w.values"]
    assert tensors["w.values"].dtype == np.float32
    with safetensors.safe_open(sidecar, "np") as file:
        metadata = file.metadata()
    assert metadata["tvw.format"] == "1.0"
    (weight,) = json.loads(metadata["tvw.weights"])
    assert weight["source"] == "w" and weight["pattern"] == "tvw:g=16,nm=2:4"
    for initializer in onnx.load(packed, load_external_data=True).graph.initializer:
        if initializer.name in tensors:
            array = onnx.numpy_helper.to_array(initializer)
            assert array.tobytes() == tensors[initializer.name].tobytes()


def test_pruning_twice_is_refused(prune, save):
    text = header() + "g (float[m, 70] x) => (float[m, 45] y) { a = MatMul (x, v)  y = MatMul (a, w) }"
    packed = prune(save(text, {"v": ("f32", [70, 70]), "w": ("f32", [70, 45])}), "2:4", "packed")
    proto = onnx.load(packed)
    proto.graph.node.append(onnx.helper.make_node("MatMul", ["y", "u"], ["z"]))
    proto.graph.initializer.append(
        onnx.numpy_helper.from_array(np.ones((45, 20), np.float32), "u")
    )
    again = packed.with_name("again.onnx")
    onnx.save(proto, again)
    result = prune.run(again, "2:4", "packed", packed.with_name("twice.onnx"))
    assert result.returncode == 4 and "tvw unpack" in result.stderr


def test_sidecar_of_another_model_is_refused(prune, save):
    model = save(*one_op("matmul", "f32"))
    packed = prune(model, "2:4", "packed")
    masked = prune(model, "2:4", "masked")
    masked.rename(packed)
    result = prune.run(packed, "unpack", packed.with_name("u.onnx"))
    assert result.returncode == 1 and "no model that tvw packed" in result.stderr


@pytest.mark.parametrize("op", ["matmul", "gemm-transB"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_positions_of_64_bits(prune, save, pattern, op):
    """What weights of 2^31 elements need, on a small one."""
    model = save(*one_op(op, "f32"))
    packed = prune(model, pattern, "packed")
    wide = packed.with_name("wide.onnx")
    result = prune.run(packed, "widen", wide)
    assert result.returncode == 0, result.stderr
    (function,) = onnx.load(wide, load_external_data=False).functions
    assert function not in onnx.load(packed, load_external_data=False).functions
    onnx.checker.check_model(str(wide), full_check=True)
    feeds = ort.random_inputs(ort.session(model), {"m": 13})
    masked = prune(model, pattern, "masked")
    assert ort.same_bits(ort.run(wide, feeds), ort.run(masked, feeds))


FORMATS = pathlib.Path(__file__).resolve().parent / "formats"


@pytest.mark.parametrize(
    "packed", sorted(FORMATS.glob("*/*.tvw.onnx")), ids=lambda path: path.name.split(".")[0]
)
def test_files_of_released_formats_run(packed):
    feeds = ort.random_inputs(ort.session(packed), {"m": 5})
    masked = packed.with_name(packed.name.replace(".tvw.", ".masked."))
    assert ort.same_bits(ort.run(packed, feeds), ort.run(masked, feeds))
