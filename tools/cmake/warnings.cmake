# tvw::warnings: what every target of this project compiles with; never exported.
add_library(tvw_warnings INTERFACE)
add_library(tvw::warnings ALIAS tvw_warnings)
option(TVW_WERROR "Treat warnings as errors" OFF)
target_compile_options(tvw_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
    -Woverloaded-virtual
    # GCC 12 sees impossible overlaps in inlined std::string code.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> $<$<BOOL:${TVW_WERROR}>:-Werror>>)
