# One layer = one directory = one namespace = one static library, with an explicit list of sources.
#
#   tvw_add_layer(pack DEPENDS core SOURCES csr.cpp nm.cpp LIBS Some::target)
#
# makes `tvw_pack` (alias tvw::pack) of src/pack with the public headers of include/tvw/pack. DEPENDS are
# layers whose headers this one's headers may include; LIBS stay private to the sources.
function(tvw_add_layer layer)
  cmake_parse_arguments(ARG "" "" "DEPENDS;SOURCES;LIBS" ${ARGN})
  set(target tvw_${layer})
  add_library(${target} STATIC ${ARG_SOURCES})
  add_library(tvw::${layer} ALIAS ${target})
  file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/tvw/${layer}/*.hpp)
  target_sources(${target} PUBLIC FILE_SET HEADERS
    BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${headers})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  foreach(dependency IN LISTS ARG_DEPENDS)
    target_link_libraries(${target} PUBLIC tvw::${dependency})
  endforeach()
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PRIVATE ${ARG_LIBS} $<BUILD_INTERFACE:tvw::warnings>)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${layer})
  install(TARGETS ${target} EXPORT tvwTargets FILE_SET HEADERS)
endfunction()

# A Catch2 executable, run by ctest under its own name with the label `unit`.
#
#   tvw_add_test(pack_test SOURCES csr_test.cpp nm_test.cpp LIBS tvw::pack)
#
# Tests may include headers below test/ ("support/catch.hpp") and src/ ("pack/bits.hpp").
function(tvw_add_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/test ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} tvw::catch_main tvw::warnings)
  target_compile_definitions(${name} PRIVATE TVW_TEST_DATA="${PROJECT_SOURCE_DIR}/test/data"
    TVW_TEST_SOURCE="${PROJECT_SOURCE_DIR}/test")
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 600)
endfunction()

# A pytest file of the current folder that runs the binary; needs the tests' Python (tools/setup --tests).
function(tvw_add_python_test name file)
  add_test(NAME ${name}
    COMMAND ${TVW_PYTHON} -m pytest -q -p no:cacheprovider ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  set_tests_properties(${name} PROPERTIES LABELS cli TIMEOUT 1200
    ENVIRONMENT "TVW_BINARY=$<TARGET_FILE:tvw>;PYTHONDONTWRITEBYTECODE=1")
endfunction()
