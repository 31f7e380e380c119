# The scripts here that are PHP source this file. run_menu NAME ARGUMENT... starts tagcached on loopback, runs
# menu/NAME.php with the extension, the arguments and the server's two addresses, and stops the server.

. profiling/build.sh
. script/server.sh

run_menu() {
  local name=$1 mode=--
  shift
  [ "${1:-}" != --smoke ] || mode=--smoke
  build_for_profiling tagcached
  [ -f out/php/modules/tagcache.so ] || { echo "needs script/build" >&2; exit 2; }
  start_server "$build_dir/server/tagcached"
  run_or_smoke $mode php -n -d extension="$PWD/out/php/modules/tagcache.so" -d memory_limit=1G \
    -d display_errors=stderr "profiling/menu/$name.php" "$@" "$server_tcp" "$server_unix"
}
