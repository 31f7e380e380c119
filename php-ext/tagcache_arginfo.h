/* This is a generated file, edit the .stub.php file instead.
 * Stub hash: a76a1f8fae85a5444e7f9b669a8805493c637f22 */

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_tagcache_create, 0, 0, TagCache, 0)
	ZEND_ARG_TYPE_MASK(0, options, MAY_BE_ARRAY|MAY_BE_STRING|MAY_BE_NULL, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_tagcache_get, 0, 2, IS_MIXED, 0)
	ZEND_ARG_OBJ_INFO(0, cache, TagCache, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, default, IS_MIXED, 0, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_tagcache_put, 0, 3, _IS_BOOL, 0)
	ZEND_ARG_OBJ_INFO(0, cache, TagCache, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, value, IS_MIXED, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, tags, IS_ARRAY, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, ttl_ms, IS_LONG, 1, "null")
ZEND_END_ARG_INFO()

#define arginfo_tagcache_add arginfo_tagcache_put

#define arginfo_tagcache_replace arginfo_tagcache_put

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_tagcache_delete, 0, 2, _IS_BOOL, 0)
	ZEND_ARG_OBJ_INFO(0, cache, TagCache, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
ZEND_END_ARG_INFO()

#define arginfo_tagcache_has arginfo_tagcache_delete

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_tagcache_touch, 0, 2, _IS_BOOL, 0)
	ZEND_ARG_OBJ_INFO(0, cache, TagCache, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, ttl_ms, IS_LONG, 1, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_tagcache_increment, 0, 2, IS_LONG, 0)
	ZEND_ARG_OBJ_INFO(0, cache, TagCache, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, by, IS_LONG, 0, "1")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, initial, IS_LONG, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, tags, IS_ARRAY, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, ttl_ms, IS_LONG, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, touch, _IS_BOOL, 0, "false")
ZEND_END_ARG_INFO()

#define arginfo_tagcache_decrement arginfo_tagcache_increment

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_tagcache_meta, 0, 2, IS_ARRAY, 1)
	ZEND_ARG_OBJ_INFO(0, cache, TagCache, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_tagcache_mget, 0, 2, IS_ARRAY, 0)
	ZEND_ARG_OBJ_INFO(0, cache, TagCache, 0)
	ZEND_ARG_TYPE_INFO(0, keys, IS_ARRAY, 0)
ZEND_END_ARG_INFO()

#define arginfo_tagcache_bulk_get arginfo_tagcache_mget

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_tagcache_mput, 0, 2, IS_LONG, 0)
	ZEND_ARG_OBJ_INFO(0, cache, TagCache, 0)
	ZEND_ARG_TYPE_INFO(0, items, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, ttl_ms, IS_LONG, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, tags, IS_ARRAY, 1, "null")
ZEND_END_ARG_INFO()

#define arginfo_tagcache_bulk_put arginfo_tagcache_mput

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_tagcache_mdelete, 0, 2, IS_LONG, 0)
	ZEND_ARG_OBJ_INFO(0, cache, TagCache, 0)
	ZEND_ARG_TYPE_INFO(0, keys, IS_ARRAY, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_tagcache_invalidate_tag, 0, 2, IS_LONG, 0)
	ZEND_ARG_OBJ_INFO(0, cache, TagCache, 0)
	ZEND_ARG_TYPE_INFO(0, tag, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_tagcache_invalidate_tags, 0, 2, IS_LONG, 0)
	ZEND_ARG_OBJ_INFO(0, cache, TagCache, 0)
	ZEND_ARG_TYPE_INFO(0, tags, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, mode, IS_STRING, 0, "\'any\'")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_tagcache_keys_by_tag, 0, 2, IS_ARRAY, 0)
	ZEND_ARG_OBJ_INFO(0, cache, TagCache, 0)
	ZEND_ARG_TYPE_INFO(0, tag, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, limit, IS_LONG, 1, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_tagcache_search_any, 0, 2, IS_ARRAY, 0)
	ZEND_ARG_OBJ_INFO(0, cache, TagCache, 0)
	ZEND_ARG_TYPE_INFO(0, tags, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, limit, IS_LONG, 1, "null")
ZEND_END_ARG_INFO()

