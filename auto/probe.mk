# A module for tests alone (t/probe), for the nginx whose build this is read in:
# make -f OBJS/Makefile -f auto/probe.mk probe. It lies beside that build's own.
PROBE_ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)
PROBE_OBJS := $(abspath $(dir $(firstword $(MAKEFILE_LIST))))

.PHONY: probe
probe:
	@$(MAKE) --no-print-directory -f $(PROBE_ROOT)/auto/compile.mk \
	    ARCHIVE=$(PROBE_OBJS)/probe/libprobe.a BUILD=$(or $(WS_PUBSUB_BUILD),release) \
	    SOURCES='$(wildcard $(PROBE_ROOT)/src/redis/*.cpp $(PROBE_ROOT)/src/ngx/*.cpp \
        $(PROBE_ROOT)/src/base/*.cpp $(PROBE_ROOT)/src/log/log_id.cpp $(filter-out %/redis_probe.cpp,$(wildcard $(PROBE_ROOT)/t/probe/*.cpp)))' \
	    MAINS=$(PROBE_ROOT)/t/probe/redis_probe.cpp \
	    NGX_DIR=$(CURDIR) NGX_INCS='$(ALL_INCS)' NGX_CFLAGS='$(CFLAGS)' \
	    EXTRA_CXXFLAGS=-I$(PROBE_ROOT)/t/unit \
	    EXTRA_LDFLAGS='-shared $(WS_PUBSUB_LDFLAGS)' EXTRA_LIBS=-lssl
	@ln -sf probe/bin/t/probe/redis_probe $(PROBE_OBJS)/redis_probe.so
