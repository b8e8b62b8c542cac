"""Whatever a user hands over: one clear sentence, the right exit code, nothing left behind."""

import os
import shutil
import subprocess

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

FAILURE, USAGE, VERIFICATION, NOTHING = 1, 2, 3, 4


def save_matmul(path, weight, **tensor_fields):
    """One MatMul whose weight is `weight`; the fields override the stored tensor's."""
    tensor = numpy_helper.from_array(weight, "w")
    for name, value in tensor_fields.items():
        setattr(tensor, name, value)
    k, n = weight.shape
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"], name="matmul")],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["m", k])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["m", n])],
        [tensor],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def random_weight(k=128, n=128):
    return np.random.default_rng(1).standard_normal((k, n)).astype(np.float32)


def with_external_weight(path, location, offset=0, length=None):
    model = onnx.load(save_matmul(path, random_weight()))
    tensor = model.graph.initializer[0]
    raw = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        if value is not None:
            entry = tensor.external_data.add()
            entry.key, entry.value = key, str(value)
    path.write_bytes(model.SerializeToString())
    return raw


class TestModelFile:
    def test_missing(self, tvw, listing):
        assert "no-such.onnx" in tvw.fails(FAILURE, "prune", "no-such.onnx")
        assert listing() == {}

    def test_directory(self, tvw, tmp_path):
        (tmp_path / "folder.onnx").mkdir()
        assert "directory" in tvw.fails(FAILURE, "prune", "folder.onnx")

    @pytest.mark.parametrize("command", ["prune", "inspect"])
    def test_empty(self, tvw, tmp_path, listing, command):
        (tmp_path / "empty.onnx").write_bytes(b"")
        before = listing()
        assert "empty" in tvw.fails(FAILURE, command, "empty.onnx")
        assert listing() == before

    @pytest.mark.parametrize("share", [0.999, 0.7, 0.3, 0.01])
    def test_truncated(self, tvw, digits, listing, share):
        whole = digits.read_bytes()
        digits.write_bytes(whole[: int(len(whole) * share)])
        before = listing()
        assert "digits.onnx" in tvw.fails(FAILURE, "prune", "digits.onnx")
        assert listing() == before

    @pytest.mark.parametrize("seed", range(5))
    def test_random_bytes(self, tvw, tmp_path, listing, seed):
        noise = np.random.default_rng(seed).integers(0, 256, 5000, dtype=np.uint8)
        (tmp_path / "noise.onnx").write_bytes(noise.tobytes())
        before = listing()
        assert "noise.onnx" in tvw.fails(FAILURE, "prune", "noise.onnx")
        assert listing() == before

    def test_text(self, tvw, tmp_path):
        (tmp_path / "notes.onnx").write_text("this is not a model\n" * 20)
        assert "notes.onnx" in tvw.fails(FAILURE, "prune", "notes.onnx")

    @pytest.mark.parametrize("dims", [[2**63 - 1, 2**63 - 1], [-1, 128], [2**62, 4]])
    def test_impossible_dims(self, tvw, tmp_path, listing, dims):
        model = onnx.load(save_matmul(tmp_path / "m.onnx", random_weight()))
        del model.graph.initializer[0].dims[:]
        model.graph.initializer[0].dims.extend(dims)
        (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
        before = listing()
        assert "w" in tvw.fails(FAILURE, "prune", "m.onnx")
        assert listing() == before


class TestExternalData:
    def test_missing(self, tvw, tmp_path, listing):
        with_external_weight(tmp_path / "m.onnx", "weights.bin")
        before = listing()
        assert "weights.bin" in tvw.fails(FAILURE, "prune", "m.onnx")
        assert listing() == before

    @pytest.mark.parametrize("location", ["../weights.bin", "a/../../weights.bin", "/etc/passwd", ""])
    def test_outside_of_the_folder(self, tvw, tmp_path, listing, location):
        with_external_weight(tmp_path / "m.onnx", location)
        before = listing()
        message = tvw.fails(FAILURE, "prune", "m.onnx")
        assert "external" in message
        assert listing() == before

    def test_symlink_out_of_the_folder(self, tvw, tmp_path, tmp_path_factory):
        raw = with_external_weight(tmp_path / "m.onnx", "weights.bin")
        secret = tmp_path_factory.mktemp("elsewhere") / "secret.bin"
        secret.write_bytes(raw)
        (tmp_path / "weights.bin").symlink_to(secret)
        assert "weights.bin" in tvw.fails(FAILURE, "prune", "m.onnx")

    @pytest.mark.parametrize(
        "offset,length", [(4, None), (0, 10**12), (2**63 - 1, None), (-4, None), (0, 100)]
    )
    def test_past_the_end(self, tvw, tmp_path, listing, offset, length):
        raw = with_external_weight(tmp_path / "m.onnx", "weights.bin", offset, length)
        (tmp_path / "weights.bin").write_bytes(raw)
        before = listing()
        assert "weights.bin" in tvw.fails(FAILURE, "prune", "m.onnx")
        assert listing() == before

    def test_right(self, tvw, tmp_path):
        raw = with_external_weight(tmp_path / "m.onnx", "weights.bin", 64, 128 * 128 * 4)
        (tmp_path / "weights.bin").write_bytes(b"\0" * 64 + raw)
        tvw.works("prune", "m.onnx")


class TestWeights:
    @pytest.mark.parametrize("value,word", [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "inf")])
    def test_not_finite(self, tvw, tmp_path, listing, value, word):
        weight = random_weight()
        weight[3, 7] = value
        save_matmul(tmp_path / "m.onnx", weight)
        before = listing()
        message = tvw.fails(FAILURE, "prune", "m.onnx")
        assert "w" in message and "[3, 7]" in message and word in message.lower()
        assert listing() == before

    def test_nothing_to_prune(self, tvw, tmp_path, listing):
        graph = helper.make_graph(
            [helper.make_node("Relu", ["x"], ["y"])],
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
        )
        onnx.save(helper.make_model(graph), tmp_path / "relu.onnx")
        before = listing()
        assert "no prunable weight" in tvw.fails(NOTHING, "prune", "relu.onnx")
        assert listing() == before


