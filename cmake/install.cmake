# cmake --install: the headers, and a package that find_package(tinynet CONFIG) finds.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/tinynet")

install(
  DIRECTORY "${PROJECT_SOURCE_DIR}/include/tinynet"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING
  PATTERN "*.hpp"
  PATTERN "*.cuh"
)
install(TARGETS tinynet EXPORT tinynet_targets INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT tinynet_targets NAMESPACE tinynet:: FILE tinynet-targets.cmake DESTINATION "${package_dir}")

write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/tinynet-config-version.cmake" COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT
)
install(
  FILES "${PROJECT_SOURCE_DIR}/cmake/tinynet-config.cmake"
        "${PROJECT_SOURCE_DIR}/cmake/tinynet_dependencies.cmake"
        "${PROJECT_BINARY_DIR}/tinynet-config-version.cmake"
  DESTINATION "${package_dir}"
)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
