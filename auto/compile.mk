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
#   PURE_OUT, PURE_CXXFLAGS
#               where the objects of PURE_SOURCES are, and more flags for them. They
#               depend on nothing but BUILD: all parties share what is compiled once.
#   PCH         1: with precompiled headers, as CI does. Without them a source that
#               does not include what it uses does not compile.
ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)
include $(ROOT)/auto/flags.mk

SOURCES ?= $(wildcard $(ROOT)/src/*/*.cpp)
OUT := $(patsubst %/,%,$(dir $(ARCHIVE)))
PURE_OUT ?= $(ROOT)/build/pure/$(BUILD)
PURE := $(filter $(PURE_SOURCES),$(SOURCES))
OWN := $(filter-out $(PURE),$(SOURCES))
OBJECTS := $(patsubst $(ROOT)/%.cpp,$(PURE_OUT)/obj/%.o,$(PURE)) \
    $(patsubst $(ROOT)/%.cpp,$(OUT)/obj/%.o,$(OWN))
PROGRAMS := $(patsubst $(ROOT)/%.cpp,$(OUT)/bin/%,$(MAINS))

# nginx's headers are not ours to warn about. The compiler's own directory must
# not be named again: that would break #include_next.
NGX_PATHS := $(filter-out /usr/include,$(patsubst -I%,%,$(NGX_INCS)))
NGX_FLAGS := $(foreach path,$(NGX_PATHS),\
    -isystem $(if $(filter /%,$(path)),$(path),$(NGX_DIR)/$(path)))
# Of nginx's own flags those that may change the layout of its structures.
NGX_FLAGS += $(filter-out -D_FORTIFY_SOURCE=%,$(filter -D% -U%,$(NGX_CFLAGS)))

COMPILE = $(CXX) $(CXXFLAGS_ALL) $(EXTRA_CXXFLAGS) $(NGX_FLAGS)
COMPILE_PURE = $(CXX) $(CXXFLAGS_ALL) $(PURE_CXXFLAGS)

all: $(ARCHIVE) $(PROGRAMS) $(OUT)/compile_commands.json
.PHONY: all force
.DELETE_ON_ERROR:
.SECONDARY:

# Rewrites its target only when the text changes, so that a changed flag or a
# deleted source rebuilds what it must and nothing else does.
$(OUT)/compile.txt: TEXT = $(COMPILE)
$(PURE_OUT)/compile-pure.txt: TEXT = $(COMPILE_PURE)
$(OUT)/objects.txt: TEXT = $(OBJECTS)
$(OUT)/compile.txt $(PURE_OUT)/compile-pure.txt $(OUT)/objects.txt: force
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(TEXT))' | cmp -s - $@ || \
	    echo '$(subst ','\'',$(TEXT))' > $@

$(ARCHIVE): $(OBJECTS) $(OUT)/objects.txt
	@rm -f $@
	@$(AR) rcs $@ $(OBJECTS)

# $(1): a folder, $(2): the command, $(3): where that is written down, $(4): a name
# for the precompiled header, which begins with those of nginx where there is one. The
# compiler finds NAME.gch by -include NAME.
# (-MMD leaves system headers out: those of what is linked in are covered by its stamp)
LINKED_IN := $(wildcard $(ROOT)/build/lws/stamp $(ROOT)/build/hiredis/stamp)
# Of the standard library's inlined functions g++ 12 warns where they come from a
# precompiled header, and there alone: a build without one has these warnings, too.
PCH_WARNINGS = -Winvalid-pch -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow
define COMPILE_RULES
$(1)/obj/%.o: $(ROOT)/%.cpp $(3) $(LINKED_IN) $(if $(PCH),$(1)/$(4).gch)
	@mkdir -p $$(@D)
	@echo "  CXX  $$*.cpp"
	@$(2) $(if $(PCH),-include $(1)/$(4) $(PCH_WARNINGS)) -MMD -MP -c -o $$@ $$<

$(1)/$(4).gch: $(ROOT)/auto/precompiled.hpp $(ROOT)/src/ngx/ngx.hpp $(3) $(LINKED_IN)
	@echo "  CXX  auto/precompiled.hpp"
	@$(2) $(if $(NGX_DIR),$(if $(filter own,$(4)),-include ngx/ngx.hpp)) -x c++-header -o $$@ $$<
endef
$(eval $(call COMPILE_RULES,$(OUT),$$(COMPILE),$(OUT)/compile.txt,own))
$(eval $(call COMPILE_RULES,$(PURE_OUT),$$(COMPILE_PURE),$(PURE_OUT)/compile-pure.txt,pure))

$(OUT)/bin/%: $(OUT)/obj/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	@echo "  LINK $*"
	@$(COMPILE) $(EXTRA_LDFLAGS) -o $@ $< $(ARCHIVE) $(EXTRA_LIBS) $(LIBS)

# For clang-tidy and editors. $(1): sources, $(2): the command
define LIST_COMMANDS
for file in $(1); do \
    printf '%s\n{ "directory": "%s", "file": "%s", "command": "%s -c %s" }' \
        "$$separator" '$(ROOT)' "$$file" \
        '$(subst ",\",$(subst ','\'',$(2)))' "$$file"; \
    separator=','; \
done
endef
$(OUT)/compile_commands.json: $(OUT)/compile.txt $(PURE_OUT)/compile-pure.txt $(OUT)/objects.txt
	@{ separator='['; $(call LIST_COMMANDS,$(PURE),$(COMPILE_PURE)); \
	    $(call LIST_COMMANDS,$(OWN) $(MAINS),$(COMPILE)); echo ']'; } > $@

-include $(OBJECTS:.o=.d) $(patsubst $(OUT)/bin/%,$(OUT)/obj/%.d,$(PROGRAMS))
