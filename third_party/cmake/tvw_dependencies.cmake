# Finds everything the project links. Packages come from the distribution; onnx is built once by
# tools/setup into a folder outside of the build tree.
if(NOT TVW_DEPS_DIR)
  if(DEFINED ENV{TVW_DEPS_DIR})
    set(TVW_DEPS_DIR $ENV{TVW_DEPS_DIR})
  elseif(DEFINED ENV{TVW_CACHE_DIR})
    set(TVW_DEPS_DIR $ENV{TVW_CACHE_DIR})
  elseif(DEFINED ENV{XDG_CACHE_HOME})
    set(TVW_DEPS_DIR $ENV{XDG_CACHE_HOME}/tvw)
  else()
    set(TVW_DEPS_DIR $ENV{HOME}/.cache/tvw)
  endif()
endif()

macro(tvw_find package)
  find_package(${package} ${ARGN} QUIET)
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR "${package} was not found: run tools/setup, which installs everything")
  endif()
endmacro()

tvw_find(OpenMP COMPONENTS CXX)
tvw_find(Protobuf)
tvw_find(fmt)
tvw_find(spdlog)
tvw_find(CLI11)
tvw_find(nlohmann_json)
tvw_find(hwy)
tvw_find(dnnl)
tvw_find(ONNX CONFIG PATHS ${TVW_DEPS_DIR}/onnx NO_DEFAULT_PATH)
# Its installed targets leave their headers out.
target_include_directories(ONNX::onnx_proto INTERFACE ${TVW_DEPS_DIR}/onnx/include)
if(TVW_BUILD_TESTS)
  tvw_find(Catch2)
endif()

# xxHash ships no CMake package on Debian; one header is all that is needed.
find_path(XXHASH_INCLUDE_DIR xxhash.h)
if(NOT XXHASH_INCLUDE_DIR)
  message(FATAL_ERROR "xxhash.h was not found: run tools/setup, which installs everything")
endif()
if(NOT TARGET xxhash::xxhash)
  add_library(xxhash::xxhash INTERFACE IMPORTED)
  target_include_directories(xxhash::xxhash INTERFACE ${XXHASH_INCLUDE_DIR})
  target_compile_definitions(xxhash::xxhash INTERFACE XXH_INLINE_ALL)
endif()

# Xbyak is headers, too, and there for x86 alone.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND NOT TARGET xbyak::xbyak)
  find_path(XBYAK_INCLUDE_DIR xbyak/xbyak.h)
  if(NOT XBYAK_INCLUDE_DIR)
    message(FATAL_ERROR "xbyak/xbyak.h was not found: run tools/setup, which installs everything")
  endif()
  add_library(xbyak::xbyak INTERFACE IMPORTED)
  target_include_directories(xbyak::xbyak INTERFACE ${XBYAK_INCLUDE_DIR})
endif()

# The Python of the tests, made by tools/setup.
set(TVW_PYTHON ${TVW_DEPS_DIR}/venv/bin/python CACHE FILEPATH "Python that runs the tests")
