TESTS ?= $(srcdir)/phpt
