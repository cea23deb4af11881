#include "harness/provenance.h"

#include "gb_build.h" /* written by cmake/WriteProvenance.cmake */

const gb_provenance gb_build = {
    .version = GB_BUILD_VERSION,
    .commit = GB_BUILD_COMMIT,
    .compiler = GB_BUILD_COMPILER,
    .flags = GB_BUILD_FLAGS,
    .build_type = GB_BUILD_TYPE,
    .sanitize = GB_BUILD_SANITIZE,
};
