"""What users of a command line take for granted."""

import json
import platform
import shutil
import subprocess

import numpy as np
import onnx
import onnx.numpy_helper
import pytest
import safetensors.numpy

COMMANDS = ["prune", "unpack", "verify", "inspect", "bench", "report", "devices", "completion", "man"]


def test_version(tvw):
    lines = tvw.works("--version").stdout.splitlines()
    assert lines[0].startswith("tvw ")
    assert any(line.strip().startswith("onnx 1.") for line in lines)


def test_help_lists_every_command(tvw):
    text = tvw.works("--help").stdout
    for command in COMMANDS:
        assert command in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(tvw, command):
    text = tvw.works(command, "--help").stdout
    assert "Example" in text and f"tvw {command}" in text


def test_devices_names_the_cpu_and_its_executors(tvw):
    text = tvw.works("devices").stdout
    assert text.startswith("cpu")
    assert "cpu.tvw.simd" in text and "cpu.dense.onednn" in text
    assert "module cuda" in text


def test_isa_can_be_limited(tvw):
    if platform.machine() != "x86_64":
        pytest.skip("names of x86")
    assert "isa: sse4" in tvw.works("devices", "--isa", "sse4").stdout
    assert "did you mean 'sse4'" in tvw.fails(2, "devices", "--isa", "sse5")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(tvw, shell):
    script = tvw.works("completion", shell).stdout
    assert "prune" in script and "sparsity" in script
    if shell == "bash":
        check = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)
        assert check.returncode == 0, check.stderr


# As bash calls it, and as zsh's bashcompinit does.
@pytest.mark.parametrize("shell, before", [("bash", ""), ("zsh", "emulate -R sh\n")])
def test_completion_completes(tvw, tmp_path, shell, before):
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    script = tvw.works("completion", shell).stdout
    if shell == "zsh":
        script = "autoload -U +X compinit && compinit -D\n" + script
    (tmp_path / "one two.onnx").touch()
    for words, wanted in (("tvw pru", "prune"), ("tvw bench --patt", "--pattern"), ("tvw prune one", "one two.onnx")):
        ask = f'COMP_WORDS=({words})\nCOMP_CWORD={len(words.split()) - 1}\n_tvw\necho "${{COMPREPLY[@]}}"\n'
        told = subprocess.run([shell], input=script + before + ask, text=True, capture_output=True, cwd=tmp_path)
        assert told.stdout.strip() == wanted, told.stderr


def test_man_page(tvw):
    page = tvw.works("man").stdout
    assert page.startswith(".TH TVW 1") and ".SH prune" in page and "\\-\\-threads" in page


def test_quiet_says_nothing(tvw, digits):
    result = tvw.works("--quiet", "prune", "digits.onnx", "--dry-run")
    assert result.stderr == ""


def test_prune_dry_run_writes_nothing(tvw, digits, listing):
    before = listing()
    text = tvw.works("prune", "digits.onnx", "--dry-run").stdout
    assert "w0" in text
    assert listing() == before


def test_prune_record_and_masks(tvw, digits, tmp_path):
    tvw.works("prune", "digits.onnx", "--record", "prune.json", "--masks-out", "masks.safetensors")
    record = json.loads((tmp_path / "prune.json").read_text())
    assert record["pattern"].startswith("tvw")
    assert {row["name"] for row in record["rows"]} == {"w0", "w1_t", "w2"}
    assert (tmp_path / "masks.safetensors").exists()
    assert abs(record["pruned"]["sparsity"] - 0.75) < 0.01


def values_of(path):
    return {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}


