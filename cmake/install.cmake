# cmake --install: the headers, and a package that find_package(tinynet CONFIG) and pkg-config find; cpack -G DEB: the
# same as a package for Debian.
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

# Where the prefix is, as seen from the file, which may be moved with it.
file(RELATIVE_PATH tinynet_pc_to_prefix "/prefix/${CMAKE_INSTALL_DATADIR}/pkgconfig" "/prefix")
string(REGEX REPLACE "/$" "" tinynet_pc_to_prefix "${tinynet_pc_to_prefix}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/tinynet.pc.in" "${PROJECT_BINARY_DIR}/tinynet.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/tinynet.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
foreach(line "gzip|packed files|zlib" "json|safetensors and reports|nlohmann_json")
  string(REGEX MATCH "(.*)[|](.*)[|](.*)" line "${line}")
  set(component "${CMAKE_MATCH_1}")
  set(what "${CMAKE_MATCH_2}")
  set(package "${CMAKE_MATCH_3}")
  configure_file(
    "${PROJECT_SOURCE_DIR}/cmake/tinynet-component.pc.in" "${PROJECT_BINARY_DIR}/tinynet-${component}.pc" @ONLY
  )
  install(FILES "${PROJECT_BINARY_DIR}/tinynet-${component}.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
endforeach()

if(PROJECT_IS_TOP_LEVEL)
  set(CPACK_PACKAGE_NAME libtinynet-dev)
  set(CPACK_PACKAGE_VENDOR "the tinynet developers")
  set(CPACK_PACKAGE_CONTACT "the tinynet developers")
  set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
  set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE all)
  set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_PACKAGE_DEPENDS "libeigen3-dev (>= 3.4)")
  set(CPACK_DEBIAN_PACKAGE_SUGGESTS "zlib1g-dev, nlohmann-json3-dev, libstb-dev, libopenmpi-dev")
  set(CPACK_GENERATOR DEB TGZ)
  include(CPack)
endif()
