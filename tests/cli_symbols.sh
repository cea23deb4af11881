#!/bin/bash
# The kernels of the built library are the rows of the table: catches a row that was deleted, whose function stays, and a kernel that
# never got one.
set -u
. "$(dirname "$0")/../scripts/rows.sh"
same_symbols "$(uname -m)" "$(dirname "$GAUGEBLOCK")/libgaugeblock.a"
