# tvw::warnings: what every target of this project compiles with; never exported.
add_library(tvw_warnings INTERFACE)
add_library(tvw::warnings ALIAS tvw_warnings)
option(TVW_WERROR "Treat warnings as errors" OFF)
target_compile_options(tvw_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
    -Woverloaded-virtual -Wno-unknown-pragmas $<$<BOOL:${TVW_WERROR}>:-Werror>>)
