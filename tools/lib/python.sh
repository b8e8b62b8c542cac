# Virtual environments, made whole or not at all. To be sourced after common.sh.

# make_venv NAME REQUIREMENTS: $TVW_DEPS_DIR/NAME holds exactly what the file lists.
make_venv() {
  local name=$1 requirements=$2 stamp
  stamp=$(sha256sum "$requirements" | cut -c1-16)
  local venv=$TVW_DEPS_DIR/$name
  [ "$(cat "$venv/.stamp" 2>/dev/null)" = "$stamp" ] && return
  say "making the Python environment $venv"
  rm -rf "$venv"
  # The distribution's Python: others on PATH may come and go.
  local python=/usr/bin/python3
  [ -x "$python" ] || python=python3
  "$python" -m venv "$venv" || die "cannot make a Python environment with $python"
  run_logged "installing the packages of $requirements (is there a network?)" \
    "$venv/bin/python" -m pip install --no-input --disable-pip-version-check -r "$requirements"
  echo "$stamp" >"$venv/.stamp"
}
