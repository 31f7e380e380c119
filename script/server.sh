# Scripts that need a running tagcached source this file. start_server BINARY FLAG... starts one on a free
# loopback port and a Unix socket. It sets server_pid, server_tcp and server_unix (DSNs), and server_dir
# (a folder with the log). stop_server ends the server by its process id, removes that folder, and
# returns the server's exit status; it also runs when the script ends.

server_pid=
server_dir=

start_server() {
  local binary=$1 addresses
  shift
  server_dir=$(mktemp -d)
  trap stop_server EXIT
  # The server closes the ready descriptor when it listens, so `cat` waits until then.
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
