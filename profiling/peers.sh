# The scripts that measure tagcache and its peers from PHP source this file. run_with_peers PROGRAM
# ARGUMENT... runs compare.d/main.php or a program like it, with the extensions of all peers that are
# installed, on the cores for clients. It sets COMPARE_DIR (a directory that is removed at the end),
# COMPARE_BUILD and COMPARE_SERVER_CPUS for the program. It handles --awake and --cores=WHERE (see
# profiling/compare) and passes the other arguments on.

. profiling/build.sh

run_with_peers() {
  local program=$1 mode=-- awake='' cores=apart words=() argument name extension_dir
  local cpus cpu servers clients
  shift
  [ -f out/php/modules/tagcache.so ] || { echo "needs script/build" >&2; exit 2; }

  export COMPARE_DIR
  COMPARE_DIR=$(mktemp -d)
  loops=()
  trap '[ ${#loops[@]} -eq 0 ] || kill "${loops[@]}" || true; rm -rf "$COMPARE_DIR"' EXIT

  # PHP has no other configuration here; workers and php-fpm read the same file.
  export PHP_INI_SCAN_DIR=
  extension_dir=$(php -n -r 'echo ini_get("extension_dir");')
  {
    echo "extension=$PWD/out/php/modules/tagcache.so"
    for name in igbinary msgpack redis memcached apcu posix ctype tokenizer; do
      [ ! -f "$extension_dir/$name.so" ] || echo "extension=$name"
    done
    printf '%s\n' apc.enable_cli=1 apc.shm_size=256M memory_limit=2G display_errors=stderr \
      include_path=.:/usr/share/php
  } >"$COMPARE_DIR/php.ini"

  for argument; do
    case $argument in
      --awake) awake=yes ;;
      --cores=apart | --cores=same | --cores=any) cores=${argument#*=} ;;
      --smoke) mode=--smoke && words+=("$argument") ;;
      *) words+=("$argument") ;;
    esac
  done

  # The cores that this process may run on, as a list: 0 2 3.
  cpus=$(for part in $(taskset -cp $$ | sed 's/.*: //; s/,/ /g'); do seq "${part%-*}" "${part#*-}"; done)
  read -r -d '' -a cpus <<<"$cpus" || true
  case $cores in
    any) servers=("${cpus[@]}") clients=("${cpus[@]}") ;;
    same) servers=("${cpus[0]}") clients=("${cpus[0]}") ;;
    apart)
      servers=("${cpus[0]}") clients=("${cpus[@]:1}")
      [ ${#clients[@]} -gt 0 ] || clients=("${cpus[0]}")
      ;;
  esac
  export COMPARE_SERVER_CPUS COMPARE_BUILD=$PWD/$build_dir
  COMPARE_SERVER_CPUS=$(list "${servers[@]}")
  # setpriv: whatever ends this script also ends the processes that it starts from here.
  if [ "$awake" ]; then
    for cpu in "${cpus[@]}"; do
      setpriv --pdeathsig KILL taskset -c "$cpu" chrt --idle 0 sh -c 'while :; do :; done' &
      loops+=($!)
    done
  fi
  run_or_smoke "$mode" setpriv --pdeathsig TERM taskset -c "$(list "${clients[@]}")" \
    php -c "$COMPARE_DIR/php.ini" "$program" "${words[@]}"
}

list() { (IFS=, && echo "$*"); }
