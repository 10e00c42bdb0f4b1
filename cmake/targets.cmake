# How every target of this repository is declared: one function for each kind, so that warnings, include
# folders and labels are the same everywhere.
#
#   tutti_library(memory DEPENDS base SOURCES a.cpp LINK Boost::json)    src/memory -> tutti_memory
#   tutti_executable(api-gateway SOURCES main.cpp LINK services_common)  services, cli -> bin/api-gateway
#   tutti_test(memory SOURCES a_test.cpp)                                tests/<suite>/... -> ctest -L <suite>
#   tutti_bench(memory SOURCES a_bench.cpp)                              bench
#   tutti_fuzzer(wire SOURCES wire_fuzz.cpp)                             tests/fuzz
#
# LINK never reaches the users of a target; LINK_PUBLIC does. Only src, tests and bench see src/: the
# services and the examples build on include/ alone, as any user does.

# Adds those folders that have a CMakeLists.txt, and notices when one appears.
function(tutti_add_folders)
  foreach(folder IN LISTS ARGN)
    file(GLOB lists CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt)
    if(lists)
      add_subdirectory(${folder})
    endif()
  endforeach()
endfunction()

# What `./test <suite>` builds; the suites that start services build everything.
if(TUTTI_TESTS)
  foreach(suite unit threads contract simulation stress examples tools integration fault fleet soak)
    add_custom_target(suite_${suite})
  endforeach()
endif()

# A layer of the library. DEPENDS names the layers below; tools/tidy holds the directions that are
# allowed. Without SOURCES the layer is header-only.
function(tutti_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPENDS;SOURCES;LINK;LINK_PUBLIC")
  tutti_refuse_unknown(tutti_library ${name})
  set(target tutti_${name})
  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:tutti_warnings> ${arg_LINK})
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
    target_link_libraries(${target} INTERFACE ${arg_LINK})
  endif()
  add_library(tutti::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} ${scope} cxx_std_23)
  target_include_directories(${target} ${scope}
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
  target_link_libraries(${target} ${scope} ${arg_LINK_PUBLIC})
  foreach(layer IN LISTS arg_DEPENDS)
    if(NOT TARGET tutti_${layer})
      message(FATAL_ERROR
        "tutti_library(${name}): the layer '${layer}' does not exist, or src/CMakeLists.txt adds it later")
    endif()
    target_link_libraries(${target} ${scope} tutti_${layer})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY TUTTI_LAYERS ${target})
endfunction()

# INSTALLED: `cmake --install` puts it beside the library. The others are programs of the bot platform, and are put
# only where they are asked for.
function(tutti_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "INSTALLED" "OUTPUT_NAME" "SOURCES;LINK")
  tutti_refuse_unknown(tutti_executable ${name})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE tutti::tutti tutti_warnings ${arg_LINK})
  if(arg_OUTPUT_NAME)
    set_target_properties(${name} PROPERTIES OUTPUT_NAME ${arg_OUTPUT_NAME})
  endif()
  if(arg_INSTALLED)
    install(TARGETS ${name} RUNTIME)
  else()
    install(TARGETS ${name} RUNTIME COMPONENT demonstration EXCLUDE_FROM_ALL)
  endif()
endfunction()

# What tests is compiled in two thirds of the time; what is tested is optimised as it is shipped.
function(tutti_compile_quickly target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# A program of a suite's tests, with what set_tests_properties takes.
function(tutti_suite suite target)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "FILTER" "PROPERTIES")
  tutti_refuse_unknown(tutti_suite ${target})
  include(GoogleTest)
  tutti_compile_quickly(${target})
  add_dependencies(suite_${suite} ${target})
  gtest_discover_tests(${target} TEST_PREFIX "${suite}." TEST_FILTER "${arg_FILTER}" NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${suite} TIMEOUT 300 ${arg_PROPERTIES})
endfunction()

