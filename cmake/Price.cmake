# `cmake --build build/release --target price`: the kernels a second time, without the numerics contract and under other names,
# for bench/price. Not part of the default build.
if(NOT GB_KERNEL_SOURCES) # GB_TIERS=none
  return()
endif()
set(price_names)
foreach(row IN LISTS kernel_rows)
  string(REGEX MATCH "^GB_KERNEL\\(([A-Za-z0-9_]+), ([a-z_]+), ([a-z0-9_]+)," ignored "${row}")
  set(name gb_${CMAKE_MATCH_1}_${CMAKE_MATCH_2}_${CMAKE_MATCH_3})
  string(APPEND price_names "#define ${name} ${name}_free\n")
endforeach()
file(WRITE ${PROJECT_BINARY_DIR}/price_names.h "${price_names}")
add_library(kernels_free OBJECT EXCLUDE_FROM_ALL ${GB_KERNEL_SOURCES})
target_compile_definitions(kernels_free PRIVATE ${GB_BUILT_DEFINITIONS})
target_compile_options(kernels_free PRIVATE -include ${PROJECT_BINARY_DIR}/price_names.h -ffast-math -ffp-contract=fast)
add_executable(price EXCLUDE_FROM_ALL bench/price/price.c $<TARGET_OBJECTS:kernels_free>)
target_link_libraries(price PRIVATE gaugeblock_tools)
