# Warnings are errors with the presets only, and not with --compile-no-warning-as-error: another compiler, or another level
# of optimisation, reports what ours do not, and must not fail on it.
add_library(tutti_warnings INTERFACE)
if(PROJECT_IS_TOP_LEVEL)
  target_compile_options(tutti_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wnon-virtual-dtor)
  # In a batch a local name may be that of another source's own. clang-tidy reads each source alone, with -Wshadow.
  if(TUTTI_BATCH EQUAL 1)
    target_compile_options(tutti_warnings INTERFACE -Wshadow)
  elseif(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(tutti_warnings INTERFACE -Wshadow=local)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 with -O2 reports the empty std::optional and std::expected, whose value nobody reads.
    target_compile_options(tutti_warnings INTERFACE -Wno-maybe-uninitialized)
  elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # What include/tutti/detail/mutex.hpp says of locks.
    target_compile_options(tutti_warnings INTERFACE -Wthread-safety)
  endif()
endif()