#define arginfo_tagcache_search_all arginfo_tagcache_search_any

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_tagcache_stats, 0, 1, IS_ARRAY, 0)
	ZEND_ARG_OBJ_INFO(0, cache, TagCache, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_tagcache_flush, 0, 1, IS_LONG, 0)
	ZEND_ARG_OBJ_INFO(0, cache, TagCache, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_tagcache_ping, 0, 1, IS_DOUBLE, 0)
	ZEND_ARG_OBJ_INFO(0, cache, TagCache, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_tagcache_close, 0, 1, IS_VOID, 0)
	ZEND_ARG_OBJ_INFO(0, cache, TagCache, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_tagcache_last_error, 0, 1, TagCacheException, 1)
	ZEND_ARG_OBJ_INFO(0, cache, TagCache, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_TagCacheException_getRefused, 0, 0, IS_ARRAY, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_TagCache___construct, 0, 0, 0)
	ZEND_ARG_TYPE_MASK(0, options, MAY_BE_ARRAY|MAY_BE_STRING, "[]")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_TagCache_create, 0, 0, IS_STATIC, 0)
	ZEND_ARG_TYPE_MASK(0, options, MAY_BE_ARRAY|MAY_BE_STRING|MAY_BE_NULL, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_TagCache_get, 0, 1, IS_MIXED, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, default, IS_MIXED, 0, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_TagCache_set, 0, 2, _IS_BOOL, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, value, IS_MIXED, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, tags, IS_ARRAY, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, ttl_ms, IS_LONG, 1, "null")
ZEND_END_ARG_INFO()

#define arginfo_class_TagCache_add arginfo_class_TagCache_set

#define arginfo_class_TagCache_replace arginfo_class_TagCache_set

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_TagCache_delete, 0, 1, _IS_BOOL, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
ZEND_END_ARG_INFO()

#define arginfo_class_TagCache_has arginfo_class_TagCache_delete

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_TagCache_touch, 0, 1, _IS_BOOL, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, ttl_ms, IS_LONG, 1, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_TagCache_increment, 0, 1, IS_LONG, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, by, IS_LONG, 0, "1")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, initial, IS_LONG, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, tags, IS_ARRAY, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, ttl_ms, IS_LONG, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, touch, _IS_BOOL, 0, "false")
ZEND_END_ARG_INFO()

#define arginfo_class_TagCache_decrement arginfo_class_TagCache_increment

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_TagCache_meta, 0, 1, IS_ARRAY, 1)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_TagCache_mGet, 0, 1, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO(0, keys, IS_ARRAY, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_TagCache_mSet, 0, 1, IS_LONG, 0)
	ZEND_ARG_TYPE_INFO(0, items, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, ttl_ms, IS_LONG, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, tags, IS_ARRAY, 1, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_TagCache_mDelete, 0, 1, IS_LONG, 0)
	ZEND_ARG_TYPE_INFO(0, keys, IS_ARRAY, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_TagCache_invalidateTag, 0, 1, IS_LONG, 0)
	ZEND_ARG_TYPE_INFO(0, tag, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_TagCache_invalidateTags, 0, 1, IS_LONG, 0)
	ZEND_ARG_TYPE_INFO(0, tags, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, mode, IS_STRING, 0, "\'any\'")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_TagCache_keysByTag, 0, 1, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO(0, tag, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, limit, IS_LONG, 1, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_TagCache_searchAny, 0, 1, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO(0, tags, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, limit, IS_LONG, 1, "null")
ZEND_END_ARG_INFO()

#define arginfo_class_TagCache_searchAll arginfo_class_TagCache_searchAny

#define arginfo_class_TagCache_stats arginfo_class_TagCacheException_getRefused

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_TagCache_flush, 0, 0, IS_LONG, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_TagCache_ping, 0, 0, IS_DOUBLE, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_TagCache_close, 0, 0, IS_VOID, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_TagCache_lastError, 0, 0, TagCacheException, 1)
ZEND_END_ARG_INFO()


