<?php

declare(strict_types=1);

/** A deployment fills the cache in bulk, and a locale is refreshed by its tag. */
final class WarmUpTest extends CacheTestCase
{
    private const LOCALES = ['de_AT', 'en_GB', 'fr_FR'];

    /** @return array<string, array<string, mixed>> */
    private static function translations(string $locale, int $revision): array
    {
        $entries = [];
        for ($i = 0; $i < 2000; $i++) {
            $entries["$locale:message.$i"] = [
                'text' => "Text № $i ($locale)", 'plural' => $i % 2 === 0, 'weight' => $i / 7, 'revision' => $revision,
            ];
        }
        return $entries;
    }

    /** @dataProvider wires */
    public function testEveryEntryIsStoredAndComesBackInTheOrderAsked(string ...$wire): void
    {
        $cache = self::cache(...$wire);
        $all = [];
        foreach (self::LOCALES as $locale) {
            $entries = self::translations($locale, 1);
            self::assertSame(2000, $cache->mSet($entries, 3_600_000, ['translations', $locale]));
            $all += $entries;
        }
        self::assertSame($all, $cache->mGet(array_keys($all)));
        self::assertCount(6000, array_unique($cache->keysByTag('translations')));
        self::assertSame(6000, $cache->invalidateTag('translations'));
        self::assertSame([], $cache->mGet(array_keys($all)));
    }

    /** @dataProvider wires */
    public function testOneLocaleIsRefreshedAndTheOthersStayWarm(string ...$wire): void
    {
        $cache = self::cache(...$wire);
        foreach (self::LOCALES as $locale) {
            $cache->mSet(self::translations($locale, 1), tags: ['translations', $locale]);
        }
        self::assertSame(2000, $cache->invalidateTags(['translations', 'en_GB'], 'all'));
        $cache->mSet(self::translations('en_GB', 2), tags: ['translations', 'en_GB']);
        foreach (self::LOCALES as $locale) {
            $revision = $locale === 'en_GB' ? 2 : 1;
            $expected = self::translations($locale, $revision);
            self::assertSame($expected, $cache->mGet(array_keys($expected)), $locale);
        }
    }

    /** @dataProvider wires */
    public function testRecordsUnderTheirNumbersKeepThem(string ...$wire): void
    {
        $cache = self::cache(...$wire);
        $rows = [];
        for ($id = 1000; $id < 1500; $id++) {
            $rows[$id] = ['id' => $id, 'zip' => sprintf('%05d', $id)];
        }
        self::assertSame(500, $cache->mSet($rows));
        self::assertSame($rows, $cache->mGet(array_keys($rows)));
        self::assertSame('01234', $cache->get('1234')['zip']);
        self::assertSame(2, $cache->mDelete([1000, '1001', 'none']));
    }
}