# The suite (the ctest label) is the folder below tests/. PROPERTIES are those of set_tests_properties: COST, the
# seconds that one of them takes, lets ctest begin with those that wait long also when it has not seen them yet. ctest
# runs each test in a process of its own; those that TOGETHER names, patterns of --gtest_filter, share what is
# dear to start: they run in four processes, each one entry of ctest, which prints the tests by their names.
# RapidCheck draws from a fixed seed there, so that everybody is told the same; `./test long` draws fresh ones.
function(tutti_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK;PROPERTIES;TOGETHER")
  tutti_refuse_unknown(tutti_test ${name})
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${PROJECT_SOURCE_DIR}/tests
    OUTPUT_VARIABLE folder)
  string(REGEX REPLACE "/.*" "" suite ${folder})
  set(target ${suite}_${name})
  if(name STREQUAL suite)
    set(target ${suite}_tests)
  endif()
  add_executable(${target} ${arg_SOURCES})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${target} PRIVATE
    tutti::tutti tutti::testing tutti_warnings GTest::gmock_main GTest::gtest rapidcheck ${arg_LINK})
  set(alone)
  if(arg_TOGETHER)
    list(JOIN arg_TOGETHER ":" together)
    set(alone FILTER "-${together}")
    foreach(part RANGE 1 4)
      math(EXPR shard "${part} - 1")
      set(test ${suite}.${name}.together_${part}_of_4)
      add_test(NAME ${test} COMMAND ${target} --gtest_filter=${together})
      set_tests_properties(${test} PROPERTIES LABELS ${suite} TIMEOUT 300 COST 60 PROCESSORS 2
        ENVIRONMENT "RC_PARAMS=seed=1;GTEST_TOTAL_SHARDS=4;GTEST_SHARD_INDEX=${shard}" ${arg_PROPERTIES})
    endforeach()
  endif()
  tutti_suite(${suite} ${target} ${alone}
    PROPERTIES TIMEOUT 120 ENVIRONMENT RC_PARAMS=seed=1 ${arg_PROPERTIES})
endfunction()

function(tutti_bench name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  tutti_refuse_unknown(tutti_bench ${name})
  add_executable(bench_${name} ${arg_SOURCES})
  target_include_directories(bench_${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  target_link_libraries(bench_${name} PRIVATE
    tutti::tutti tutti::testing tutti_warnings benchmark::benchmark ${arg_LINK})
endfunction()

# ctest runs it over its corpus, tests/fuzz/corpus/<name>, and TUTTI_FUZZ_RUNS inputs that a fixed seed
# makes of it, so that everybody is told the same; `./test long` draws fresh ones.
function(tutti_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  tutti_refuse_unknown(tutti_fuzzer ${name})
  set(TUTTI_FUZZ_RUNS 20000 CACHE STRING "How many inputs ctest gives to each fuzz target")
  add_executable(fuzz_${name} ${arg_SOURCES})
  target_include_directories(fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(fuzz_${name} PRIVATE tutti::tutti tutti::testing tutti_warnings ${arg_LINK})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
  if(NOT IS_DIRECTORY ${corpus})
    set(corpus)
  endif()
  # The first folder takes the inputs that are found. It begins empty: every run is the same.
  set(found ${CMAKE_CURRENT_BINARY_DIR}/found_${name})
  add_test(NAME fuzz.${name}.begins_empty
    COMMAND sh -c "rm -rf '${found}' && mkdir '${found}'")
  set_tests_properties(fuzz.${name}.begins_empty PROPERTIES
    LABELS fuzz FIXTURES_SETUP fuzz_${name})
  add_test(NAME fuzz.${name}
    COMMAND fuzz_${name} -seed=1 -runs=${TUTTI_FUZZ_RUNS} -timeout=10 -rss_limit_mb=1024
      -print_final_stats=1 ${found} ${corpus})
  set_tests_properties(fuzz.${name} PROPERTIES
    LABELS fuzz TIMEOUT 600 FIXTURES_REQUIRED fuzz_${name})
endfunction()

macro(tutti_refuse_unknown function name)
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "${function}(${name}): cannot use "
      "'${arg_UNPARSED_ARGUMENTS}${arg_KEYWORDS_MISSING_VALUES}'; cmake/targets.cmake shows the form")
  endif()
endmacro()
