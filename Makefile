# ngx_ws_pubsub_module. `make help` lists what there is.
#
# The work is done elsewhere: auto/nginx-build drives nginx's own build, which
# by ./config and ./config.make calls auto/compile.mk for our C++.
ROOT := $(CURDIR)
include auto/flags.mk

## Variables
JOBS ?= $(shell nproc)##            compiler processes at a time
NGINX ?= $(firstword $(wildcard /usr/sbin/nginx /usr/local/sbin/nginx) nginx)## the nginx to test and run with
NGX_SRC ?= /usr/share/nginx/src##   headers and configure of the installed nginx
TESTS ?=##                          more arguments for pytest, e.g. TESTS="-k reload"
FUZZ_SECONDS ?= 20##                how long each fuzz target runs
CHAOS_SECONDS ?= 600##              how long `make chaos` goes on; its cluster two minutes, if not given
LISTEN ?= 127.0.0.1##               where `make run` listens, with PORT and TLS_PORT
TEST_JOBS ?= 2##                   files of functional and browser tests at once
SHARE ?=##                          of the functional tests, e.g. 2/3: every third file, from the second on
SUITE ?= trixie##                   of Debian, for chroot-test
CHROOT_TARGETS ?= test##            what chroot-test makes there
DESTDIR ?=##                        a root for `make install` other than /
# also: BUILD=release|debug|sanitize, PCH=1 (precompiled headers), MODULE=file ("" for a static nginx),
# LWS_SRC=dir, HIREDIS_SRC=dir (other source trees of libwebsockets, hiredis), SKIP_PACKAGES=1 (never use apt)

OUT := $(ROOT)/build/$(BUILD)
BUILT := $(if $(filter release,$(BUILD)),$(ROOT)/build,$(OUT))/ngx_ws_pubsub_module.so
MODULE ?= $(BUILT)

# A sanitized module in an nginx that is not: the runtime must be loaded first.
ifeq ($(BUILD),sanitize)
export WS_PUBSUB_LDFLAGS := $(SANITIZERS)
PRELOAD := $(foreach lib,asan ubsan,$(realpath $(shell $(CXX) -print-file-name=lib$(lib).so)))
endif
export WS_PUBSUB_BUILD := $(BUILD)
export PRELOAD JOBS

PYTHON = /usr/bin/python3
SUBMAKE = $(MAKE) --no-print-directory
COMPILE_WITH = $(SUBMAKE) -j$(JOBS) -f auto/compile.mk

.PHONY: build deps module lws unit valgrind functional probe client browser chaos test run \
    install deb deb-check container-check chroot-test \
    uninstall newest static lint lint-format lint-tidy lint-layers lint-shell \
    lint-docs fuzz bench bench-growth bench-access bench-cluster bench-profile bench-instructions bench-counted bench-snapshot \
    bench-programs clean distclean help
.NOTPARALLEL:
.DEFAULT_GOAL := build

## Building
build: deps module ## install what is missing, build the module, check that nginx loads it

deps: ## install what the build needs
	@auto/packages build

lws: ## build what is linked in, libwebsockets and hiredis (part of build)
	@auto/lws
	@auto/hiredis

module: ## build without installing anything
	@auto/nginx-build installed $(NGX_SRC) $(OUT)/nginx
	@auto/nginx-check $(NGINX) $(OUT)/nginx/ngx_ws_pubsub_module.so $(OUT)/check
	@mkdir -p $(dir $(BUILT))
	@# never write into a file that a running nginx has mapped
	@cmp -s $(OUT)/nginx/ngx_ws_pubsub_module.so $(BUILT) || \
	    { cp $(OUT)/nginx/ngx_ws_pubsub_module.so $(BUILT).new && mv $(BUILT).new $(BUILT); }
	@ln -sfn $(OUT)/nginx/ws_pubsub/compile_commands.json build/compile_commands.json

newest: deps ## build Debian's newest nginx and the module for it: build/nginx-newest/dynamic
	@auto/nginx-newest
	@PROBE=1 auto/nginx-build dynamic $(ROOT)/build/nginx-newest/src $(NEWEST)
	@auto/nginx-check $(NEWEST)/nginx $(NEWEST)/ngx_ws_pubsub_module.so $(NEWEST)/check
	@echo "test it: make functional NGINX=$(NEWEST)/nginx MODULE=$(NEWEST)/ngx_ws_pubsub_module.so"
newest static: NEWEST = $(ROOT)/build/nginx-newest/$(KIND)
newest: KIND = dynamic
static: KIND = static

static: deps ## the same nginx with the module built in: build/nginx-newest/static
	@auto/nginx-newest
	@PROBE=1 auto/nginx-build static $(ROOT)/build/nginx-newest/src $(NEWEST)
	@auto/nginx-check $(NEWEST)/nginx "" $(NEWEST)/check
	@echo "test it: make functional NGINX=$(NEWEST)/nginx MODULE="

