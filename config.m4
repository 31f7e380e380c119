dnl The extension, built by itself: the client library's sources are compiled in.

PHP_ARG_ENABLE([tagcache], [whether to enable TagCache],
  [AS_HELP_STRING([--enable-tagcache], [Enable the TagCache client])], [yes])

if test "$PHP_TAGCACHE" != "no"; then
  PHP_REQUIRE_CXX()
  PHP_CXX_COMPILE_STDCXX([20], [mandatory], [PHP_TAGCACHE_STDCXX])

  dnl The folder listing is the list: php-ext/ is the extension, the others are the library.
  tagcache_sources=`cd $abs_srcdir && ls php-ext/*.cc libclient/*/*.cc protocol/*.cc | tr '\n' ' '`
  tagcache_flags="$PHP_TAGCACHE_STDCXX -I$abs_srcdir -I$abs_srcdir/include -I$abs_srcdir/php-ext"
  tagcache_flags="$tagcache_flags -Wall -Wextra -Wno-unused-parameter -fvisibility=hidden"
  dnl See CMakeLists.txt.
  case $host_cpu in
    x86_64) tagcache_flags="$tagcache_flags -mtune=skylake" ;;
  esac
  dnl Assertions are for a PHP built for debugging, and off in other people's PHP.
  case $PHP_DEBUG in
    1|yes) ;;
    *) tagcache_flags="$tagcache_flags -DNDEBUG" ;;
  esac
  tagcache_flags="$tagcache_flags -DZEND_ENABLE_STATIC_TSRMLS_CACHE=1"

  PHP_NEW_EXTENSION([tagcache], [$tagcache_sources], [$ext_shared],, [$tagcache_flags], [yes])
  PHP_ADD_LIBRARY([stdc++], [1], [TAGCACHE_SHARED_LIBADD])
  dnl Hidden visibility does not reach what std templates leave behind: export the entry alone.
  case $host_os in
    linux*) tagcache_exports="-Wl,--version-script=$abs_srcdir/php-ext/exports.map" ;;
  esac
  TAGCACHE_SHARED_LIBADD="$TAGCACHE_SHARED_LIBADD $tagcache_exports"
  PHP_SUBST([TAGCACHE_SHARED_LIBADD])
  PHP_ADD_BUILD_DIR([$ext_builddir/php-ext])
  PHP_ADD_BUILD_DIR([$ext_builddir/libclient/machine])
  PHP_ADD_BUILD_DIR([$ext_builddir/libclient/transport])
  PHP_ADD_BUILD_DIR([$ext_builddir/libclient/pool])
  PHP_ADD_BUILD_DIR([$ext_builddir/libclient/calls])
  PHP_ADD_BUILD_DIR([$ext_builddir/protocol])

  dnl `make test` looks for phpt files where TESTS says.
  PHP_ADD_MAKEFILE_FRAGMENT([$abs_srcdir/php-ext/Makefile.frag], [$ext_srcdir])
fi
