#!/usr/bin/env bash
# Installs what is missing, builds the tests and runs them: tests/run.sh [PRESET [argument of ctest]...]
# PRESET is release (as without one), debug, clang, asan, tsan (only the tests with threads) or valgrind (some small
# ones): see CMakePresets.json.
# The tests that want the MNIST files or PyTorch's numbers look in $TINYNET_DATA and $TINYNET_REFERENCE.
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/setup.sh"

preset=${1:-release}
packages=(g++ cmake ninja-build libeigen3-dev zlib1g-dev nlohmann-json3-dev libcli11-dev doctest-dev
  libstb-dev curl ca-certificates python3)
case $preset in
  clang) packages+=(clang) ;;
  asan) packages+=(clang libclang-rt-dev lld) ;;
  valgrind) packages+=(valgrind) ;;
esac
need "${packages[@]}" -- openssl dataset-fashion-mnist libjs-dygraphs strace libopenmpi-dev openmpi-bin make
wanted_tests=("${@:2}")
build "$preset"

for variable in TINYNET_DATA TINYNET_REFERENCE; do
  if [[ -n ${!variable:-} ]]; then
    folder=$(cd "${!variable}" && pwd) || die "$variable: no such folder: ${!variable}"
    export "$variable=$folder"
  fi
done
cd "$root"
# One test more at a time than there are processors: some only wait. What is written of those that passed stays in the
# log; the rest is shown.
result=0
followed "$preset-test" "testing" 4000 \
  ctest --preset "$preset" --parallel "$(($(getconf _NPROCESSORS_ONLN) + 1))" "${@:2}" || result=$?
grep -vE '^ +Start +[0-9]+: |^ *[0-9]+/[0-9]+ Test +#.* Passed ' "$logs/$preset-test.log" || true
exit "$result"
