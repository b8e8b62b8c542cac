"""Runs the real binary in a temporary folder. TVW_BINARY names it (ctest sets it)."""

import os
import pathlib
import subprocess

import pytest

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"


class Tvw:
    def __init__(self, binary, folder):
        self.binary = binary
        self.folder = folder

    def __call__(self, *arguments, env=None, timeout=120, stdin=None):
        return subprocess.run(
            [self.binary, *map(str, arguments)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, **(env or {})},
            stdin=stdin or subprocess.DEVNULL,
        )

    def fails(self, code, *arguments, **options):
        """Expects exit `code` and one sentence on stderr; returns the sentence."""
        result = self(*arguments, **options)
        lines = result.stderr.strip().splitlines()
        assert result.returncode == code, result.stderr
        assert result.stdout == ""
        assert len(lines) == 1, result.stderr
        assert lines[0].startswith("tvw: error: ")
        return lines[0].removeprefix("tvw: error: ")

    def works(self, *arguments, **options):
        result = self(*arguments, **options)
        assert result.returncode == 0, result.stderr
        return result


@pytest.fixture
def tvw(tmp_path):
    binary = os.environ.get("TVW_BINARY")
    if not binary:
        pytest.fail("TVW_BINARY is not set")
    return Tvw(binary, tmp_path)


@pytest.fixture
def digits(tmp_path):
    """A copy of the small trained model, in the folder the binary runs in."""
    path = tmp_path / "digits.onnx"
    path.write_bytes((DATA / "digits.onnx").read_bytes())
    return path


@pytest.fixture
def listing(tmp_path):
    """Names and contents of the folder, to show that a failed command left it as it was."""

    def snapshot():
        return {p.name: p.read_bytes() for p in sorted(tmp_path.iterdir()) if p.is_file()}

    return snapshot
