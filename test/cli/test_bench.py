"""bench and report through the binary, on a workload small enough for any machine."""

import json

import pytest

FAST = ("--time", "0.05", "--cache", "hot")


@pytest.fixture
def tiny(tmp_path):
    (tmp_path / "tiny.txt").write_text("64 128 128 2 square\n64 96 160 1 tail\n")
    return tmp_path / "tiny.txt"


def test_every_row_is_verified_and_has_a_ratio(tvw, tiny, tmp_path):
    tvw.works("bench", "--pattern", "tvw,tw,2:4", "--workload", tiny, "-o", "run.json", *FAST)
    rows = json.loads((tmp_path / "run.json").read_text())["rows"]
    timed = [row for row in rows if row["status"] == "timed"]
    assert {row["pattern"].split(":")[0] for row in timed} >= {"dense", "tvw", "tw", "2", "block", "ew"}
    for row in timed:
        assert row["verified"] and row["max_rel_error"] <= row["tolerance"]
        assert row["median_us"] > 0 and row["speedup_vs_dense"] > 0
        assert len(row["samples_us"]) >= 10


def test_a_foreign_sidecar_makes_no_packed_model(tvw, digits, tmp_path):
    (tmp_path / "digits.safetensors").write_bytes(b"of somebody else")
    tvw.works("bench", "digits.onnx", "--m", "8", "--pattern", "tw", "--baselines", "none", *FAST)


def test_record_to_stdout(tvw, tiny):
    text = tvw.works("bench", "--workload", tiny, "-o", "-", *FAST).stdout
    assert json.loads(text)["schema_version"].startswith("1.")


def test_default_record_does_not_overwrite(tvw, tiny, tmp_path):
    for _ in range(2):
        tvw.works("bench", "--workload", tiny, *FAST)
    assert (tmp_path / "run.json").exists() and (tmp_path / "run-2.json").exists()


def test_report_formats_and_compare_with_itself(tvw, tiny):
    tvw.works("bench", "--workload", tiny, "-o", "run.json", *FAST)
    report = json.loads(tvw.works("report", "run.json").stdout)
    tvw_rows = [s for s in report["summaries"] if s["pattern"].startswith("tvw")]
    assert tvw_rows[0]["over_dense"]["geomean"] > 0
    assert "tvw" in tvw.works("report", "run.json", "--format", "md").stdout
    assert "," in tvw.works("report", "run.json", "--format", "csv").stdout
    same = json.loads(tvw.works("report", "run.json", "--compare", "run.json").stdout)
    assert same["rows"] and all(row["verdict"] == "same" for row in same["rows"])


def test_bench_of_a_pruned_model(tvw, digits, tmp_path):
    tvw.works("prune", "digits.onnx")
    tvw.works("bench", "digits.tvw.onnx", "--m", "64", "-o", "run.json", *FAST)
    rows = json.loads((tmp_path / "run.json").read_text())["rows"]
    told = tvw.works("bench", "digits.tvw.onnx", "--m", "64", "--list", "--sparsity", "0.5", "--workload", "resnet50")
    assert "--sparsity has no effect" in told.stderr and "--workload has no effect" in told.stderr
    # w2 has 10 columns: tiles of 64 would store more than it has, so it was left dense.
    assert {row["layer"] for row in rows} == {"w0", "w1_t"}
    assert all(row["verified"] for row in rows if row["status"] == "timed")


@pytest.mark.parametrize("epilogue", ["bias", "relu", "bias+gelu", "bias+gelu-tanh", "bias+add", "add+relu"])
def test_everybody_computes_the_epilogue(tvw, tiny, tmp_path, epilogue):
    tvw.works("bench", "--pattern", "tvw,tw", "--workload", tiny, "-o", "run.json", *FAST,
              "--epilogue", epilogue)
    rows = json.loads((tmp_path / "run.json").read_text())["rows"]
    assert {row["role"] for row in rows} == {"dense", "baseline", "subject"}
    for row in rows:
        assert row["epilogue"] == epilogue
        assert row["status"] == "timed" and row["verified"]
    assert epilogue in tvw.works("report", "run.json", "--format", "md").stdout


def test_without_dense_there_is_a_warning(tvw, tiny):
    arguments = ("bench", "--device", "cpu", "--workload", tiny, "--baselines", "none", *FAST)
    told = tvw.works(*arguments, "--dtype", "f16").stderr
    assert "nothing dense to compare with: cpu.dense" in told and "asked for f16" in told
    assert "nothing dense" not in tvw.works(*arguments).stderr


def test_list_explains(tvw, tiny):
    text = tvw.works("bench", "--workload", tiny, "--list").stdout
    assert "cpu.tvw.simd" in text and "yes: " in text and "tokens" in text


def test_tuning_measures_once_and_remembers(tvw, tiny, tmp_path):
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    subject = ("--workload", tiny, "--pattern", "tvw", "--baselines", "none")
    tvw.works("bench", *subject, "--list", env=env)
    assert not (tmp_path / "cache" / "tvw" / "tuning.json").exists()  # nobody asked for it
    tvw.works("bench", "--tune", *subject, "-o", "one.json", *FAST, env=env)
    file = tmp_path / "cache" / "tvw" / "tuning.json"
    (ways,) = json.loads(file.read_text()).values()
    chosen = {key: way for key, way in ways.items() if key.startswith("cpu.tvw.simd")}
    assert len(chosen) == 2  # layers of the workload
    listed = tvw.works("bench", "--tune", *subject, "--list", env=env).stdout
    assert all(f"{way}: the fastest when it was tuned" in listed for way in chosen.values())
    before = file.read_bytes()
    tvw.works("bench", "--tune", *subject, "-o", "two.json", *FAST, env=env)
    assert file.read_bytes() == before
    kernels = [
        {row["layer"]: row["kernel"] for row in json.loads((tmp_path / name).read_text())["rows"]
         if row["executor"] == "cpu.tvw.simd"}
        for name in ("one.json", "two.json")
    ]
    assert kernels[0] == kernels[1] and len(kernels[0]) == 2


def test_dense_is_what_can_run(tvw, tmp_path):
    (tmp_path / "any.txt").write_text("* 128 128 1 square\n")

    def dense(m):
        tvw.works("bench", "--workload", "any.txt", "--m", m, "-o", f"m{m}.json", *FAST)
        rows = json.loads((tmp_path / f"m{m}.json").read_text())["rows"]
        assert all(row["verified"] for row in rows)
        return {row["executor"] for row in rows if row["role"] == "dense"}

    assert dense("1") == {"cpu.dense.onednn", "cpu.dense.simd"}
    assert dense("64") == {"cpu.dense.onednn"}


def test_roofline_prints_the_peaks(tvw, tmp_path):
    lines = tvw.works("bench", "--roofline", "--device", "cpu").stdout.splitlines()
    peaks = {line.split()[1]: [float(value) for value in line.split()[2:]] for line in lines[1:]}
    assert set(peaks) == {"f32", "bf16"}  # what the CPU computes in
    assert all(gflops > 0 and gbs > 0 for gflops, gbs, _ in peaks.values())
    assert not list(tmp_path.glob("run*.json"))


def test_no_gpu_is_a_clear_answer(tvw, tiny):
    if "cuda:0" in tvw.works("devices").stdout:
        pytest.skip("there is a GPU")
    message = tvw.fails(4, "bench", "--workload", tiny, "--device", "cuda:0")
    assert "cuda" in message