ZEND_FUNCTION(tagcache_create);
ZEND_FUNCTION(tagcache_get);
ZEND_FUNCTION(tagcache_put);
ZEND_FUNCTION(tagcache_add);
ZEND_FUNCTION(tagcache_replace);
ZEND_FUNCTION(tagcache_delete);
ZEND_FUNCTION(tagcache_has);
ZEND_FUNCTION(tagcache_touch);
ZEND_FUNCTION(tagcache_increment);
ZEND_FUNCTION(tagcache_decrement);
ZEND_FUNCTION(tagcache_meta);
ZEND_FUNCTION(tagcache_mget);
ZEND_FUNCTION(tagcache_mput);
ZEND_FUNCTION(tagcache_mdelete);
ZEND_FUNCTION(tagcache_invalidate_tag);
ZEND_FUNCTION(tagcache_invalidate_tags);
ZEND_FUNCTION(tagcache_keys_by_tag);
ZEND_FUNCTION(tagcache_search_any);
ZEND_FUNCTION(tagcache_search_all);
ZEND_FUNCTION(tagcache_stats);
ZEND_FUNCTION(tagcache_flush);
ZEND_FUNCTION(tagcache_ping);
ZEND_FUNCTION(tagcache_close);
ZEND_FUNCTION(tagcache_last_error);
ZEND_METHOD(TagCacheException, getRefused);
ZEND_METHOD(TagCache, __construct);


static const zend_function_entry ext_functions[] = {
	ZEND_FE(tagcache_create, arginfo_tagcache_create)
	ZEND_FE(tagcache_get, arginfo_tagcache_get)
	ZEND_FE(tagcache_put, arginfo_tagcache_put)
	ZEND_FE(tagcache_add, arginfo_tagcache_add)
	ZEND_FE(tagcache_replace, arginfo_tagcache_replace)
	ZEND_FE(tagcache_delete, arginfo_tagcache_delete)
	ZEND_FE(tagcache_has, arginfo_tagcache_has)
	ZEND_FE(tagcache_touch, arginfo_tagcache_touch)
	ZEND_FE(tagcache_increment, arginfo_tagcache_increment)
	ZEND_FE(tagcache_decrement, arginfo_tagcache_decrement)
	ZEND_FE(tagcache_meta, arginfo_tagcache_meta)
	ZEND_FE(tagcache_mget, arginfo_tagcache_mget)
	ZEND_FALIAS(tagcache_bulk_get, tagcache_mget, arginfo_tagcache_bulk_get)
	ZEND_FE(tagcache_mput, arginfo_tagcache_mput)
	ZEND_FALIAS(tagcache_bulk_put, tagcache_mput, arginfo_tagcache_bulk_put)
	ZEND_FE(tagcache_mdelete, arginfo_tagcache_mdelete)
	ZEND_FE(tagcache_invalidate_tag, arginfo_tagcache_invalidate_tag)
	ZEND_FE(tagcache_invalidate_tags, arginfo_tagcache_invalidate_tags)
	ZEND_FE(tagcache_keys_by_tag, arginfo_tagcache_keys_by_tag)
	ZEND_FE(tagcache_search_any, arginfo_tagcache_search_any)
	ZEND_FE(tagcache_search_all, arginfo_tagcache_search_all)
	ZEND_FE(tagcache_stats, arginfo_tagcache_stats)
	ZEND_FE(tagcache_flush, arginfo_tagcache_flush)
	ZEND_FE(tagcache_ping, arginfo_tagcache_ping)
	ZEND_FE(tagcache_close, arginfo_tagcache_close)
	ZEND_FE(tagcache_last_error, arginfo_tagcache_last_error)
	ZEND_FE_END
};


