# shellcheck shell=bash
# For examples/*/run.sh, tests/run.sh and .ci/run, which source it after `set -euo pipefail`: installs what is missing,
# builds, and says how far it is. Packages go by the names that Debian gives them.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
logs=$root/build/log
venv=$root/build/venv

say() { printf 'tinynet: %s\n' "$*" >&2; }

die() {
  say "error: $*"
  exit 1
}

# show_failure LOG COMMAND...: the end of what the command wrote.
show_failure() {
  tail -n "${TINYNET_LOG_LINES:-60}" "$1" >&2
  say "error: '${*:2}' failed; all of its output is in $1"
}

# logged NAME COMMAND...: the output goes to build/log/NAME.log; if the command fails, its end is shown.
logged() {
  local log=$logs/$1.log
  shift
  mkdir -p "$logs"
  "$@" </dev/null >"$log" 2>&1 || {
    show_failure "$log" "$@"
    return 1
  }
}

# ---- How far it is ---------------------------------------------------------------------------------------------

# duration SECONDS: in words.
duration() {
  if (($1 < 100)); then printf '%d s' "$1"; else printf '%d min' "$((($1 + 30) / 60))"; fi
}

# last_step LOG: how many steps ninja ("[3/512] ...") or ctest ("3/232 Test ...") has done, and of how many.
last_step() {
  tail -c 20000 "$1" 2>/dev/null | grep -v ' Re-' | grep -oE '^ *\[?[0-9]+/[0-9]+(\] | Test )' | tail -n 1 | tr -c '0-9\n' ' '
}

# follow LOG WHAT MILLISECONDS: says, until it is stopped, how far the command is that writes the log, and how long the rest
# will take: at first by what a step usually takes on one processor, then by how long they have taken. On a terminal
# in one line that moves, elsewhere in a line every half minute.
follow() {
  local log=$1 what=$2 usual=$3 begin=$SECONDS said=-30 cores steps total seconds text
  cores=$(getconf _NPROCESSORS_ONLN)
  while sleep 1 && kill -0 "$$" 2>/dev/null; do
    read -r steps total < <(last_step "$log") || continue
    seconds=$((SECONDS - begin))
    if ((seconds < 20 || steps < 10)); then
      text="about $(duration $((usual * (total - steps) / (1000 * cores) + 1))) on $cores processors"
    else
      text="about $(duration $((seconds * (total - steps) / steps + 1))) to go"
    fi
    if [[ -t 2 ]]; then
      printf '\r\e[Ktinynet: %s: %d of %d, %s' "$what" "$steps" "$total" "$text" >&2
    elif ((SECONDS - said >= 30)); then
      say "$what: $steps of $total, $text"
      said=$SECONDS
    fi
  done
}

# followed NAME WHAT MILLISECONDS COMMAND...: runs the command, its output in build/log/NAME.log, and says how far it
# is; MILLISECONDS is what one of its steps usually takes on one processor.
followed() {
  local log=$logs/$1.log what=$2 usual=$3 result=0 follower
  shift 3
  mkdir -p "$logs"
  : >"$log"
  follow "$log" "$what" "$usual" &
  follower=$!
  "$@" </dev/null >"$log" 2>&1 || result=$?
  kill "$follower" 2>/dev/null || true
  wait "$follower" 2>/dev/null || true
  [[ ! -t 2 ]] || printf '\r\e[K' >&2
  return "$result"
}

# ---- What is here ----------------------------------------------------------------------------------------------

has_command() { command -v "$1" >/dev/null 2>&1; }

# has_header HEADER...: one of them is where the compiler, or CMake by CMAKE_PREFIX_PATH, looks.
has_header() {
  local header prefix
  local -a compiler prefixes
  read -ra compiler <<<"${CXX:-c++}"
  IFS=: read -ra prefixes <<<"${CMAKE_PREFIX_PATH:-}"
  for header in "$@"; do
    "${compiler[@]}" -E -x c++ - >/dev/null 2>&1 <<<"#if !__has_include(<$header>)"$'\n#error\n#endif' && return
    for prefix in ${prefixes[@]+"${prefixes[@]}"}; do
      [[ -e $prefix/include/$header ]] && return
    done
  done
  return 1
}

