// When a worker may do what takes a while and can wait: after it has done
// something, once little is going on, and seldom.
//
// "Little" is told by the CPU time that the process has used since the last
// look, which counts whatever it does.
#pragma once

#include <cstdint>

namespace ws_pubsub {

class QuietTime {
public:
    explicit QuietTime(int64_t now_ms) : looked_ms_(now_ms), next_ms_(now_ms) {}

    // Whether the time has come; to be asked about once a second. `cpu_ms`:
    // what the process has used so far.
    bool has_come(int64_t now_ms, int64_t cpu_ms);
    // It was done, and took so much: the longer, the later it is done again.
    void done(int64_t now_ms, int64_t took_ms);

private:
    int64_t looked_ms_;
    int64_t next_ms_; // not before
    int64_t cpu_ms_ = 0;
    int64_t work_ms_ = 0; // since it was last done
};

} // namespace ws_pubsub
