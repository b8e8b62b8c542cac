"""Makes the files of one format version, once, when that version is new: make.py IO_RANDOM_PRUNE FOLDER

Files of a version that was released are never made again: a reader of today must read what was written then.
"""

import json
import pathlib
import struct
import subprocess
import sys

import numpy as np
import onnx

PATTERNS = {
    "tvw": "tvw:g=8",
    "tvw-1of4": "tvw:g=8,nm=1:4",
    "tw": "tw:g=8",
    "nm": "2:4",
    "block-ell": "block:b=8",
    "csr": "ew",
}
SOURCE = """<ir_version: 8, opset_import: ["" : 17]>
g (float[m, 37] x, float[1, 3, 5, 5] image) => (float[m, 19] z, float[1, 12, 4, 4] c) {
  y = MatMul (x, w0)
  f1 = Cast <to = 1> (w1)
  z = Gemm <transB = 1> (y, f1)
  f2 = Cast <to = 1> (w2)
  c = Conv (image, f2)
}"""


def tensor(name, dims, onnx_type, seed):
    values = np.random.default_rng(seed).standard_normal(dims).astype(np.float32)
    if onnx_type == onnx.TensorProto.BFLOAT16:
        raw = (values.view(np.uint32) >> 16).astype(np.uint16).tobytes()
    else:
        raw = values.astype(onnx.helper.tensor_dtype_to_np_dtype(onnx_type)).tobytes()
    return onnx.helper.make_tensor(name, onnx_type, dims, raw, raw=True)


def with_keys_of_tomorrow(sidecar):
    """(header, data, old header size) as a later minor version, which may add keys, would write them."""
    data = sidecar.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    metadata = header["__metadata__"]
    metadata["tvw.format"] = "1.7"
    metadata["tvw.news"] = "of a later version"
    weights = json.loads(metadata["tvw.weights"])
    for weight in weights:
        weight["news"] = [1, {"a": None}]
    metadata["tvw.weights"] = json.dumps(weights, separators=(",", ":"))
    text = json.dumps(header, separators=(",", ":")).encode()
    return text.ljust(len(text) + -(len(text) + 8) % 64), data[8 + size :], size


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    model = onnx.parser.parse_model(SOURCE)
    model.graph.initializer.extend(
        [
            tensor("w0", [37, 21], onnx.TensorProto.FLOAT, 1),
            tensor("w1", [19, 21], onnx.TensorProto.FLOAT16, 2),
            tensor("w2", [12, 3, 2, 2], onnx.TensorProto.BFLOAT16, 3),
        ]
    )
    source = folder / "source.onnx"
    onnx.save(model, source)
    for name, pattern in PATTERNS.items():
        for emit, out in (("packed", f"{name}.tvw.onnx"), ("masked", f"{name}.masked.onnx")):
            subprocess.run([program, source, pattern, emit, folder / out], check=True)
    packed = folder / "tw.tvw.onnx"
    text, data, size = with_keys_of_tomorrow(packed.with_suffix(".safetensors"))
    later = folder / "later.tvw.onnx"
    later.with_suffix(".safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    moved = onnx.load(packed, load_external_data=False)
    for initializer in moved.graph.initializer:
        for entry in initializer.external_data:
            if entry.key == "location":
                entry.value = later.with_suffix(".safetensors").name
            elif entry.key == "offset":
                entry.value = str(int(entry.value) + len(text) - size)
    onnx.save(moved, later)
    (folder / "later.masked.onnx").write_bytes((folder / "tw.masked.onnx").read_bytes())


main()