## Testing
# TESTS=test_delivery runs one program.
UNIT_MAINS = $(wildcard $(ROOT)/t/unit/*/$(if $(filter test_%,$(TESTS)),$(TESTS),test_*).cpp)
UNIT_SUPPORT = $(wildcard $(ROOT)/t/unit/support/*.cpp)

unit: deps lws ## the unit tests, without nginx (TESTS=test_delivery: one program)
	@auto/packages unit
	@$(if $(UNIT_MAINS),,echo "unit: no tests yet"; exit 0;) \
	$(COMPILE_WITH) ARCHIVE=$(OUT)/unit/libpure.a MAINS='$(UNIT_MAINS)' \
	    SOURCES='$(PURE_SOURCES) $(UNIT_SUPPORT)' \
	    EXTRA_CXXFLAGS='-O1 -g -I$(ROOT)/t/unit' EXTRA_LIBS=-lcmocka && \
	auto/run-all $(patsubst $(ROOT)/%.cpp,$(OUT)/unit/bin/%,$(UNIT_MAINS))

VALGRIND = valgrind -q --error-exitcode=1 --leak-check=full --child-silent-after-fork=yes

valgrind: ## the unit tests under valgrind
	@auto/packages valgrind
	@$(SUBMAKE) unit RUN_UNDER='$(VALGRIND)' RUN_SECONDS=1800
export RUN_UNDER RUN_SECONDS

# A test of a given nginx or module does not build ours.
TEST_BUILD = $(if $(filter $(BUILT),$(MODULE)),build)
TEST_ENV = WS_PUBSUB_MODULE='$(MODULE)' NGINX='$(NGINX)' \
    WS_PUBSUB_PRELOAD='$(PRELOAD)' WS_PUBSUB_PROBE='$(PROBE)'
PROBE = $(if $(TEST_BUILD),$(OUT)/nginx/,$(dir $(NGINX)))redis_probe.so
PYTEST = $(TEST_ENV) $(PYTHON) -m pytest -q
# The files of a directory side by side: mostly they wait. One test alone shows
# more of what it does.
SIDE_BY_SIDE = $(if $(TESTS),,-n $(TEST_JOBS) --dist loadfile)
# An empty directory is no failure.
TEST_DIRS = $(foreach dir,$(1),$(if $(wildcard t/$(dir)/test_*.py),t/$(dir)))
TEST_FILES = $(if $(SHARE),$(shell auto/share '$(SHARE)' t/$(1)/test_*.py),$(call TEST_DIRS,$(1)))
define RUN_PYTEST
@auto/packages test
@$(if $(call TEST_DIRS,$(1)),$(PYTEST) $(SIDE_BY_SIDE) $(TEST_FILES) $(TESTS),echo "$(1): no tests yet")
endef

functional: $(TEST_BUILD) probe ## a real nginx and real clients (MODULE, NGINX, TESTS)
	$(call RUN_PYTEST,functional)

# Of a given nginx it is there if `make newest` or `make static` has made that.
probe: $(TEST_BUILD)
	@$(if $(TEST_BUILD),PROBE=1 auto/nginx-build installed $(NGX_SRC) $(OUT)/nginx)

browser: $(TEST_BUILD) ## headless Chromium on the examples
	$(call RUN_PYTEST,browser)

client: $(TEST_BUILD) ## the browser client, in Node
	@auto/packages test
	@$(TEST_ENV) auto/client

chaos: $(TEST_BUILD) ## kills, reloads, stops, bursts and slow readers, all at once: for long runs
	@auto/packages test
	@CHAOS_SECONDS=$(CHAOS_SECONDS) $(CLUSTER_SECONDS) $(PYTEST) -s t/chaos $(TESTS)
CLUSTER_SECONDS = $(if $(filter file,$(origin CHAOS_SECONDS)),CHAOS_CLUSTER_SECONDS=120)

test: ## build, then unit, functional, client and browser tests
	@auto/test build unit functional client browser

FUZZ_MAINS = $(wildcard $(ROOT)/t/fuzz/fuzz_*.cpp)
FUZZ_FLAGS = -fsanitize=address,undefined -fno-sanitize-recover=all

# clang's idea of -Wconversion is another than g++'s, which is the one that counts
fuzz: deps lws ## each fuzz target for FUZZ_SECONDS over its corpus
	@auto/packages fuzz
	@$(if $(FUZZ_MAINS),,echo "fuzz: no targets yet"; exit 0;) \
	$(COMPILE_WITH) BUILD=debug CXX=clang++ WARNINGS=-w \
	    ARCHIVE=$(ROOT)/build/fuzz/libpure.a \
	    SOURCES='$(PURE_SOURCES) $(ROOT)/t/unit/support/apply_delta.cpp' \
	    MAINS='$(FUZZ_MAINS)' EXTRA_LDFLAGS=-fsanitize=fuzzer \
	    PURE_OUT=$(ROOT)/build/fuzz/pure PURE_CXXFLAGS='-fsanitize=fuzzer-no-link $(FUZZ_FLAGS)' \
	    EXTRA_CXXFLAGS='-fsanitize=fuzzer-no-link $(FUZZ_FLAGS) -I$(ROOT)/t/unit' && \
	auto/fuzz $(FUZZ_SECONDS) $(patsubst $(ROOT)/%.cpp,build/fuzz/bin/%,$(FUZZ_MAINS))

## Measuring
QUICK ?=##                          1: in less than two minutes, less exact
ROUNDS ?=##                         how often each server gets its turn
ONLY ?=##                           some rows instead of all, e.g. ONLY="single burst"
BENCH_MAINS = $(ROOT)/bench/load/main.cpp $(ROOT)/bench/floor/main.cpp
BENCH_SOURCES = $(filter-out $(BENCH_MAINS),$(wildcard $(foreach dir,shared load floor,$(ROOT)/bench/$(dir)/*.cpp)))
RUN_BENCH = QUICK='$(QUICK)' ROUNDS='$(ROUNDS)' NGINX='$(NGINX)' WS_PUBSUB_MODULE='$(MODULE)' \
    $(PYTHON) -B bench/run/main.py

bench: bench-programs ## this module beside nchan and a bare epoll server: bench/results (QUICK, ROUNDS)
	@$(RUN_BENCH) compare $(ONLY)

bench-growth: bench-programs ## the cost as the work grows, a plot each: bench/results (QUICK, ROUNDS)
	@$(RUN_BENCH) growth $(ONLY)

bench-access: bench-programs ## what tokens and hooks cost: bench/results/access.md (QUICK, ROUNDS)
	@$(RUN_BENCH) access

bench-cluster: bench-programs ## a zone on several hosts, over a Redis, beside nchan's: bench/results/cluster.md (QUICK, ROUNDS)
	@$(RUN_BENCH) cluster

bench-profile: bench-programs ## perf on the fan-out
	@$(RUN_BENCH) profile $(ONLY)

COUNTED = $(ROOT)/bench/callgrind
bench-instructions: bench-counted ## count the hot path's instructions, unmoved by noise: bench/results/instructions.md
	@$(PYTHON) -B bench/run/instructions.py $(ROOT)/build/bench/counted/bin/bench/callgrind/main

bench-counted: deps lws
	@auto/packages bench
	@$(COMPILE_WITH) ARCHIVE=$(ROOT)/build/bench/counted/libpure.a MAINS='$(COUNTED)/main.cpp' \
	    SOURCES='$(PURE_SOURCES) $(filter-out %/main.cpp,$(wildcard $(COUNTED)/*.cpp)) $(wildcard $(ROOT)/bench/shared/*.cpp) $(ROOT)/bench/load/payload.cpp' \
	    EXTRA_CXXFLAGS=-I$(ROOT)/bench

bench-snapshot: deps ## what it costs to write a million topics down, and to read them
	@auto/packages bench
	@auto/lws
	@$(COMPILE_WITH) ARCHIVE=$(ROOT)/build/bench/snapshot/libpure.a MAINS='$(ROOT)/bench/snapshot/main.cpp' \
	    SOURCES='$(PURE_SOURCES)' EXTRA_CXXFLAGS=-I$(ROOT)/bench
	@$(ROOT)/build/bench/snapshot/bin/bench/snapshot/main
	@$(ROOT)/build/bench/snapshot/bin/bench/snapshot/main 20000 50

bench-programs: $(TEST_BUILD)
	@auto/packages bench
	@$(COMPILE_WITH) ARCHIVE=$(ROOT)/build/bench/libbench.a MAINS='$(BENCH_MAINS)' \
	    SOURCES='$(BENCH_SOURCES)' EXTRA_CXXFLAGS=-I$(ROOT)/bench LIBS='-lssl -lcrypto -lz'

lint: lint-shell lint-layers lint-docs lint-format lint-tidy ## everything that is checked without running it

lint-packages:
	@auto/packages lint

lint-shell: ## syntax of the scripts
	@for script in config config.make $(SHELL_SCRIPTS); do sh -n $$script || exit 1; done
	@for script in $(BASH_SCRIPTS); do bash -n $$script || exit 1; done
BASH_SCRIPTS = $(shell grep -lE -d skip '^\#!/bin/bash' auto/* .ci/* examples/*/*)
SHELL_SCRIPTS = $(shell grep -lE -d skip '^\#!/bin/sh' auto/* examples/*/*)

