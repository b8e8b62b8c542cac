# onnx as a static library, built once from its pinned source. To be sourced after common.sh, python.sh.

# fetch_sdist NAME VERSION SHA256 FOLDER: the source archive from the package index that pip is set up for.
fetch_sdist() {
  local name=$1 version=$2 sha256=$3 folder=$4
  local file=$folder/$name-$version.tar.gz
  # pip asks a source package for its metadata, for which this one needs setuptools and protobuf.
  make_venv build-venv "$TVW_ROOT/third_party/onnx-build-requirements.txt"
  run_logged "fetching $name $version (is there a network?)" \
    "$TVW_DEPS_DIR/build-venv/bin/python" -m pip download --no-input --disable-pip-version-check \
    --no-deps --no-binary "$name" --no-build-isolation -d "$folder" "$name==$version"
  [ -f "$file" ] || die "pip fetched no $(basename "$file")"
  echo "$sha256  $file" | sha256sum --check --status ||
    die "$(basename "$file") has SHA-256 $(sha256sum "$file" | cut -d' ' -f1), expected $sha256"
}

onnx_stamp() {
  { echo "$ONNX_VERSION $ONNX_SHA256"; c++ --version | head -1; protoc --version
    cat "$TVW_ROOT/tools/lib/onnx.sh"; } | sha256sum | cut -c1-16
}

build_onnx() {
  local stamp
  stamp=$(onnx_stamp)
  [ "$(cat "$TVW_DEPS_DIR/onnx/.stamp" 2>/dev/null)" = "$stamp" ] && return
  say "building onnx $ONNX_VERSION (once, about 2 minutes on 2 cores)"
  local work=$TVW_DEPS_DIR/onnx-build
  rm -rf "$work"
  mkdir -p "$work"
  fetch_sdist onnx "$ONNX_VERSION" "$ONNX_SHA256" "$work"
  tar -xzf "$work/onnx-$ONNX_VERSION.tar.gz" -C "$work"
  run_logged "configuring onnx" cmake -S "$work/onnx-$ONNX_VERSION" -B "$work/build" -G Ninja \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$work/install" \
    -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
    -DBUILD_SHARED_LIBS=OFF -DONNX_ML=ON -DONNX_BUILD_PYTHON=OFF -DONNX_BUILD_TESTS=OFF \
    -DONNX_USE_PROTOBUF_SHARED_LIBS=ON \
    -DPython3_EXECUTABLE="$TVW_DEPS_DIR/build-venv/bin/python"
  run_logged "building onnx" cmake --build "$work/build" --target install -j "$(jobs)"
  echo "$stamp" >"$work/install/.stamp"
  rm -rf "$TVW_DEPS_DIR/onnx"
  mv "$work/install" "$TVW_DEPS_DIR/onnx"
  rm -rf "$work"
}
