# Fuzz targets find by coverage: every layer is built for it. Conversions of floats that do not fit an
# integer are undefined, yet not part of `undefined`.
if(TVW_BUILD_FUZZERS)
  set(TVW_SANITIZE "fuzzer-no-link,address,undefined,float-cast-overflow")
endif()

# TVW_SANITIZE=address,undefined builds everything, tests and tool, with those sanitizers.
if(TVW_SANITIZE)
  add_compile_options(-fsanitize=${TVW_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TVW_SANITIZE})
endif()
