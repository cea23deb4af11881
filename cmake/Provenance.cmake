# What results must say about the program that made them: version, commit, compiler, flags. The commit is read at build
# time (a configure-time value would go stale), into a header that only harness/provenance.c includes.
find_package(Git QUIET)
set(gb_provenance_header ${PROJECT_BINARY_DIR}/generated/gb_build.h)
add_custom_target(gb_provenance
  COMMAND ${CMAKE_COMMAND} -DGIT=${GIT_EXECUTABLE} -DSOURCE=${PROJECT_SOURCE_DIR} -DOUT=${gb_provenance_header}
          -DVERSION=${PROJECT_VERSION} "-DCOMPILER=${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION}"
          "-DFLAGS=${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_RELEASE} -ffp-contract=off" -DSANITIZE=${GB_SANITIZE} -DTYPE=${CMAKE_BUILD_TYPE}
          -P ${PROJECT_SOURCE_DIR}/cmake/WriteProvenance.cmake
  BYPRODUCTS ${gb_provenance_header} VERBATIM)
add_dependencies(gaugeblock_tools gb_provenance)
target_include_directories(gaugeblock_tools PRIVATE ${PROJECT_BINARY_DIR}/generated)
