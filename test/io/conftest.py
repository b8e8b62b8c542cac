"""Runs io_random_prune, the test program that prunes at random; TVW_RANDOM_PRUNE names it (ctest sets it)."""

import os
import subprocess

import numpy as np
import onnx
import onnx.numpy_helper
import pytest

DTYPES = {"f32": np.float32, "f16": np.float16}


class RandomPrune:
    def __init__(self, program, folder):
        self.program = program
        self.folder = folder

    def run(self, *arguments):
        return subprocess.run(
            [self.program, *map(str, arguments)], capture_output=True, text=True, timeout=300
        )

    def __call__(self, model, pattern, emit, density=0.5):
        """Returns the path that was written."""
        out = self.folder / f"{model.stem}.{emit}.onnx"
        result = self.run(model, pattern, emit, out, density)
        assert result.returncode == 0, result.stderr
        return out

    def list(self, model):
        """(name, op, K, N, type, "prunable" or why not) of each weight."""
        result = self.run(model, "2:4", "list", "-")
        assert result.returncode == 0, result.stderr
        return [line.split("\t") for line in result.stdout.splitlines()]

    def unpack(self, model):
        out = self.folder / f"{model.stem}.unpacked.onnx"
        result = self.run(model, "unpack", out)
        assert result.returncode == 0, result.stderr
        return out


@pytest.fixture
def prune(tmp_path):
    program = os.environ.get("TVW_RANDOM_PRUNE")
    if not program:
        pytest.fail("TVW_RANDOM_PRUNE is not set")
    return RandomPrune(program, tmp_path)


@pytest.fixture
def save(tmp_path):
    """save(text, {name: array or (dtype, dims)}, ...) writes a model given as ONNX text with initializers."""

    def write(text, weights, name="m", external=False, inputs_too=False):
        model = onnx.parser.parse_model(text)
        random = np.random.default_rng(3)
        for key, what in weights.items():
            if not isinstance(what, np.ndarray):
                dtype, dims = what
                values = random.standard_normal(dims).astype(np.float32)
                if dtype == "bf16":
                    what = onnx.helper.make_tensor(
                        key, onnx.TensorProto.BFLOAT16, dims, to_bf16(values).tobytes(), raw=True
                    )
                else:
                    what = onnx.numpy_helper.from_array(values.astype(DTYPES[dtype]), key)
            else:
                what = onnx.numpy_helper.from_array(what, key)
            if inputs_too:
                model.graph.input.append(
                    onnx.helper.make_tensor_value_info(key, what.data_type, list(what.dims))
                )
            model.graph.initializer.append(what)
        path = tmp_path / f"{name}.onnx"
        if external:
            onnx.save(
                model, path, save_as_external_data=True, location=f"{name}.data", size_threshold=0
            )
        else:
            onnx.save(model, path)
        return path

    return write


def to_bf16(values):
    """Cut off: good enough for weights that nobody else has seen."""
    return (values.view(np.uint32) >> 16).astype(np.uint16)
