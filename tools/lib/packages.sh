# Packages of the distribution: names are the same on Debian 12 and Ubuntu 24.04. To be sourced.

BUILD_PACKAGES=(g++ cmake ninja-build ccache git ca-certificates libprotobuf-dev protobuf-compiler
  libcli11-dev libspdlog-dev libfmt-dev nlohmann-json3-dev libhwy-dev libdnnl-dev libxxhash-dev
  python3 python3-venv)
TEST_PACKAGES=(catch2)

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "installing packages needs root or sudo: $*"
  fi
}

missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      echo "$package"
  done
}

install_packages() {
  command -v apt-get >/dev/null || die "apt-get was not found: this script knows Debian and Ubuntu"
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -eq 0 ] && return
  say "installing packages: ${missing[*]}"
  # A stale or absent list is the usual reason why a package cannot be found.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 ||
    die "cannot fetch the package lists: is there a network?"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >/dev/null || die "cannot install ${missing[*]}: is there a network?"
}
