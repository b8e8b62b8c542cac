# onnx as a static library, built once from its pinned source. To be sourced after python.sh.

# fetch_onnx_source FOLDER: the source archive, from the package index that pip is set up for.
fetch_onnx_source() {
  local folder=$1
  # pip looks into a source package with that package's own tools, so they must be there. It does
  # so only after the archive's hash was found right.
  make_venv "$folder/venv" "$TVW_ROOT/third_party/onnx-build-requirements.txt"
  echo "onnx==$ONNX_VERSION --hash=sha256:$ONNX_SHA256" >"$folder/source.txt"
  pip_of "$folder/venv" download --no-deps --no-binary onnx --no-build-isolation \
    --require-hashes -r "$folder/source.txt" -d "$folder" ||
    die_unfetched "the source archive of onnx $ONNX_VERSION"
  tar -xzf "$folder/onnx-$ONNX_VERSION.tar.gz" -C "$folder"
}

# compile_onnx FOLDER: from the source in FOLDER to FOLDER/install.
compile_onnx() {
  local folder=$1
  run_logged cmake -S "$folder/onnx-$ONNX_VERSION" -B "$folder/build" -G Ninja \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$folder/install" \
    -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
    -DBUILD_SHARED_LIBS=OFF -DONNX_ML=ON -DONNX_BUILD_PYTHON=OFF -DONNX_BUILD_TESTS=OFF \
    -DONNX_USE_PROTOBUF_SHARED_LIBS=ON -DPython3_EXECUTABLE="$folder/venv/bin/python" ||
    die_logged "cannot configure onnx $ONNX_VERSION"
  run_logged cmake --build "$folder/build" --target install -j "$(jobs)" ||
    die_logged "cannot build onnx $ONNX_VERSION"
}

# Everything that changes what comes out: source, recipe, compiler, protobuf.
onnx_recipe() {
  echo "$ONNX_VERSION $ONNX_SHA256"
  cat "$TVW_ROOT/tools/lib/onnx.sh" "$TVW_ROOT/third_party/onnx-build-requirements.txt"
  "${CXX:-c++}" --version | head -n 1
  protoc --version
}

set_up_onnx() {
  local folder work
  folder=$TVW_DEPS_DIR/onnx-$ONNX_VERSION-$(onnx_recipe | hash_of)
  if [ ! -d "$folder" ]; then
    say "building onnx $ONNX_VERSION (once, about 2 minutes on 2 cores)"
    work=$TVW_DEPS_DIR/onnx-build
    rm -rf "$work"  # what a run that was broken off left
    mkdir "$work"
    fetch_onnx_source "$work"
    compile_onnx "$work"
    mv -T "$work/install" "$folder"
    rm -rf "$work"
  fi
  point_to "$TVW_DEPS_DIR/onnx" "$folder"
}