# 3.21 or later
has_cmake() {
  local version
  version=$(cmake --version 2>/dev/null) || return 1
  [[ $version =~ ([0-9]+)\.([0-9]+) ]] || return 1
  ((BASH_REMATCH[1] > 3 || (BASH_REMATCH[1] == 3 && BASH_REMATCH[2] >= 21)))
}

# has PACKAGE: what that package of Debian gives is here, wherever it came from.
has() {
  case $1 in
    g++) has_command "${CXX:-c++}" || [[ ${CXX:-} == *" "* ]] ;;
    clang) has_command clang++ ;;
    llvm) has_command llvm-cov ;;
    lld) has_command ld.lld ;;
    python3-venv) python3 -m ensurepip --version >/dev/null 2>&1 ;;
    libclang-rt-dev) clang++ -fsanitize=address -x c++ - -o /dev/null 2>/dev/null <<<'int main() {}' ;;
    cmake) has_cmake ;;
    ninja-build) has_command ninja ;;
    libeigen3-dev) has_header eigen3/Eigen/Core Eigen/Core ;;
    zlib1g-dev) has_header zlib.h ;;
    nlohmann-json3-dev) has_header nlohmann/json.hpp ;;
    libopenmpi-dev) has_command mpicxx ;;
    openmpi-bin) has_command mpiexec ;;
    libcli11-dev) has_header CLI/CLI.hpp ;;
    libstb-dev) has_header stb/stb_image_write.h stb_image_write.h ;;
    doctest-dev) has_header doctest/doctest.h ;;
    ca-certificates) [[ -e /etc/ssl/certs/ca-certificates.crt || -e /etc/ssl/cert.pem ]] ;;
    libjs-dygraphs) [[ -e /usr/share/javascript/dygraphs/dygraph.min.js ]] ;;
    chromium-driver) has_command chromedriver ;;
    python3-selenium) /usr/bin/python3 -c 'import selenium' 2>/dev/null ;;
    dataset-fashion-mnist) [[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ]] ;;
    *) has_command "$1" ;;
  esac
}

# Sets the array `missing` to those of the packages that are not here.
find_missing() {
  local package
  missing=()
  for package in "$@"; do
    has "$package" || missing+=("$package")
  done
}

# ---- Installing ------------------------------------------------------------------------------------------------

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  else
    sudo "$@"
  fi
}

# can_be_root [ask]: root, or sudo that asks for no password; or, with `ask`, for one that somebody can give.
can_be_root() {
  [[ $(id -u) == 0 ]] && return
  has_command sudo || return 1
  sudo -n true 2>/dev/null && return
  [[ ${1:-} == ask && -t 0 ]] && say "sudo may ask for your password" && sudo -v
}