lint-layers: ## the arrows between the directories of src; the length of files, a header for each source, what a class can do
	@$(PYTHON) t/lint/layers.py

lint-docs: ## what README.md and docs/ have to name, and their links
	@$(PYTHON) t/lint/docs.py

lint-format: lint-packages ## clang-format
	@find src t $(wildcard bench) -name '*.[ch]pp' | \
	    xargs -r clang-format --dry-run -Werror

lint-tidy: lint-packages build ## clang-tidy, on what has changed since it last passed
	@$(SUBMAKE) -j$(JOBS) -k -f auto/tidy.mk OBJS=$(OUT)/nginx/ws_pubsub SHARE='$(SHARE)'

## Using
run: $(TEST_BUILD) ## the examples on http://localhost:8080 and https://localhost:8443 (LISTEN, PORT, TLS_PORT, APP_PORT, FEED=0)
	@auto/packages run
	@LISTEN='$(LISTEN)' PORT='$(PORT)' TLS_PORT='$(TLS_PORT)' APP_PORT='$(APP_PORT)' FEED='$(FEED)' auto/run $(NGINX) '$(MODULE)'

deb: deps lws ## a Debian package for the installed nginx: build/deb
	@auto/packages deb
	@auto/deb $(VERSION)

deb-check: deb ## as root: install, upgrade, remove and purge that package on this machine
	@auto/packages test
	@auto/deb-check

