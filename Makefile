# Thin front of CMake; everything real is in CMakeLists.txt and scripts/.
BUILD := build/release

.PHONY: all demo check check-all install clean

all: $(BUILD)/build.ninja
	@cmake --build $(BUILD)

$(BUILD)/build.ninja:
	@scripts/install-deps.sh
	@cmake --preset release

# verify, benchmark, quantize, run and measure the default model, write results/<date>/report.html
demo: all
	@scripts/demo.sh $(BUILD)/gaugeblock

# the whole test suite: gcc, clang, sanitizers, AArch64 under qemu, and the one hash across all of them
check:
	@scripts/check.sh

# check plus the long sweeps
check-all:
	@scripts/check.sh --all

install: all
	@cmake --install $(BUILD)

clean:
	@rm -rf build
