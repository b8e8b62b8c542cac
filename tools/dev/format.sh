#!/usr/bin/env bash
# clang-format over all C++ and CUDA files: `format.sh` rewrites, `format.sh --check` only reports.
# `format.sh [--check] FILE...` looks at those files alone.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
cd "$TVW_ROOT"
formatter=$TVW_DEPS_DIR/venv/bin/clang-format
[ -x "$formatter" ] || die "clang-format is missing: run tools/setup"

mode=(-i)
if [ "${1:-}" = --check ]; then
  mode=(--dry-run --Werror)
  shift
fi
if [ $# -eq 0 ]; then
  mapfile -d '' -t files < <(git ls-files -z '*.cpp' '*.hpp' '*.cu' '*.cuh')
  set -- "${files[@]}"
fi
"$formatter" "${mode[@]}" "$@"
