# The demo's input: a real trained model that a PyPI package carries. To be sourced after python.sh.

# Leaves it at $TVW_DEPS_DIR/magika/model.onnx.
fetch_magika() {
  local folder=$TVW_DEPS_DIR/magika
  [ "$(cat "$folder/.stamp" 2>/dev/null)" = "$MAGIKA_VERSION" ] && return
  say "fetching magika $MAGIKA_VERSION for its model"
  local work=$TVW_DEPS_DIR/magika-fetch
  rm -rf "$work" "$folder"
  mkdir -p "$work" "$folder"
  run_logged "fetching magika $MAGIKA_VERSION (is there a network?)" \
    "$TVW_DEPS_DIR/venv/bin/python" -m pip download --no-input --disable-pip-version-check \
    --no-deps --only-binary magika -d "$work" "magika==$MAGIKA_VERSION"
  "$TVW_DEPS_DIR/venv/bin/python" - "$work" "$folder" <<'PYTHON' || die "magika $MAGIKA_VERSION holds no model.onnx"
import glob, sys, zipfile
work, folder = sys.argv[1:]
with zipfile.ZipFile(glob.glob(work + "/*.whl")[0]) as wheel:
    name = sorted(n for n in wheel.namelist() if n.endswith("model.onnx"))[-1]
    with open(folder + "/model.onnx", "wb") as out:
        out.write(wheel.read(name))
PYTHON
  rm -rf "$work"
  echo "$MAGIKA_VERSION" >"$folder/.stamp"
}
