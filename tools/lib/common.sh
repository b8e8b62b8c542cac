# Shared by the scripts in tools/: where things are, and how they speak. To be sourced.

TVW_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=../../third_party/onnx.lock
. "$TVW_ROOT/third_party/onnx.lock"

# The same place as third_party/cmake/tvw_dependencies.cmake looks in.
export TVW_DEPS_DIR=${TVW_DEPS_DIR:-${TVW_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tvw}}
# What tools/setup leaves there; these names stay, what they point to changes with the recipes.
export TVW_PYTHON=$TVW_DEPS_DIR/venv/bin/python
export TVW_MAGIKA_MODEL=$TVW_DEPS_DIR/magika/model.onnx

say() { printf '\n== %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# run_logged COMMAND...: shows nothing; if it fails, its output stays in the file $LOG.
run_logged() {
  LOG=$(mktemp -t tvw-XXXXXX.log)
  "$@" >"$LOG" 2>&1 || return
  rm -f "$LOG"
}

# For what failed because something could not be had: one sentence, and where to read more.
die_unfetched() { die "cannot fetch $*: is there a network? (log: $LOG)"; }
# For what failed for its own reasons: the end of its output first.
die_logged() {
  tail -n 25 "$LOG" >&2
  die "$* (log: $LOG)"
}

# point_to LINK FOLDER: LINK names FOLDER from now on, with no moment at which it names nothing.
point_to() {
  local link=$1 folder=$2
  [ -L "$link" ] || rm -rf "$link"
  ln -sfn "$(basename "$folder")" "$link.new"
  mv -fT "$link.new" "$link"
}

hash_of() { sha256sum | cut -c1-12; }
jobs() { nproc; }
