"""What users of a command line take for granted."""

import json
import platform
import subprocess

import pytest

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


def test_bash_completion_completes(tvw):
    script = tvw.works("completion", "bash").stdout
    script += '\nCOMP_WORDS=(tvw pru)\nCOMP_CWORD=1\n_tvw\necho "${COMPREPLY[@]}"\n'
    shell = subprocess.run(["bash"], input=script, text=True, capture_output=True, check=True)
    assert shell.stdout.split() == ["prune"]


def test_man_page(tvw):
    page = tvw.works("man").stdout
    assert page.startswith(".TH TVW 1") and ".SH prune" in page


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


def test_verify(tvw, digits, tmp_path):
    tvw.works("prune", "digits.onnx")
    assert "ok" in tvw.works("verify", "digits.tvw.onnx", "--against", "digits.onnx").stdout
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
