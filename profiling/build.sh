# Sourced by the scripts here: build_for_profiling TARGET... builds in release mode, in silence
# unless it fails, and sets build_dir (out/release, or TAGCACHE_BUILD_DIR where that is configured).

build_dir=${TAGCACHE_BUILD_DIR:-out/release}

build_for_profiling() {
  local log
  log=$(mktemp)
  if ! { [ -n "${TAGCACHE_BUILD_DIR:-}" ] || cmake --preset release; } >"$log" 2>&1 ||
    ! cmake --build "$build_dir" -j "$(nproc)" --target "$@" >>"$log" 2>&1; then
    tail -n 40 "$log" >&2
    rm -f "$log"
    exit 1
  fi
  rm -f "$log"
}
