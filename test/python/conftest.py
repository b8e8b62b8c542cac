"""Runs the real binary on real and made-up models. TVW_BINARY names it (ctest sets it)."""

import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))


class Tvw:
    def __init__(self, binary):
        self.binary = binary

    def __call__(self, *arguments):
        return subprocess.run(
            [self.binary, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )

    def works(self, *arguments):
        result = self(*arguments)
        assert result.returncode == 0, result.stderr
        return result

    def prune(self, model, output, pattern="tvw", emit="packed", *more):
        self.works(
            "prune", model, "--pattern", pattern, "-o", output, "--emit", emit, "--force", *more
        )
        return output


@pytest.fixture(scope="session")
def tvw():
    binary = os.environ.get("TVW_BINARY")
    if not binary:
        pytest.fail("TVW_BINARY is not set")
    return Tvw(binary)
