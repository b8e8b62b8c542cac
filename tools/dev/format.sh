#!/usr/bin/env bash
# clang-format over all C++ and CUDA files: `format.sh` rewrites, `format.sh --check` only reports.
set -euo pipefail
cd "$(dirname "$0")/../.."
mode=(-i)
[ "${1:-}" = --check ] && mode=(--dry-run --Werror)
git ls-files -z '*.cpp' '*.hpp' '*.cu' '*.cuh' | xargs -0 clang-format "${mode[@]}"
