# Packages of the distribution: names are the same on Debian 12 and Ubuntu 24.04. To be sourced.

BUILD_PACKAGES=(g++ cmake ninja-build ccache git ca-certificates libprotobuf-dev protobuf-compiler
  libcli11-dev libspdlog-dev libfmt-dev nlohmann-json3-dev libhwy-dev libxxhash-dev
  libdnnl-dev ocl-icd-opencl-dev opencl-headers  # the CMake package of oneDNN asks for OpenCL
  catch2 valgrind python3 python3-venv)
[ "$(uname -m)" != x86_64 ] || BUILD_PACKAGES+=(libxbyak-dev)

missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      echo "$package"
  done
}

# Root, or a user who may become root; `sudo` asks for the password on the terminal.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt() {
  # Another apt may be at work: wait for it rather than fail.
  run_logged as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 "$@"
}

install_packages() {
  command -v apt-get >/dev/null || die "apt-get was not found: this script knows Debian and Ubuntu"
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -eq 0 ] && return
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
    die "these packages are missing, and installing them needs root or sudo: ${missing[*]}"
  say "installing packages: ${missing[*]}"
  # A stale or absent list is the usual reason why a package cannot be found.
  apt update || die_unfetched "the package lists"
  apt install -y --no-install-recommends "${missing[@]}" ||
    die_unfetched "the packages ${missing[*]}"
}