chroot-test: ## as root: make CHROOT_TARGETS in a bare Debian of another SUITE
	@auto/packages container
	@auto/chroot-test $(SUITE) $(CHROOT_TARGETS)

container-check: ## as root: the Dockerfile's steps in chroots, and what comes of them
	@auto/packages container
	@auto/container-check

# Debian's modules come with a file that loads them, enabled by a link; named as
# those of the package, which takes their place.
MODULES_PATH = $(or $(shell $(NGINX) -V 2>&1 | sed -n 's/.*--modules-path=\([^ ]*\).*/\1/p'),/usr/lib/nginx/modules)
AVAILABLE = /usr/share/nginx/modules-available
ENABLED = /etc/nginx/modules-enabled
DOCUMENTS = /usr/share/doc/ngx_ws_pubsub_module
LOADED_BY = mod-http-ws-pubsub.conf
# The console: each line has files and where they go.
SHARED_FILES = debian/libnginx-mod-http-ws-pubsub.install

install: build ## install the module, stripped; on Debian also enable it
	install -D -s -m 644 $(BUILT) $(DESTDIR)$(MODULES_PATH)/ngx_ws_pubsub_module.so
	install -d $(DESTDIR)$(DOCUMENTS)
	install -m 644 LICENSE README.md docs/*.md $(DESTDIR)$(DOCUMENTS)
	@set -e; while read -r files folder; do \
	    install -d $(DESTDIR)/$$folder; install -m 644 $$files $(DESTDIR)/$$folder; \
	done < $(SHARED_FILES)
	@if [ -d $(ENABLED) ]; then set -ex; \
	    install -D -m 644 debian/$(LOADED_BY) $(DESTDIR)$(AVAILABLE)/$(LOADED_BY); \
	    install -d $(DESTDIR)$(ENABLED); \
	    ln -sfn $(AVAILABLE)/$(LOADED_BY) $(DESTDIR)$(ENABLED)/50-$(LOADED_BY); \
	    rm -f $(DESTDIR)$(ENABLED)/50-mod-ws-pubsub.conf; \
	fi

uninstall: ## undo install
	rm -rf $(DESTDIR)$(MODULES_PATH)/ngx_ws_pubsub_module.so \
	    $(DESTDIR)$(ENABLED)/50-$(LOADED_BY) \
	    $(DESTDIR)$(AVAILABLE)/$(LOADED_BY) $(DESTDIR)$(DOCUMENTS) \
	    $(DESTDIR)/usr/share/ngx_ws_pubsub_module

clean: ## remove what was built, except what is linked in and the downloads
	@find build -mindepth 1 -maxdepth 1 ! -name lws ! -name hiredis ! -name apt ! -name nginx-newest \
	    -exec rm -rf {} + 2> /dev/null || true
	@rm -rf build/nginx-newest/dynamic* build/nginx-newest/static*

distclean: ## remove build/ altogether, and what npm publishes
	@rm -rf build clients/js/dist

help: ## this list
	@sed -n \
	    -e 's/^## \(.*\)/\n\1:/p' \
	    -e 's/^\([a-z-]*\):[^=]*## \(.*\)/  \1\t\2/p' \
	    -e 's/^\([A-Z_]*\) ?=.*## *\(.*\)/  \1\t\2/p' \
	    -e 's/^# also: \(.*\)/  and \1/p; s/^# LWS_SRC/      LWS_SRC/p' \
	    Makefile | expand -t 16
