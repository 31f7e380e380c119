<?php

/*
 * Requests a page behind nginx and PHP-FPM (one worker, opcache) again and again over one HTTP connection.
 * Counts pages a second, with persistent connections to the cache and with a new one for each page.
 */

declare(strict_types=1);

namespace Compare;

final class Page implements Contender
{
    /** @var resource */
    private $http;

    public function __construct(int $port, private string $query)
    {
        $this->http = stream_socket_client("tcp://127.0.0.1:$port");
        stream_set_timeout($this->http, 10);
        $this->load() === '20' or throw new \RuntimeException("the page did not read the cache: $query");
    }

    public function round(float $seconds): Round
    {
        $times = [];
        $end = hrtime(true) + $seconds * 1e9;
        do {
            $start = hrtime(true);
            $this->load();
            $times[] = hrtime(true) - $start;
        } while (hrtime(true) < $end);
        return new Round(count($times) / (array_sum($times) / 1e9), $times);
    }

    private function load(): string
    {
        fwrite($this->http, "GET /page.php?{$this->query} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        $length = 0;
        while (($line = fgets($this->http)) !== false && $line !== "\r\n") {
            sscanf($line, 'Content-Length: %d', $length);
        }
        return $length > 0 ? (string) fread($this->http, $length) : '';
    }
}

/** Starts both at the first call; the port of nginx. */
function web_port(Servers $servers): int
{
    $fpm = (glob('/usr/sbin/php-fpm*') + [null])[0] ?? throw new Skipped('php-fpm is not installed');
    $nginx = Servers::program('nginx');
    $directory = $servers->directory;
    $user = Servers::user();
    file_put_contents("$directory/fpm.conf", "[global]\nerror_log = $directory/fpm.log\ndaemonize = no\n[www]\n" .
        "listen = $directory/fpm.sock\nuser = $user\ngroup = " . trim((string) shell_exec('id -gn')) .
        "\npm = static\npm.max_children = 1\ncatch_workers_output = yes\n");
    $fpm_command = [$fpm, '-c', php_ini_loaded_file(), '-d', 'zend_extension=opcache', '--nodaemonize', '-y', "$directory/fpm.conf"];
    $servers->launch('fpm', $user === 'root' ? [...$fpm_command, '-R'] : $fpm_command, "unix://$directory/fpm.sock");

    $port = Servers::freePort();
    $paths = '';
    foreach (['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'] as $what) {
        $paths .= "{$what}_temp_path $directory/$what;\n";
    }
    file_put_contents("$directory/nginx.conf", "daemon off; master_process off; pid $directory/nginx.pid;
        events {}
        http {
          access_log off; keepalive_requests 1000000000; $paths
          server {
            listen 127.0.0.1:$port;
            location / {
              fastcgi_pass unix:$directory/fpm.sock;
              fastcgi_param SCRIPT_FILENAME " . __DIR__ . "/page.php;
              fastcgi_param REQUEST_METHOD \$request_method;
              fastcgi_param QUERY_STRING \$query_string;
            }
          }
        }");
    $servers->launch('nginx', [$nginx, '-e', "$directory/nginx.log", '-p', $directory, '-c', "$directory/nginx.conf"],
        "tcp://127.0.0.1:$port");
    return $port;
}

/** @return list<Row> */
function page_rows(Servers $servers): array
{
    $rows = [];
    $port = null;  // of the one nginx for all rows
    foreach ([1 => 'persistent connections', 0 => 'new connections'] as $persistent => $how) {
        $rows[] = new Row("page of 20 gets, $how", function (Plan $plan) use ($persistent, $servers, &$port): Result {
            $makers = [];
            foreach (['tagcache', 'phpredis', 'memcached'] as $client) {
                $makers[$client] = function () use ($client, $persistent, $servers, &$port): Page {
                    $port ??= web_port($servers);
                    $address = $servers->address($client, 'unix');
                    fill($client, connect($client, 'unix', $address), Menu::data()->all);
                    $query = ['client' => $client, 'transport' => 'unix', 'persistent' => $persistent] + $address;
                    return new Page($port, http_build_query($query));
                };
            }
            return alternate($makers, $plan);
        }, 'pages/s');
    }
    return $rows;
}