def test_a_fine_tuned_model_is_packed_by_its_masks(tvw, digits, tmp_path):
    """Masked, trained on, packed by the same masks: what was kept then is kept now, with its new value."""
    tvw.works("prune", "digits.onnx", "--emit", "masked", "-o", "masked.onnx", "--masks-out", "masks", "--record", "1")
    model = onnx.load(tmp_path / "masked.onnx")
    for tensor in model.graph.initializer:
        value = onnx.numpy_helper.to_array(tensor)
        tensor.CopyFrom(onnx.numpy_helper.from_array((value * 1.25).astype(value.dtype), tensor.name))
    onnx.save(model, tmp_path / "tuned.onnx")
    done = tvw.works("prune", "tuned.onnx", "--masks-in", "masks", "--record", "2", "--masks-out", "again")
    assert "not zero" not in done.stderr
    first, second = (json.loads((tmp_path / name).read_text()) for name in "12")
    assert (first["scope"], second["scope"]) == ("uniform", "given")
    assert second["pattern"] == first["pattern"]
    for before, after in zip(first["rows"], second["rows"], strict=True):
        assert all(before[key] == after[key] for key in ("name", "sparsity", "pattern"))
        assert after["kept_score"] == (1.0 if before["pattern"] else None)
    assert sum(row["pattern"] != "" for row in second["rows"]) >= 2
    assert (tmp_path / "again").read_bytes() == (tmp_path / "masks").read_bytes()
    tvw.works("verify", "tuned.tvw.onnx", "--against", "tuned.onnx")
    tvw.works("unpack", "tuned.tvw.onnx", "-o", "unpacked.onnx")
    tuned, unpacked = values_of(tmp_path / "tuned.onnx"), values_of(tmp_path / "unpacked.onnx")
    for name in ("w0", "w1_t", "w2"):
        assert tuned[name].any() and (tuned[name] == unpacked[name]).all()

    by_masks = ("--masks-in", "masks", "--force")
    for emit in ("masked", "packed-inline"):
        tvw.works("prune", "tuned.onnx", *by_masks, "--emit", emit, "-o", "other.onnx")
    assert "--sparsity" in tvw.fails(2, "prune", "tuned.onnx", *by_masks, "--sparsity", "0.5")
    assert "--pattern ew counts" in tvw.works("prune", "tuned.onnx", *by_masks, "--pattern", "ew").stderr
    assert "never overwritten" in tvw.fails(1, "prune", "tuned.onnx", *by_masks, "--masks-out", "masks")
    assert "names no file" in tvw.fails(2, "prune", "tuned.onnx", "--masks-in", "", "--force")

    safetensors.numpy.save_file(safetensors.numpy.load_file(tmp_path / "masks"), tmp_path / "no metadata")
    by_masks = ("--masks-in", "no metadata", "--force")
    tvw.works("prune", "tuned.onnx", *by_masks, "--masks-out", "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "masks").read_bytes()
    refused = tvw.fails(1, "prune", "tuned.onnx", *by_masks, "--pattern", "2:4")
    assert "no metadata: the mask of 'w0' is not of pattern 2:4" in refused


def test_values_that_given_masks_drop_are_counted(tvw, digits, tmp_path):
    tvw.works("prune", "digits.onnx", "--emit", "masked", "-o", "masked.onnx", "--masks-out", "masks")
    model = onnx.load(tmp_path / "masked.onnx")
    (tensor,) = (t for t in model.graph.initializer if t.name == "w0")
    value = onnx.numpy_helper.to_array(tensor).copy()
    dropped = value == 0
    value[dropped] = 1e-30  # too small to change a score
    tensor.CopyFrom(onnx.numpy_helper.from_array(value, "w0"))
    onnx.save(model, tmp_path / "tuned.onnx")
    told = tvw.works("prune", "tuned.onnx", "--masks-in", "masks", "--dry-run").stderr
    assert f"the masks drop {dropped.sum()} values that are not zero, of 'w0'" in told


def test_masks_and_a_recipe(tvw, digits, tmp_path):
    """Of the recipe what it leaves out, and patterns that the file does not state."""
    weights = values_of(tmp_path / "digits.onnx")
    masks = {name: np.zeros(weights[name].shape, dtype=bool) for name in ("w0", "w1_t")}
    masks["w0"][::2] = True
    masks["w1_t"][0] = True
    safetensors.numpy.save_file(masks, tmp_path / "masks")
    recipe = {"sparsity": 0.1, "overrides": [{"match": "w1", "pattern": "ew"}]}
    (tmp_path / "recipe").write_text(json.dumps(recipe))
    by_masks = ("--masks-in", "masks", "--recipe", "recipe", "--record", "record", "--force")
    tvw.works("prune", "digits.onnx", *by_masks, "--pattern", "2:4")
    rows = {row["name"]: row for row in json.loads((tmp_path / "record").read_text())["rows"]}
    assert (rows["w0"]["pattern"], rows["w1_t"]["pattern"]) == ("2:4", "ew")
    out = tvw.works("prune", "digits.onnx", *by_masks, "--pattern", "2:4", "--exclude", "w0").stdout
    assert "excluded by 'w0'" in out


def test_masks_of_elsewhere(tvw, digits, tmp_path):
    """What a script writes: masks alone, the user says of which pattern they are."""
    weights = values_of(tmp_path / "digits.onnx")
    mask = np.zeros(weights["w0"].shape, dtype=bool)
    mask[1::2] = True
    safetensors.numpy.save_file({"w0": mask, "gone": mask}, tmp_path / "masks")
    done = tvw.works("prune", "digits.onnx", "--masks-in", "masks", "--pattern", "2:4")
    assert "mask 'gone' matches none" in done.stderr and "no mask is given for it" in done.stdout
    tvw.works("unpack", "digits.tvw.onnx", "-o", "unpacked.onnx")
    unpacked = values_of(tmp_path / "unpacked.onnx")
    assert (unpacked["w0"] == np.where(mask, weights["w0"], 0)).all() and (unpacked["w2"] == weights["w2"]).all()


def test_masked_needs_no_packed_form(tvw, digits, tmp_path):
    for pattern in ("4:8", "tvw:g=32,nm=4:8"):
        tvw.works("prune", "digits.onnx", "--pattern", pattern, "--sparsity", "0.5", "--emit", "masked", "--force",
                  "--record", "prune.json")
        record = json.loads((tmp_path / "prune.json").read_text())
        assert all(row["bytes_after"] == row["bytes_before"] for row in record["rows"])
    assert "--emit masked" in tvw.fails(4, "prune", "digits.onnx", "--pattern", "4:8")


@pytest.mark.parametrize("arguments", [
    ("prune", "digits.onnx", "-o", "-"), ("prune", "digits.onnx", "--record", "-"),
    ("prune", "digits.onnx", "--masks-out", "-"), ("unpack", "digits.onnx", "-o", "-")])
def test_what_is_no_text_goes_to_no_stdout(tvw, digits, listing, arguments):
    before = listing()
    assert "cannot go to standard output" in tvw.fails(2, *arguments)
    assert listing() == before


def test_a_packed_model_is_not_pruned_again(tvw, digits):
    tvw.works("prune", "digits.onnx")
    assert "holds packed weights already" in tvw.fails(4, "prune", "digits.tvw.onnx", "-o", "again.onnx")
    assert "tvw verify counts them" in tvw.works("inspect", "digits.tvw.onnx").stderr


def test_no_output_is_named_after_what_is_no_file(tvw, digits):
    for command in ("prune", "unpack"):
        assert "name that with -o" in tvw.fails(2, command, "/dev/null")


def test_models_of_other_extensions_have_sidecars_of_their_own(tvw, digits, listing):
    for name in ("out.v1", "out.v2"):
        tvw.works("prune", "digits.onnx", "-o", name)
        tvw.works("verify", name, "--against", "digits.onnx")
    assert {"out.v1.safetensors", "out.v2.safetensors"} <= set(listing())


def test_outputs_of_prune_appear_together_or_not_at_all(tvw, digits, listing):
    options = ("--sparsity", "0.9", "--masks-out")
    tvw.works("prune", "digits.onnx", "-o", "all.onnx", *options, "masks", "--record", "record")
    sizes = {name: len(content) for name, content in listing().items()}
    limit = max(sizes["all.onnx"], sizes["all.safetensors"]) // 1024 + 1
    assert sizes["masks"] > 1024 * limit  # what comes last does not fit
    before = listing()
    command = f"ulimit -f {limit}; {tvw.binary} prune digits.onnx -o some.onnx {' '.join(options)} other --record r"
    limited = subprocess.run(["bash", "-c", command], cwd=digits.parent, text=True, capture_output=True)
    assert limited.returncode == 1 and "other" in limited.stderr
    assert listing() == before


def test_a_limit_on_file_sizes_is_an_error_with_a_sentence(tvw, digits, listing):
    before = listing()
    limited = subprocess.run(["bash", "-c", f"ulimit -f 1; {tvw.binary} prune digits.onnx"], cwd=digits.parent,
                             text=True, capture_output=True)
    assert limited.returncode == 1 and "cannot write" in limited.stderr and "File too large" in limited.stderr
    assert listing() == before


def test_threads_stay_within_reason(tvw, digits):
    tvw.works("prune", "digits.onnx", "--dry-run", env={"OMP_NUM_THREADS": "100000"})
    tvw.works("bench", "digits.onnx", "--m", "8", "--time", "0.01", "--baselines", "none", "--device", "cpu",
              env={"OMP_NUM_THREADS": "2", "OMP_THREAD_LIMIT": "1"})


def test_a_sidecar_of_an_earlier_run_is_not_said_to_be_written(tvw, digits, tmp_path):
    tvw.works("prune", "digits.onnx", "-o", "out.onnx")
    told = tvw.works("prune", "digits.onnx", "-o", "out.onnx", "--emit", "masked", "--force", "--record", "prune.json")
    assert "out.safetensors is of an earlier run" in told.stderr
    assert "out.safetensors" not in told.stdout
    assert json.loads((tmp_path / "prune.json").read_text())["outputs"] == ["out.onnx"]


def test_no_output_replaces_the_input_or_another_output(tvw, digits, listing):
    before, content = listing(), digits.read_bytes()
    for option in ("--masks-out", "--record"):
        assert "input" in tvw.fails(1, "prune", "digits.onnx", option, "digits.onnx")
        assert "two different files" in tvw.fails(2, "prune", "digits.onnx", option, "./digits.tvw.onnx")
    assert "input" in tvw.fails(1, "prune", "digits.onnx", "--dry-run", "--record", "digits.onnx")
    assert listing() == before and digits.read_bytes() == content


def test_no_command_replaces_what_it_reads(tvw, digits, tmp_path):
    fast = ("--time", "0.05", "--cache", "hot")
    (tmp_path / "w.txt").write_text("8 64 64 1 a\n")
    (tmp_path / "recipe.json").write_text('{"pattern": "tw"}')
    tvw.works("bench", "--workload", "w.txt", "-o", "r.json", *fast)
    tvw.works("prune", "digits.onnx")
    kept = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for command in (
        ("bench", "digits.onnx", "-o", "digits.onnx"),
        ("bench", "digits.tvw.onnx", "-o", "digits.tvw.safetensors"),
        ("bench", "--workload", "w.txt", "-o", "w.txt"),
        ("report", "r.json", "-o", "r.json"),
        ("prune", "digits.onnx", "-o", "new.onnx", "--recipe", "recipe.json", "--record", "recipe.json"),
    ):
        assert "never overwritten" in tvw.fails(1, *command)
    assert "no regular file" in tvw.fails(1, "report", "r.json", "-o", "/dev/null")
    assert "does not exist" in tvw.fails(1, "bench", "--time", "60", "-o", "missing/r.json")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == kept


@pytest.mark.parametrize("command", [("inspect", "digits.onnx"), ("inspect", "digits.onnx", "--json"), ("devices",),
                                     ("prune", "digits.onnx", "--dry-run"), ("--help",)])
def test_lost_output_is_an_error(tvw, digits, command):
    with open("/dev/full", "w") as full:
        result = subprocess.run([tvw.binary, *command], cwd=tvw.folder, stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 1 and "standard output" in result.stderr


def test_what_has_no_effect_is_told(tvw, digits):
    flags = ("--exclude", "w0", "--exclude", "clasifier", "--min-keep", "0.2")
    result = tvw.works("prune", "--dry-run", *flags, "digits.onnx")
    assert "exclude 'clasifier' matches none of the 3 prunable weights" in result.stderr
    assert "--min-keep has no effect" in result.stderr and "'w0'" not in result.stderr
    fixed = tvw.works("prune", "--dry-run", "--pattern", "2:4", "--sparsity", "0.9", "digits.onnx")
    assert "--sparsity 0.9 does not apply to 2:4, which has 0.5" in fixed.stderr
    result = tvw("prune", "--dry-run", "--include", "clasifier", "digits.onnx")
    assert result.returncode == 4 and "include 'clasifier' matches none" in result.stderr


def test_options_take_one_value_each(tvw, digits):
    text = tvw.works("prune", "--dry-run", "--exclude", "w0", "--exclude", "w2", "digits.onnx").stdout
    assert "excluded" in text and "w1_t" in text
    for command in (("prune", "digits.onnx", "--dry-run", "--masks-out", "m"), ("bench", "--time", "nan"),
                    ("bench", "--time", "0"), ("bench", "--batch", "-1"), ("bench", "--m", "99999999999"),
                    ("bench", "--seed", "-1"), ("bench", "--seed", "9" * 30),
                    ("prune", "digits.onnx", "--dry-run", "--min-keep", "nan")):
        assert len(tvw.fails(2, *command)) < 200


def test_endless_files_end(tvw, digits):
    assert "longer than" in tvw.fails(1, "prune", "digits.onnx", "--recipe", "/dev/zero")
    assert "longer than" in tvw.fails(1, "bench", "--workload", "/dev/zero")
    assert "longer than" in tvw.fails(1, "report", "/dev/zero")


def test_verify(tvw, digits, tmp_path):
    tvw.works("prune", "digits.onnx")
    told = tvw.works("verify", "digits.tvw.onnx", "--against", "digits.onnx").stdout
    assert "ok" in told and "tensors that were not pruned" in told
    sidecar = tmp_path / "digits.tvw.safetensors"
    content = bytearray(sidecar.read_bytes())
    content[-5] ^= 0x40
    sidecar.write_bytes(content)
    assert "checksum" in tvw.fails(3, "verify", "digits.tvw.onnx")


def test_inspect_as_json(tvw, digits):
    rows = json.loads(tvw.works("inspect", "digits.onnx", "--json").stdout)["weights"]
    assert [(row["name"], row["K"], row["N"]) for row in rows] == [
        ("w0", 64, 256),
        ("w1_t", 256, 256),
        ("w2", 256, 10),
    ]
    assert all(row["prunable"] for row in rows)
