# Virtual environments, made whole or not at all. To be sourced after common.sh.

# The distribution's Python if it will do: others on PATH may come and go.
find_python() {
  local python
  for python in /usr/bin/python3 python3; do
    "$python" -c 'import sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || continue
    echo "$python"
    return
  done
  die "no Python of version 3.10 or newer was found"
}

# pip as the user has set it up: index, mirror, certificates and proxies are the user's.
pip_of() {
  local venv=$1
  shift
  run_logged "$venv/bin/python" -m pip --no-input --disable-pip-version-check "$@"
}

# make_venv FOLDER REQUIREMENTS: a new environment that holds what the file lists.
make_venv() {
  local venv=$1 requirements=$2 python
  python=$(find_python)
  rm -rf "$venv"
  run_logged "$python" -m venv "$venv" || die_logged "cannot make a Python environment with $python"
  pip_of "$venv" install -r "$requirements" ||
    die_unfetched "the Python packages of ${requirements#"$TVW_ROOT/"}"
}

# The Python of the demo and the tests: $TVW_PYTHON.
set_up_venv() {
  local requirements=$TVW_ROOT/test/requirements.txt folder
  folder=$TVW_DEPS_DIR/python-venv-$({ cat "$requirements"; "$(find_python)" -V; } | hash_of)
  if [ ! -e "$folder/.complete" ]; then
    say "making the Python environment of the demo and the tests"
    make_venv "$folder" "$requirements"
    touch "$folder/.complete"
  fi
  point_to "$TVW_DEPS_DIR/venv" "$folder"
}
