#!/usr/bin/env python3
"""Trains the small real model that the tests prune: scikit-learn's digits, two hidden layers.

Writes test/data/digits.onnx (MatMul, Gemm with transB, Gemm without) and test/data/digits_test.npz
(the 360 images and labels that were not trained on). Needs scikit-learn, numpy and onnx; the same
versions give the same bytes. The result is committed, so that tests need none of them.
"""

import argparse
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

HIDDEN = (256, 256)
SEED = 1


def train():
    images, labels = load_digits(return_X_y=True)
    images = (images / 16.0).astype(np.float32)
    split = train_test_split(images, labels, test_size=360, random_state=SEED, stratify=labels)
    train_images, test_images, train_labels, test_labels = split
    net = MLPClassifier(HIDDEN, max_iter=200, random_state=SEED, early_stopping=False)
    net.fit(train_images, train_labels)
    print(f"accuracy on {len(test_labels)} held-out images: {net.score(test_images, test_labels):.4f}")
    return net, test_images, test_labels


def to_onnx(net):
    """The first layer as MatMul + Add, the second as Gemm with transB, the last as plain Gemm."""
    w = [c.astype(np.float32) for c in net.coefs_]
    b = [c.astype(np.float32) for c in net.intercepts_]
    constants = {"w0": w[0], "b0": b[0], "w1_t": w[1].T.copy(), "b1": b[1], "w2": w[2], "b2": b[2]}
    nodes = [
        helper.make_node("MatMul", ["image", "w0"], ["h0"], name="fc0"),
        helper.make_node("Add", ["h0", "b0"], ["h0_biased"], name="fc0_bias"),
        helper.make_node("Relu", ["h0_biased"], ["a0"], name="relu0"),
        helper.make_node("Gemm", ["a0", "w1_t", "b1"], ["h1"], name="fc1", transB=1),
        helper.make_node("Relu", ["h1"], ["a1"], name="relu1"),
        helper.make_node("Gemm", ["a1", "w2", "b2"], ["logits"], name="fc2"),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 64])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 10])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
        producer_name="tools/dev/train_digits.py",
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def main():
    default = pathlib.Path(__file__).resolve().parents[2] / "test" / "data"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=pathlib.Path, default=default)
    folder = parser.parse_args().output
    net, images, labels = train()
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(to_onnx(net), folder / "digits.onnx")
    np.savez_compressed(
        folder / "digits_test.npz",
        images=np.round(images * 16).astype(np.uint8),
        labels=labels.astype(np.uint8),
    )


if __name__ == "__main__":
    main()
