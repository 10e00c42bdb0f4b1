# A library of our sources in which a test can break one rule of the protocol, at run time. The sources that
# have mutants, and headers too, are compiled as copies that mutate.py writes; all others as they are.
#
#   tutti_mutable_library(tutti_mutable ROOT src include MUTATIONS mutations SOURCES a.cpp b.cpp)
#
# The mutants of load/turns.cpp below one of the roots are in MUTATIONS/load/turns.cpp.mutations.
function(tutti_mutable_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MUTATIONS" "ROOT;SOURCES")
  tutti_refuse_unknown(tutti_mutable_library ${name})
  set(mutate ${PROJECT_SOURCE_DIR}/tests/simulation/mutate.py)
  set(copies ${CMAKE_CURRENT_BINARY_DIR}/mutated)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${arg_MUTATIONS}/*.mutations)
  foreach(file IN LISTS files)
    cmake_path(RELATIVE_PATH file BASE_DIRECTORY ${arg_MUTATIONS} OUTPUT_VARIABLE path)
    string(REGEX REPLACE "\\.mutations$" "" path ${path})
    set(source NOTFOUND)
    foreach(root IN LISTS arg_ROOT)
      if(EXISTS ${root}/${path})
        set(source ${root}/${path})
      endif()
    endforeach()
    if(NOT source)
      message(FATAL_ERROR "${file}: there is no ${path} below ${arg_ROOT}; a file of mutations is called as its source")
    endif()
    add_custom_command(OUTPUT ${copies}/${path}
      COMMAND ${Python3_EXECUTABLE} -B ${mutate} copy ${file} ${source} ${copies}/${path}
      DEPENDS ${mutate} ${file} ${source} VERBATIM)
    list(REMOVE_ITEM arg_SOURCES ${source})
    list(APPEND arg_SOURCES ${copies}/${path})
  endforeach()
  # A copy of what has no mutants any more would hide its source.
  file(GLOB_RECURSE stale ${copies}/*)
  list(REMOVE_ITEM stale ${arg_SOURCES} ${copies}/mutants/rules.hpp)
  if(stale)
    file(REMOVE ${stale})
  endif()
  add_custom_command(OUTPUT ${copies}/mutants/rules.hpp
    COMMAND ${Python3_EXECUTABLE} -B ${mutate} list ${arg_MUTATIONS} ${copies}/mutants/rules.hpp ${arg_ROOT}
    DEPENDS ${mutate} ${files} VERBATIM)
  add_library(${name} STATIC ${arg_SOURCES} ${copies}/mutants/rules.hpp)
  target_compile_features(${name} PUBLIC cxx_std_23)
  # The copies of headers come first.
  target_include_directories(${name} PUBLIC ${copies} ${arg_ROOT} ${PROJECT_SOURCE_DIR}/tests)
endfunction()
