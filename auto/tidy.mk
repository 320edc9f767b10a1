# clang-tidy, in parallel, and again only for what has changed: a source, one of
# the headers that its last compilation read (OBJS has the lists), or the rules.
#
# Most of its time goes into the standard library's headers, which each check
# walks through. So the sources of a directory are read as one (auto/tidy-together)
# for all checks but the analyzer's; those, for which that would be no gain, read
# each source by itself, which also finds an #include that is missing.
# SHARE=1/2 lets these read every second source only.
# build/tidy/src/DIR/FILE.ok is all checks on one file, for use by hand.
SOURCES := $(wildcard src/*/*.cpp)
ANALYZED := $(shell auto/share '$(SHARE)' $(SOURCES))
DIRS := $(sort $(dir $(SOURCES)))
DEPS := $(OBJS)/tidy.d
PASSED := build/tidy

all: $(ANALYZED:%.cpp=$(PASSED)/%.analyzed) $(DIRS:%=$(PASSED)/%together)
.PHONY: all
.SECONDEXPANSION:

$(shell find $(OBJS)/obj build/pure/*/obj -name '*.d' -exec cat {} + 2> /dev/null | \
    sed 's|^[^ ]*/obj/\(.*\)/\([^/]*\)\.o:|$(PASSED)/\1/\2.ok $(PASSED)/\1/\2.analyzed $(PASSED)/\1/together:|' \
    > $(DEPS))
-include $(DEPS)

# Trees of JSON are copied and compared by recursion in nlohmann's templates, as
# deep as kMaxJsonDepth allows.
RECURSIVE := src/json/tree src/json/patch
$(RECURSIVE:%=$(PASSED)/%.ok): CHECKS = --checks=-misc-no-recursion
$(PASSED)/src/json/together: $(RECURSIVE:%=$(PASSED)/%.ok)

$(PASSED)/%.analyzed: CHECKS = --checks=-*,clang-analyzer-*

define TIDY
@mkdir -p $(@D)
@echo "  TIDY $<$(1)"
@clang-tidy --quiet $(CHECKS) -p build $(CURDIR)/$< > $@.log 2>&1 || \
    { grep -v 'warnings\? generated\|Suppressed\|Use -header-filter' $@.log; exit 1; }
@touch $@
endef

$(PASSED)/%.ok: %.cpp .clang-tidy
	$(call TIDY)

$(PASSED)/%.analyzed: %.cpp .clang-tidy
	$(call TIDY, (analyzer))

$(PASSED)/%together: $$(filter-out $(RECURSIVE:%=%.cpp),$$(filter $$*%,$(SOURCES))) \
    .clang-tidy auto/tidy-together
	@mkdir -p $(@D)
	@echo "  TIDY $*"
	@auto/tidy-together $(@D) $(filter-out $(RECURSIVE:%=%.cpp),$(filter $*%,$(SOURCES)))
	@touch $@
