# clang-tidy, in parallel, and again only for what has changed: a source, one of
# the headers that its last compilation read (OBJS has the lists), or the rules.
SOURCES := $(wildcard src/*/*.cpp)
DEPS := $(OBJS)/tidy.d
PASSED := build/tidy

all: $(SOURCES:%.cpp=$(PASSED)/%.ok)
.PHONY: all

$(shell find $(OBJS)/obj -name '*.d' -exec cat {} + 2> /dev/null | \
    sed 's|^$(OBJS)/obj/\(.*\)\.o:|$(PASSED)/\1.ok:|' > $(DEPS))
-include $(DEPS)

# Trees of JSON are copied and compared by recursion in nlohmann's templates, as
# deep as kMaxJsonDepth allows.
$(PASSED)/src/json/tree.ok $(PASSED)/src/json/patch.ok: \
    CHECKS = --checks=-misc-no-recursion

$(PASSED)/%.ok: %.cpp .clang-tidy
	@mkdir -p $(@D)
	@echo "  TIDY $<"
	@clang-tidy --quiet $(CHECKS) -p build $(CURDIR)/$< > $@.log 2>&1 || \
	    { grep -v 'warnings\? generated\|Suppressed\|Use -header-filter' $@.log; exit 1; }
	@touch $@
