--TEST--
A read inside Serializable::unserialize() leaves the back-references of the outer value alone (lesson 21)
--SKIPIF--
<?php require __DIR__ . '/../skipif.inc'; ?>
--INI--
error_reporting=24575
--FILE--
<?php
require __DIR__ . '/../server.inc';
final class Asking implements Serializable
{
    public mixed $held = null;

    public function serialize(): string
    {
        return serialize($this->held);
    }

    public function unserialize(string $data): void
    {
        global $cache;
        check(count($cache->get('inner')) === 3, 'the inner value is whole');
        $this->held = unserialize($data);
    }
}

$server = new TagcachedServer();
foreach ($server->clients() as $name => $cache) {
    $cache->set('inner', [new ArrayObject(), new stdClass(), [1]]);
    [$first, $last, $asking] = [new stdClass(), new stdClass(), new Asking()];
    $asking->held = $first;
    $cache->set('outer', [$first, $asking, $last, $last]);
    $read = $cache->get('outer');
    check($read[1]->held === $read[0], "$name: nested serialize() still shares with what it is nested in");
    check($read[2] === $read[3], "$name: one object stays one");
}
?>
===DONE===
--EXPECT--
===DONE===
