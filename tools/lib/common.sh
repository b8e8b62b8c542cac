# Shared by the scripts in tools/: where things are, and how they speak. To be sourced.

TVW_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=../../third_party/onnx.lock
. "$TVW_ROOT/third_party/onnx.lock"

# The same place as third_party/cmake/tvw_dependencies.cmake looks in.
export TVW_DEPS_DIR=${TVW_DEPS_DIR:-${TVW_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tvw}}

say() { printf '\n== %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# run_logged WHAT COMMAND...: quiet while it works, the end of its output when it does not.
run_logged() {
  local what=$1 log
  shift
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    tail -n 25 "$log" >&2
    rm -f "$log"
    die "$what failed (see above)"
  fi
  rm -f "$log"
}

jobs() { nproc; }
