<?php

declare(strict_types=1);

final class Product
{
    public function __construct(
        public readonly int $id,
        public readonly string $name,
        public readonly float $price,
        public readonly int $category,
        public readonly ?DateTimeImmutable $soldOutSince = null,
    ) {
    }
}

/** Cache-aside: reads go to the cache first, writes to the "database" and then to the tags. */
final class ProductRepository
{
    public int $queries = 0;

    /** @param array<int, Product> $rows */
    public function __construct(private TagCache $cache, private array $rows)
    {
    }

    public function find(int $id): ?Product
    {
        $key = "product:$id";
        $product = $this->cache->get($key, false);
        if ($product === false) {
            $this->queries++;
            $product = $this->rows[$id] ?? null;  // an absent row is remembered, too
            $tags = ["product-$id", ...$product === null ? [] : ["category-{$product->category}"]];
            $this->cache->set($key, $product, $tags, 60_000);
        }
        return $product;
    }

    /**
     * @param list<int> $ids
     * @return array<int, Product>
     */
    public function findMany(array $ids): array
    {
        $keys = array_map(fn(int $id) => "product:$id", $ids);
        $found = $this->cache->mGet($keys);
        $products = [];
        foreach (array_combine($ids, $keys) as $id => $key) {
            $products[$id] = array_key_exists($key, $found) ? $found[$key] : $this->find($id);
        }
        return array_filter($products);
    }

    public function save(Product $product): void
    {
        $this->rows[$product->id] = $product;
        $this->cache->invalidateTag("product-{$product->id}");
    }

    public function raisePrices(int $category, float $factor): int
    {
        foreach ($this->rows as $id => $p) {
            if ($p->category === $category) {
                $this->rows[$id] = new Product($p->id, $p->name, $p->price * $factor, $p->category, $p->soldOutSince);
            }
        }
        return $this->cache->invalidateTag("category-$category");
    }
}

final class ProductRepositoryTest extends CacheTestCase
{
    private static function repository(string $transport, string $protocol): ProductRepository
    {
        $rows = [];
        for ($id = 1; $id <= 30; $id++) {
            $soldOut = $id % 10 === 0 ? new DateTimeImmutable("2024-01-$id 00:00:00 UTC") : null;
            $rows[$id] = new Product($id, "Lamp\t№ $id\n", $id * 1.1, $id % 3, $soldOut);
        }
        return new ProductRepository(self::cache($transport, $protocol), $rows);
    }

    /** @dataProvider wires */
    public function testASecondReadAsksNoDatabaseAndReturnsAnEqualObject(string ...$wire): void
    {
        $repository = self::repository(...$wire);
        $first = $repository->find(10);
        $second = $repository->find(10);
        self::assertSame(1, $repository->queries);
        self::assertEquals($first, $second);
        self::assertSame($first->price, $second->price);
        self::assertSame("Lamp\t№ 10\n", $second->name);
    }

    /** @dataProvider wires */
    public function testAnAbsentRowIsRememberedAsNullAndNotAskedForAgain(string ...$wire): void
    {
        $repository = self::repository(...$wire);
        self::assertNull($repository->find(999));
        self::assertNull($repository->find(999));
        self::assertSame(1, $repository->queries);
    }

    /** @dataProvider wires */
    public function testASavedProductIsReadAnewAndTheOthersAreNot(string ...$wire): void
    {
        $repository = self::repository(...$wire);
        $repository->findMany([1, 2, 3]);
        $repository->save(new Product(2, 'Chair', 5.0, 2));
        self::assertSame('Chair', $repository->find(2)->name);
        $repository->findMany([1, 2, 3]);
        self::assertSame(4, $repository->queries);
    }

    /** @dataProvider wires */
    public function testACategoryIsInvalidatedByItsTagAndExactlyIts(string ...$wire): void
    {
        $repository = self::repository(...$wire);
        $before = $repository->findMany(range(1, 30));
        self::assertSame(10, $repository->raisePrices(1, 2.0));
        $after = $repository->findMany(range(1, 30));
        self::assertSame(30 + 10, $repository->queries);
        foreach ($after as $id => $product) {
            self::assertSame($before[$id]->price * ($id % 3 === 1 ? 2.0 : 1.0), $product->price);
        }
    }
}
