"""Real trained models by other people: each is inspected, pruned and unpacked, or refused with a reason.

They lie beside the checkout (../shared/models) on the project's own machines only.
"""

import pathlib

import onnx
import onnxruntime
import pytest
from onnx_tools import (
    assert_same_bits,
    left_after_folding,
    load_seconds,
    outputs,
    random_feeds,
    session,
)

MODELS = pathlib.Path(__file__).resolve().parents[3] / "shared" / "models"

# Why a model cannot be packed, as far as this test knows; every other must be.
NOT_PACKABLE = {"candy-style": "does not know the operator ImageScaler"}
# Nothing in these can be pruned: exit code 4.
NOTHING_TO_PRUNE = {"mnist-tiny-int8", "sasrec-dynquant", "silero-vad-v5", "tfc-2w2a-qonnx"}
# Stock ONNX Runtime does not run the source model itself.
NOT_RUNNABLE = {"candy-style", "tfc-2w2a-qonnx"}


def model_files():
    return sorted(MODELS.glob("*/*.onnx")) if MODELS.is_dir() else []


pytestmark = pytest.mark.skipif(not model_files(), reason=f"{MODELS} is not there")


@pytest.fixture(params=model_files(), ids=lambda path: path.parent.name)
def model(request):
    return request.param


def feeds_of(path):
    open_dim = 64 if path.parent.name == "fsmn-vad" else 1
    return random_feeds(session(path).get_inputs(), open_dim)


def test_inspect(tvw, model):
    assert tvw.works("inspect", model, "--json").stdout.strip()


@pytest.mark.parametrize("pattern", ["tvw", "2:4", "ew"])
def test_prune_and_unpack(tvw, model, tmp_path, pattern):
    name = model.parent.name
    before = {p: p.read_bytes() for p in model.parent.iterdir() if p.is_file()}
    masked = tmp_path / "masked.onnx"
    packed = tmp_path / "packed.tvw.onnx"
    if name in NOTHING_TO_PRUNE:
        result = tvw("prune", model, "-o", packed)
        assert result.returncode == 4, result.stderr
        assert not packed.exists()
        return
    first = tvw("prune", model, "--pattern", pattern, "-o", masked, "--emit", "masked")
    if first.returncode == 4 and "would store" in first.stderr:
        pytest.skip(first.stderr.strip().splitlines()[-1])
    assert first.returncode == 0, first.stderr
    onnx.load(masked)
    if name in NOT_PACKABLE:
        result = tvw("prune", model, "--pattern", pattern, "-o", packed)
        assert result.returncode == 4
        assert NOT_PACKABLE[name] in result.stderr and "--emit masked" in result.stderr
        assert not packed.exists()
        return
    tvw.prune(model, packed, pattern)
    inline = tvw.prune(model, tmp_path / "inline.tvw.onnx", pattern, "packed-inline")
    unpacked = tmp_path / "unpacked.onnx"
    tvw.works("unpack", packed, "-o", unpacked)
    assert not onnx.load(unpacked).functions
    if name not in NOT_RUNNABLE:
        feeds = feeds_of(model)
        expected = outputs(masked, feeds)
        for written in (packed, inline, unpacked):
            assert_same_bits(outputs(written, feeds), expected)
    else:
        with pytest.raises(onnxruntime.capi.onnxruntime_pybind11_state.Fail):
            session(model)
    assert before == {p: p.read_bytes() for p in model.parent.iterdir() if p.is_file()}


def test_load_time_and_size(tvw, tmp_path):
    """The file-type classifier of the demo: loaded in 5 times the dense time, a quarter of the bytes."""
    model = MODELS / "magika-v3_3" / "model.onnx"
    packed = tvw.prune(model, tmp_path / "packed.tvw.onnx")
    masked = tvw.prune(model, tmp_path / "masked.onnx", emit="masked")
    assert sorted(left_after_folding(packed, tmp_path)) == sorted(
        left_after_folding(masked, tmp_path)
    )
    onnx.checker.check_model(str(packed), full_check=True)
    written = packed.stat().st_size + packed.with_suffix(".safetensors").stat().st_size
    assert written < 0.31 * model.stat().st_size
    assert load_seconds(packed, 15) <= 5 * load_seconds(model, 15)
