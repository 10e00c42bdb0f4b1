# Warnings are errors in our own builds only: a user's newer compiler must not fail on them.
add_library(tutti_warnings INTERFACE)
if(PROJECT_IS_TOP_LEVEL)
  target_compile_options(tutti_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Werror)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 with -O2 reports the empty std::optional and std::expected, whose value nobody reads.
    target_compile_options(tutti_warnings INTERFACE -Wno-maybe-uninitialized)
  elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # What include/tutti/detail/mutex.hpp says of locks.
    target_compile_options(tutti_warnings INTERFACE -Wthread-safety)
  endif()
endif()
