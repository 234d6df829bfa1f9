#!/usr/bin/env bash
# Installs what is missing, builds the program mnist for this machine and runs it with the arguments given:
#   examples/mnist/run.sh --help
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/setup.sh"

need g++ cmake ninja-build libeigen3-dev zlib1g-dev nlohmann-json3-dev libcli11-dev -- \
  libstb-dev libjs-dygraphs curl ca-certificates dataset-fashion-mnist make
find_gpus
build run "${cuda[@]}"
exec "$root/build/run/examples/mnist/mnist" "$@"
