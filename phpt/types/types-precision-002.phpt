--TEST--
Floats inside arrays and objects keep every digit, whatever serialize_precision is (lesson 43)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--FILE--
<?php
require __DIR__ . '/../server.inc';
$server = new TagcachedServer();
final class Reader
{
    public mixed $precision = null;

    public function __serialize(): array
    {
        return [ini_get('serialize_precision')];
    }

    public function __unserialize(array $data): void
    {
        $this->precision = $data[0];
    }
}

$floats = [M_PI, 0.1, 1 / 3, -0.0, PHP_FLOAT_MAX, 5e-324, 123456789.123456789, INF];
$value = ['list' => $floats, 'deep' => [[(object) ['x' => 1 / 7]]]];
$bits = fn(array $value) => array_map(fn($float) => bin2hex(pack('E', $float)), [...$value['list'], $value['deep'][0][0]->x]);
foreach ([3, 0, 16, 17, -1] as $precision) {
    ini_set('serialize_precision', $precision);
    foreach ($server->clients() as $name => $cache) {
        $cache->set('k', $value);
        $cache->mSet(['b' => $value, 'r' => new Reader()]);
        check($bits($cache->get('k')) === $bits($value), "$name $precision");
        check($bits($cache->get('b')) === $bits($value), "$name $precision in bulk");
        check($cache->get('r')->precision === (string) $precision, "$name: the setting stays");
    }
    check(json_encode(0.1) === json_encode(0.1) && ini_get('serialize_precision') === (string) $precision, 'the setting is as it was');
}
ini_set('serialize_precision', 3);
echo json_encode(M_PI), "\n";
?>
===DONE===
--EXPECT--
3.14
===DONE===
