# The demo's input: a real trained model that a PyPI package carries. To be sourced after python.sh.

is_magika_model() { echo "$MAGIKA_MODEL_SHA256  $1" | sha256sum --check --status 2>/dev/null; }

# Leaves the model at $TVW_MAGIKA_MODEL. The package itself needs more than the model; it stays out.
set_up_magika() {
  is_magika_model "$TVW_MAGIKA_MODEL" && return
  say "fetching magika $MAGIKA_VERSION for the model in it"
  local work=$TVW_DEPS_DIR/magika-fetch
  rm -rf "$work"
  mkdir "$work"
  pip_of "$TVW_DEPS_DIR/venv" download --no-deps --only-binary magika -d "$work" \
    "magika==$MAGIKA_VERSION" ||
    die_unfetched "the Python package magika $MAGIKA_VERSION"
  "$TVW_PYTHON" -m zipfile -e "$work"/magika-*.whl "$work"
  is_magika_model "$work/$MAGIKA_MODEL" ||
    die "magika $MAGIKA_VERSION does not hold the expected $MAGIKA_MODEL"
  mkdir -p "$(dirname "$TVW_MAGIKA_MODEL")"
  mv -f "$work/$MAGIKA_MODEL" "$TVW_MAGIKA_MODEL"
  rm -rf "$work"
}