class TestFlags:
    def test_unknown_pattern(self, tvw, digits, listing):
        before = listing()
        message = tvw.fails(USAGE, "prune", "digits.onnx", "--pattern", "tvv")
        assert "did you mean 'tvw'" in message
        assert listing() == before

    @pytest.mark.parametrize("sparsity", ["1.0", "-1", "abc", "nan", ""])
    def test_sparsity(self, tvw, digits, listing, sparsity):
        before = listing()
        assert "sparsity" in tvw.fails(USAGE, "prune", "digits.onnx", f"--sparsity={sparsity}")
        assert listing() == before

    def test_misspelt_option(self, tvw, digits):
        message = tvw.fails(USAGE, "prune", "digits.onnx", "--sparsty", "0.5")
        assert "did you mean '--sparsity'" in message

    def test_misspelt_command(self, tvw):
        assert "did you mean 'prune'" in tvw.fails(USAGE, "prun", "x.onnx")

    @pytest.mark.parametrize(
        "arguments",
        [
            ("prune", "digits.onnx", "--scope", "everywhere"),
            ("prune", "digits.onnx", "--permute", "quick"),
            ("prune", "digits.onnx", "--emit", "zip"),
            ("prune", "digits.onnx", "--include", "("),
            ("prune", "digits.onnx", "--pattern", "tvw", "--sparsity", "0.3"),
            ("bench", "--pattern", "nope"),
            ("bench", "--workload", "bert-bas"),
            ("bench", "--m", "0"),
            ("bench", "--m", "12x"),
            ("bench", "--dtype", "f64"),
            ("bench", "--device", "gpu"),
            ("bench", "--cache", "warm"),
            ("bench", "--layout", "rows"),
            ("bench", "--epilogue", "swish"),
            ("report", "run.json", "--format", "pdf"),
            ("--threads", "0", "devices"),
        ],
    )
    def test_wrong_values(self, tvw, digits, listing, arguments):
        before = listing()
        tvw.fails(USAGE, *arguments)
        assert listing() == before

    def test_no_arguments(self, tvw):
        assert "ubcommand" in tvw.fails(USAGE)


class TestOutput:
    def test_exists(self, tvw, digits, listing):
        tvw.works("prune", "digits.onnx")
        before = listing()
        assert "--force" in tvw.fails(FAILURE, "prune", "digits.onnx")
        assert listing() == before
        tvw.works("prune", "digits.onnx", "--force")

    def test_is_the_input(self, tvw, digits, tmp_path, listing):
        before = listing()
        assert "input" in tvw.fails(FAILURE, "prune", "digits.onnx", "-o", "digits.onnx", "--force")
        os.link(tmp_path / "digits.onnx", tmp_path / "same.onnx")
        assert "input" in tvw.fails(FAILURE, "prune", "digits.onnx", "-o", "same.onnx", "--force")
        (tmp_path / "same.onnx").unlink()
        assert listing() == before

    def test_folder_is_missing(self, tvw, digits, listing):
        before = listing()
        assert "nowhere" in tvw.fails(FAILURE, "prune", "digits.onnx", "-o", "nowhere/out.onnx")
        assert listing() == before

    def test_not_writable(self, tvw, digits):
        # /proc refuses new files even to root.
        assert "/proc" in tvw.fails(FAILURE, "prune", "digits.onnx", "-o", "/proc/out.onnx")

    def test_disk_full(self, tvw, digits, tmp_path):
        disk = tmp_path / "disk"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
        if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode != 0:
            pytest.skip("mounting a small tmpfs needs root")
        try:
            message = tvw.fails(FAILURE, "prune", "digits.onnx", "-o", "disk/out.onnx")
            assert "space" in message
            assert list(disk.iterdir()) == []
        finally:
            subprocess.run(["umount", str(disk)], check=True)


class TestRecords:
    @pytest.mark.parametrize(
        "text", ["", "{", "[]", "null", '{"schema_version": "99.0"}', '{"schema_version": 1}']
    )
    def test_not_a_record(self, tvw, tmp_path, text):
        (tmp_path / "run.json").write_text(text)
        assert "run.json" in tvw.fails(FAILURE, "report", "run.json")

    def test_missing(self, tvw):
        assert "run.json" in tvw.fails(FAILURE, "report", "run.json")
