# The scripts here source this file. build_for_profiling TARGET... builds in release mode, prints nothing
# unless it fails, and sets build_dir (out/release, or TAGCACHE_BUILD_DIR where that is configured).
# Exit status of the scripts: 1 if a target was missed, 2 if something failed. --smoke runs them with
# tiny counts, only to see that they run: their figures mean nothing then, and 1 counts as success.

build_dir=${TAGCACHE_BUILD_DIR:-out/release}

build_for_profiling() {
  local log
  log=$(mktemp)
  if ! { [ -n "${TAGCACHE_BUILD_DIR:-}" ] || cmake --preset release; } >"$log" 2>&1 ||
    ! cmake --build "$build_dir" -j "$(nproc)" --target "$@" >>"$log" 2>&1; then
    tail -n 40 "$log" >&2
    rm -f "$log"
    exit 2
  fi
  rm -f "$log"
}

# run_or_smoke --smoke|-- COMMAND...
run_or_smoke() {
  local mode=$1 status=0
  shift
  "$@" || status=$?
  [ "$mode" != --smoke ] || [ $status -ne 1 ] || status=0
  exit $status
}
