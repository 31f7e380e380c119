# Sourced by scripts that need a running tagcached: start_server BINARY FLAG... starts one on a free
# loopback port and a Unix socket, and sets server_pid, server_tcp and server_unix (DSNs) and
# server_dir (its log is there, and it goes at the end). stop_server ends it by its process id and
# returns its exit status; it also runs when the script ends.

server_pid=
server_dir=

start_server() {
  local binary=$1 addresses
  shift
  server_dir=$(mktemp -d)
  trap stop_server EXIT
  # The server closes the ready descriptor once it listens, so reading it to the end is the wait.
  mkfifo "$server_dir/ready"
  "$binary" --port=0 --unix-socket="$server_dir/tagcached.sock" --ready-fd=3 \
    --log-file="$server_dir/log" "$@" 3>"$server_dir/ready" &
  server_pid=$!
  addresses=$(cat "$server_dir/ready")
  server_unix=unix://$server_dir/tagcached.sock
  server_tcp=tcp://$(sed -n 's/^tcp //p' <<<"$addresses")
  if [ "$server_tcp" = tcp:// ]; then
    cat "$server_dir/log" >&2
    echo "tagcached did not start" >&2
    exit 1
  fi
}

stop_server() {
  local status=0
  if [ -n "$server_pid" ]; then
    kill "$server_pid" 2>/dev/null || true
    wait "$server_pid" || status=$?
    server_pid=
  fi
  [ -z "$server_dir" ] || rm -rf "$server_dir"
  server_dir=
  return $status
}
