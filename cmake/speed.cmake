# Makes our own builds fast and repeatable. Each part is used when it is there and not missed when it
# is not. docs/decisions/0001-two-compilers-one-build-tree.md has the numbers.

# Paths in __FILE__ and in debug information are relative to the repository: the same source gives the
# same object in every checkout, so that ccache finds it there too.
add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)

# With CCACHE_DEPEND an object is stored under the texts that the compiler says it has read. Without it the
# object has the name of a preprocessed text that was read before: a file that changes between the two (a
# checkout during a build) leaves an object of the old text under the name of the new, for every later build.
find_program(TUTTI_CCACHE ccache)
if(TUTTI_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1 ${TUTTI_CCACHE})
endif()

# GCC has known -fuse-ld=mold since 12.1.
find_program(TUTTI_MOLD mold)
if(TUTTI_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
