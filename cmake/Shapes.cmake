# bench/shapes/*.txt become rows GB_SHAPE("name", "text") of a header that only bench/models.c includes: the program knows
# them wherever it is installed.
file(GLOB shape_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/shapes/*.txt)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${shape_files})
set(shape_rows)
foreach(file IN LISTS shape_files)
  get_filename_component(name ${file} NAME)
  string(REGEX REPLACE "\\.txt$" "" name ${name})
  file(READ ${file} text)
  string(REPLACE "\n" "\\n" text "${text}")
  string(APPEND shape_rows "GB_SHAPE(\"${name}\", \"${text}\")\n")
endforeach()
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/gb_shapes.h CONTENT "${shape_rows}" @ONLY)
