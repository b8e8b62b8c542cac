# `cmake --install`: the program, its data, and a package `tvw` with one target per layer.
include(CMakePackageConfigHelpers)

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/tools/cmake/tvwConfig.cmake.in ${PROJECT_BINARY_DIR}/tvwConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/tvw)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tvwConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/tvwConfig.cmake
  ${PROJECT_BINARY_DIR}/tvwConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/third_party/cmake/tvw_dependencies.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/tvw)
install(EXPORT tvwTargets NAMESPACE tvw:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/tvw)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/configs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/tvw)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
