# Compiles C++ sources into one archive, and programs that are linked with it. A
# makefile of its own because three parties call it: nginx's Makefile (by the
# rule that config.make appends) for the module, and our Makefile for the unit
# tests and the fuzz targets.
#
#   ARCHIVE     what to make; everything else is written beside it
#   SOURCES     what goes in; by default the whole module
#   MAINS       one program each, bin/... beside the archive
#   NGX_DIR, NGX_INCS, NGX_CFLAGS
#               nginx's tree, include paths (relative to it) and flags
#   BUILD, EXTRA_CXXFLAGS, EXTRA_LDFLAGS, EXTRA_LIBS
ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)
include $(ROOT)/auto/flags.mk

SOURCES ?= $(wildcard $(ROOT)/src/*/*.cpp)
OUT := $(patsubst %/,%,$(dir $(ARCHIVE)))
OBJECTS := $(patsubst $(ROOT)/%.cpp,$(OUT)/obj/%.o,$(SOURCES))
PROGRAMS := $(patsubst $(ROOT)/%.cpp,$(OUT)/bin/%,$(MAINS))

# nginx's headers are not ours to warn about. The compiler's own directory must
# not be named again: that would break #include_next.
NGX_PATHS := $(filter-out /usr/include,$(patsubst -I%,%,$(NGX_INCS)))
NGX_FLAGS := $(foreach path,$(NGX_PATHS),\
    -isystem $(if $(filter /%,$(path)),$(path),$(NGX_DIR)/$(path)))
# Of nginx's own flags those that may change the layout of its structures.
NGX_FLAGS += $(filter-out -D_FORTIFY_SOURCE=%,$(filter -D% -U%,$(NGX_CFLAGS)))

COMPILE = $(CXX) $(CXXFLAGS_ALL) $(EXTRA_CXXFLAGS) $(NGX_FLAGS)

all: $(ARCHIVE) $(PROGRAMS) $(OUT)/compile_commands.json
.PHONY: all force
.DELETE_ON_ERROR:
.SECONDARY:

# Rewrites its target only when the text changes, so that a changed flag or a
# deleted source rebuilds what it must and nothing else does.
$(OUT)/compile.txt: TEXT = $(COMPILE)
$(OUT)/objects.txt: TEXT = $(OBJECTS)
$(OUT)/compile.txt $(OUT)/objects.txt: force
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(TEXT))' | cmp -s - $@ || \
	    echo '$(subst ','\'',$(TEXT))' > $@

$(ARCHIVE): $(OBJECTS) $(OUT)/objects.txt
	@rm -f $@
	@$(AR) rcs $@ $(OBJECTS)

# (-MMD leaves system headers out: libwebsockets' are covered by its stamp)
$(OUT)/obj/%.o: $(ROOT)/%.cpp $(OUT)/compile.txt $(wildcard $(ROOT)/build/lws/stamp)
	@mkdir -p $(@D)
	@echo "  CXX  $*.cpp"
	@$(COMPILE) -MMD -MP -c -o $@ $<

$(OUT)/bin/%: $(OUT)/obj/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	@echo "  LINK $*"
	@$(COMPILE) $(EXTRA_LDFLAGS) -o $@ $< $(ARCHIVE) $(EXTRA_LIBS) $(LIBS)

# For clang-tidy and editors.
$(OUT)/compile_commands.json: $(OUT)/compile.txt $(OUT)/objects.txt
	@{ separator='['; for file in $(SOURCES) $(MAINS); do \
	    printf '%s\n{ "directory": "%s", "file": "%s", "command": "%s -c %s" }' \
	        "$$separator" '$(ROOT)' "$$file" \
	        '$(subst ",\",$(subst ','\'',$(COMPILE)))' "$$file"; \
	    separator=','; done; echo ']'; } > $@

-include $(OBJECTS:.o=.d) $(patsubst $(OUT)/bin/%,$(OUT)/obj/%.d,$(PROGRAMS))
