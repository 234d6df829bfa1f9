#!/usr/bin/env bash
# Installs what is missing, builds the program sweep for this machine and runs it with the arguments given:
#   examples/sweep/run.sh --help
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/setup.sh"

need g++ cmake ninja-build libeigen3-dev zlib1g-dev nlohmann-json3-dev libcli11-dev -- \
  libjs-dygraphs curl ca-certificates dataset-fashion-mnist
build sweep
exec "$root/build/sweep/examples/sweep/sweep" "$@"
