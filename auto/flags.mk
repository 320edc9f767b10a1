# The compiler flags that every part of the build shares. BUILD chooses a kind:
#   release   what is installed
#   debug     little optimization, for a debugger
#   sanitize  ASan and UBSan; any finding ends the process
BUILD ?= release

CXX_STANDARD = -std=gnu++20
WARNINGS = -Wall -Wextra -Wconversion -Wshadow -Werror

OPTIMIZE.release  = -O2 -g -D_FORTIFY_SOURCE=2
OPTIMIZE.debug    = -Og -g3
OPTIMIZE.sanitize = -O1 -g $(SANITIZERS)
SANITIZERS = -fsanitize=address,undefined -fno-sanitize-recover=all \
    -fno-omit-frame-pointer

ifeq ($(OPTIMIZE.$(BUILD)),)
$(error BUILD is "$(BUILD)"; it may be release, debug or sanitize)
endif

# -U: a distribution's own compiler may define it already
CXXFLAGS_ALL = $(CXX_STANDARD) $(WARNINGS) -fPIC -fvisibility=hidden \
    -ffunction-sections -fdata-sections -fstack-protector-strong \
    -U_FORTIFY_SOURCE $(OPTIMIZE.$(BUILD)) \
    -ffile-prefix-map=$(ROOT)/= -I$(ROOT)/src -isystem $(ROOT)/build/lws/include \
    -isystem $(ROOT)/build/hiredis/include
LIBS = $(ROOT)/build/hiredis/libhiredis.a -ljansson -lcrypto -lz

# Compiles and is tested without nginx (t/lint/layers.py holds it to that).
PURE_LAYERS = base wire json token shm topics log readers broker client proto
PURE_SOURCES = $(wildcard $(PURE_LAYERS:%=$(ROOT)/src/%/*.cpp) \
    $(ROOT)/src/ws/frame_guard.cpp $(ROOT)/src/ws/deflate_offer.cpp \
    $(ROOT)/src/ws/keepalive.cpp $(ROOT)/src/ws/closing.cpp \
    $(patsubst %,$(ROOT)/src/redis/%.cpp,reply resp_reader command pipeline url \
    backoff calls stream replication read_size snapshot_text ground))
