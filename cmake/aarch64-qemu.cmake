# Cross build for AArch64, run by qemu-user. Libraries come from Debian's arm64 packages (scripts/install-deps.sh --arm64).
# Only that multiarch folder is searched: a library of the build machine (or one its PKG_CONFIG_PATH names) must not be
# taken for a target's. Optional libraries without an arm64 package installed (hwloc, libpfm4, SQLite, check) count as absent.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig)
set(ENV{PKG_CONFIG_PATH} "")
set(CMAKE_FIND_ROOT_PATH /usr/lib/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_LIBRARY_PATH /usr/lib/aarch64-linux-gnu) # inside the root already, so searched as it stands
