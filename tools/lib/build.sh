# Building by preset, for the scripts. To be sourced after common.sh.

# build PRESET [CMAKE BUILD ARGUMENT...]
build() {
  local preset=$1
  shift
  say "building preset $preset"
  run_logged cmake --preset "$preset" || die_logged "cannot configure preset $preset"
  cmake --build --preset "$preset" -j "$(jobs)" "$@"
}

# A fresh clone elsewhere compiles the same files: paths below the root must not keep ccache from seeing it.
export CCACHE_BASEDIR=$TVW_ROOT CCACHE_NOHASHDIR=1