apt_install() {
  local -a apt=(env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  logged apt-update as_root "${apt[@]}" update || say "goes on with the package lists at hand"
  logged apt-install as_root "${apt[@]}" install --no-install-recommends "$@"
}

# What pip_install put under build/, if anything.
use_venv() {
  local prefix
  [[ -d $venv/bin ]] || return 0
  export PATH=$venv/bin:$PATH
  for prefix in "$venv"/lib/python3*/site-packages/cmeel.prefix; do
    [[ -d $prefix ]] && export CMAKE_PREFIX_PATH=$prefix${CMAKE_PREFIX_PATH:+:$CMAKE_PREFIX_PATH}
  done
  return 0
}

pip_install() {
  say "installing $* from PyPI into $venv (once)"
  mkdir -p "$logs"
  if ! {
    python3 -m venv "$venv" && "$venv/bin/pip" install --disable-pip-version-check "$@"
  } </dev/null >"$logs/pip.log" 2>&1; then
    say "that failed: $logs/pip.log says why"
    rm -rf "$venv"
    return 1
  fi
  use_venv
}

# need PACKAGE... [-- PACKAGE...]: installs what is missing. Does not return without the first ones; those after the
# -- are nice to have, and tried once.
need() {
  local -a required=() optional=() missing=() pypi=() rest=()
  local package
  while (($# > 0)) && [[ $1 != -- ]]; do
    required+=("$1")
    shift
  done
  [[ $# == 0 ]] || shift
  for package in "$@"; do
    [[ -e $logs/tried-$package ]] || optional+=("$package")
  done

  use_venv
  find_missing ${optional[@]+"${optional[@]}"}
  optional=(${missing[@]+"${missing[@]}"})
  find_missing "${required[@]}"
  rest=(${missing[@]+"${missing[@]}"})
  if [[ ${#rest[@]} == 0 && ${#optional[@]} == 0 ]]; then return; fi

  case $(uname -s) in
    MINGW* | MSYS* | CYGWIN*) die "on Windows please use CMake itself: README.md says how" ;;
    Darwin)
      if [[ ${#rest[@]} == 0 ]]; then return; fi
      die "not found: ${rest[*]}. Please run: xcode-select --install;" \
        "brew install cmake ninja eigen nlohmann-json cli11 doctest; for stb see README.md"
      ;;
  esac

  mkdir -p "$logs"
  if ((${#rest[@]} > 0)) && has_command apt-get && can_be_root ask; then
    say "installing ${rest[*]} (once)"
    apt_install "${rest[@]}" || true
    hash -r
  fi
  if ((${#optional[@]} > 0)) && has_command apt-get && can_be_root; then
    say "installing ${optional[*]} (once)"
    apt_install "${optional[@]}" || say "goes on without"
    for package in "${optional[@]}"; do touch "$logs/tried-$package"; done
  fi

  # What is still missing and what PyPI has goes under build/; the rest is for the user to install.
  find_missing "${required[@]}"
  rest=()
  for package in ${missing[@]+"${missing[@]}"}; do
    case $package in
      cmake) pypi+=(cmake) ;;
      ninja-build) pypi+=(ninja) ;;
      libeigen3-dev) pypi+=(cmeel-eigen) ;;
      *) rest+=("$package") ;;
    esac
  done
  if ((${#rest[@]} > 0)); then
    die "please install (Debian's names): ${missing[*]}; this needs root: sudo apt-get install ${missing[*]}"
  fi
  if ((${#pypi[@]} > 0)); then
    pip_install "${pypi[@]}" ||
      die "please install (Debian's names): ${missing[*]}; this needs root: sudo apt-get install ${missing[*]}"
  fi
}

# ---- Building --------------------------------------------------------------------------------------------------

# What a step of a build takes on one processor (g++ 12 and clang++ 14 on an AMD EPYC, Zen 5, on 2026-12-01).
step_milliseconds=4000

# Sets the array `cuda` to what the build is told: CUDA for the GPUs of this machine, and none where there is no GPU.
find_gpus() {
  local architectures
  architectures=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | tr -d . | sort -u) || true
  cuda=(-DTINYNET_CUDA=OFF)
  if [[ $architectures =~ ^[0-9[:space:]]+$ ]]; then
    cuda=(-DTINYNET_CUDA=AUTO "-DCMAKE_CUDA_ARCHITECTURES=${architectures//$'\n'/;}")
  fi
}

# The targets that these tests need, for ctest's arguments: see tests/needed_targets.py. Empty: all.
wanted_tests=()

# build PRESET [argument of cmake]...: brings build/PRESET up to date. One at a time, where there is flock.
build() (
  local names
  local -a targets command=(cmake --build --preset "$1")
  cd "$root" || exit
  mkdir -p build
  if has_command flock; then
    exec 9>build/lock
    flock -n 9 || {
      say "waiting for another build"
      flock 9
    }
  fi
  logged "$1-configure" cmake --preset "$1" "${@:2}"
  if ((${#wanted_tests[@]} > 0)); then
    names=$(python3 tests/needed_targets.py "build/$1" --preset "$1" "${wanted_tests[@]}") || exit
    [[ -n $names ]] || exit 0
    read -ra targets <<<"${names//$'\n'/ }"
    command+=(--target "${targets[@]}")
  fi
  followed "$1-build" "building" "$step_milliseconds" "${command[@]}" || {
    show_failure "$logs/$1-build.log" "${command[@]}"
    exit 1
  }
)