static const zend_function_entry class_TagCacheException_methods[] = {
	ZEND_ME(TagCacheException, getRefused, arginfo_class_TagCacheException_getRefused, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};


static const zend_function_entry class_TagCacheConnectionException_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_TagCacheTimeoutException_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_TagCacheProtocolException_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_TagCacheServerException_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_TagCacheUsageException_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_TagCache_methods[] = {
	ZEND_ME(TagCache, __construct, arginfo_class_TagCache___construct, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(create, tagcache_create, arginfo_class_TagCache_create, ZEND_ACC_PUBLIC|ZEND_ACC_STATIC)
	ZEND_ME_MAPPING(get, tagcache_get, arginfo_class_TagCache_get, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(set, tagcache_put, arginfo_class_TagCache_set, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(add, tagcache_add, arginfo_class_TagCache_add, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(replace, tagcache_replace, arginfo_class_TagCache_replace, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(delete, tagcache_delete, arginfo_class_TagCache_delete, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(has, tagcache_has, arginfo_class_TagCache_has, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(touch, tagcache_touch, arginfo_class_TagCache_touch, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(increment, tagcache_increment, arginfo_class_TagCache_increment, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(decrement, tagcache_decrement, arginfo_class_TagCache_decrement, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(meta, tagcache_meta, arginfo_class_TagCache_meta, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(mGet, tagcache_mget, arginfo_class_TagCache_mGet, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(mSet, tagcache_mput, arginfo_class_TagCache_mSet, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(mDelete, tagcache_mdelete, arginfo_class_TagCache_mDelete, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(invalidateTag, tagcache_invalidate_tag, arginfo_class_TagCache_invalidateTag, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(invalidateTags, tagcache_invalidate_tags, arginfo_class_TagCache_invalidateTags, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(keysByTag, tagcache_keys_by_tag, arginfo_class_TagCache_keysByTag, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(searchAny, tagcache_search_any, arginfo_class_TagCache_searchAny, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(searchAll, tagcache_search_all, arginfo_class_TagCache_searchAll, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(stats, tagcache_stats, arginfo_class_TagCache_stats, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(flush, tagcache_flush, arginfo_class_TagCache_flush, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(ping, tagcache_ping, arginfo_class_TagCache_ping, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(close, tagcache_close, arginfo_class_TagCache_close, ZEND_ACC_PUBLIC)
	ZEND_ME_MAPPING(lastError, tagcache_last_error, arginfo_class_TagCache_lastError, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};

static void register_tagcache_symbols(int module_number)
{

	zend_add_parameter_attribute(zend_hash_str_find_ptr(CG(function_table), "tagcache_create", sizeof("tagcache_create") - 1), 0, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);
}

static zend_class_entry *register_class_TagCacheException(zend_class_entry *class_entry_RuntimeException)
{
	zend_class_entry ce, *class_entry;

	INIT_CLASS_ENTRY(ce, "TagCacheException", class_TagCacheException_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_RuntimeException);

	zval property_refused_default_value;
	ZVAL_EMPTY_ARRAY(&property_refused_default_value);
	zend_string *property_refused_name = zend_string_init("refused", sizeof("refused") - 1, 1);
	zend_declare_typed_property(class_entry, property_refused_name, &property_refused_default_value, ZEND_ACC_PRIVATE, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_ARRAY));
	zend_string_release(property_refused_name);

	return class_entry;
}

static zend_class_entry *register_class_TagCacheConnectionException(zend_class_entry *class_entry_TagCacheException)
{
	zend_class_entry ce, *class_entry;

	INIT_CLASS_ENTRY(ce, "TagCacheConnectionException", class_TagCacheConnectionException_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_TagCacheException);

	return class_entry;
}

static zend_class_entry *register_class_TagCacheTimeoutException(zend_class_entry *class_entry_TagCacheException)
{
	zend_class_entry ce, *class_entry;

	INIT_CLASS_ENTRY(ce, "TagCacheTimeoutException", class_TagCacheTimeoutException_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_TagCacheException);

	return class_entry;
}

static zend_class_entry *register_class_TagCacheProtocolException(zend_class_entry *class_entry_TagCacheException)
{
	zend_class_entry ce, *class_entry;

	INIT_CLASS_ENTRY(ce, "TagCacheProtocolException", class_TagCacheProtocolException_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_TagCacheException);

	return class_entry;
}

static zend_class_entry *register_class_TagCacheServerException(zend_class_entry *class_entry_TagCacheException)
{
	zend_class_entry ce, *class_entry;

	INIT_CLASS_ENTRY(ce, "TagCacheServerException", class_TagCacheServerException_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_TagCacheException);

	return class_entry;
}

static zend_class_entry *register_class_TagCacheUsageException(zend_class_entry *class_entry_TagCacheException)
{
	zend_class_entry ce, *class_entry;

	INIT_CLASS_ENTRY(ce, "TagCacheUsageException", class_TagCacheUsageException_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_TagCacheException);

	return class_entry;
}

static zend_class_entry *register_class_TagCache(void)
{
	zend_class_entry ce, *class_entry;

	INIT_CLASS_ENTRY(ce, "TagCache", class_TagCache_methods);
	class_entry = zend_register_internal_class_ex(&ce, NULL);
	class_entry->ce_flags |= ZEND_ACC_NO_DYNAMIC_PROPERTIES|ZEND_ACC_NOT_SERIALIZABLE;


	zend_add_parameter_attribute(zend_hash_str_find_ptr(&class_entry->function_table, "__construct", sizeof("__construct") - 1), 0, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);

	zend_add_parameter_attribute(zend_hash_str_find_ptr(&class_entry->function_table, "create", sizeof("create") - 1), 0, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);

	return class_entry;
}
