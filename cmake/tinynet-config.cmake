# find_package(tinynet 0.1 CONFIG [COMPONENTS gzip json png mpi cuda nccl]) defines tinynet::tinynet, and tinynet::<component>
# for each component asked for. Only those look for more than Eigen.
include("${CMAKE_CURRENT_LIST_DIR}/tinynet_dependencies.cmake")

tinynet_check_build_type()
tinynet_find_eigen()
if(NOT tinynet_eigen_found)
  set(tinynet_FOUND FALSE)
  set(tinynet_NOT_FOUND_MESSAGE "${tinynet_eigen_problem}")
  return()
endif()

if(NOT TARGET tinynet::tinynet)
  include("${CMAKE_CURRENT_LIST_DIR}/tinynet-targets.cmake")
endif()

foreach(tinynet_component IN LISTS tinynet_FIND_COMPONENTS)
  tinynet_find_component(${tinynet_component})
  if(NOT tinynet_${tinynet_component}_FOUND AND tinynet_FIND_REQUIRED_${tinynet_component})
    set(tinynet_FOUND FALSE)
    set(tinynet_NOT_FOUND_MESSAGE "what the component '${tinynet_component}' needs was not found")
  endif()
endforeach()
