# Debian 12 packages; tools/install names them.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(OpenSSL 3.0 REQUIRED)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)

# SOCI comes without a CMake package: SOCI::core and SOCI::sqlite3.
function(tutti_find_soci)
  find_path(SOCI_INCLUDE_DIR soci/soci.h REQUIRED)
  foreach(part core sqlite3)
    find_library(SOCI_${part}_LIBRARY soci_${part} REQUIRED)
    add_library(SOCI::${part} UNKNOWN IMPORTED GLOBAL)
    set_target_properties(SOCI::${part} PROPERTIES
      IMPORTED_LOCATION ${SOCI_${part}_LIBRARY}
      INTERFACE_INCLUDE_DIRECTORIES ${SOCI_INCLUDE_DIR})
  endforeach()
  target_link_libraries(SOCI::sqlite3 INTERFACE SOCI::core)
endfunction()

if(TUTTI_SERVICES)
  find_package(CLI11 REQUIRED)
  find_package(fmt REQUIRED)
  find_package(spdlog REQUIRED)
  tutti_find_soci()
endif()
if(TUTTI_TESTS)
  find_package(GTest REQUIRED)
  find_package(rapidcheck REQUIRED)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
endif()
if(TUTTI_BENCH)
  find_package(benchmark REQUIRED)
endif()
