"""Names in a model are text of somebody else: they reach no terminal as they are, and stay short there."""

import json

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

NAMES = {
    "escape": "w\x1b[2J\x1b]0;owned\x07",
    "new line": "w\ntvw: info: all is well",
    "C1 control": "w\u009b31m",
    "right to left": "w\u202egnp.exe",
    "quotes": 'w"\\\'<b>|,{}%s',
}
ACTIVE = [chr(c) for c in range(32) if chr(c) not in "\n\t"] + ["\x7f", "\u009b", "\u202e"]


def save(path, name, k=64):
    """MatMul by `name` (bytes are put in as they are, UTF-8 or not)."""
    raw = name if isinstance(name, bytes) else name.encode()
    stand_in = "w" * len(raw)
    weight = np.random.default_rng(1).standard_normal((64, 64)).astype(np.float32)
    tensor = numpy_helper.from_array(weight, stand_in)
    tensor.dims[0] = k
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", stand_in], ["y"], name="node")],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["m", 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["m", 64])],
        [tensor],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString().replace(stand_in.encode(), raw))
    return path


def assert_harmless(text, longest_line=3000):
    assert not [c for c in ACTIVE if c in text]
    assert max(map(len, text.split("\n"))) < longest_line


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_every_output(tvw, tmp_path, name):
    save(tmp_path / "m.onnx", name)
    table = tvw.works("inspect", "m.onnx").stdout
    assert_harmless(table)
    assert len(table.strip().split("\n")) == 3
    listed = tvw.works("inspect", "--json", "m.onnx").stdout
    assert_harmless(listed)
    assert json.loads(listed)["weights"][0]["name"] == name
    pruned = tvw.works("prune", "m.onnx", "--pattern", "tw:g=16", "--record", "p.json")
    assert_harmless(pruned.stdout + pruned.stderr)
    record = (tmp_path / "p.json").read_text()
    assert_harmless(record)
    assert json.loads(record)["rows"][0]["name"] == name
    assert_harmless(tvw.works("bench", "--list", "m.tvw.onnx").stdout)
    assert tvw.works("verify", "m.tvw.onnx", "--against", "m.onnx")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_messages(tvw, tmp_path, name):
    assert_harmless(tvw.fails(1, "inspect", save(tmp_path / "m.onnx", name, k=63)))


def test_long_names_are_cut(tvw, tmp_path):
    name = "first" + "a" * 1_000_000 + "last"
    message = tvw.fails(1, "inspect", save(tmp_path / "m.onnx", name, k=63))
    assert_harmless(message)
    assert "first" in message and "bytes" in message and "expected by its dims" in message
    save(tmp_path / "m.onnx", name)
    table = tvw.works("inspect", "m.onnx").stdout
    assert_harmless(table, 400)
    assert "first" in table and "last" in table
    assert_harmless(tvw.works("prune", "m.onnx", "--pattern", "tw:g=16").stdout, 400)


def test_names_that_are_not_utf8(tvw, tmp_path):
    save(tmp_path / "m.onnx", b"w\xff\xfe")
    result = tvw.works("inspect", "m.onnx")
    assert r"w\xff\xfe" in result.stdout
    assert json.loads(tvw.works("inspect", "--json", "m.onnx").stdout)["weights"][0]["prunable"]
    message = tvw.fails(4, "prune", "m.onnx", "--pattern", "tw:g=16")
    assert r"weight 'w\xff\xfe': expected UTF-8" in message
    assert not (tmp_path / "m.tvw.onnx").exists()
    assert_harmless(message)


def test_arguments_are_escaped_as_well(tvw):
    assert_harmless(tvw.fails(1, "inspect", "\x1b[31mno-such.onnx"))
    assert_harmless(tvw.fails(2, "bench", "--pattern", "\x1b[31m" + "tvw" * 10_000))
