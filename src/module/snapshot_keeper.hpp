// Writes a zone's snapshots while nginx runs, where its worker is the one to do
// that: at the end of each interval in which something has changed, 1 MB in a
// turn of the event loop.
//
// What a worker that ends has begun is left; the next one begins anew.
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <string>

#include "module/snapshot_file.hpp"
#include "ngx/timer.hpp"
#include "readers/snapshot_job.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

class SnapshotKeeper {
public:
    // All of them outlive it. REQUIRES: the worker is attached as long.
    SnapshotKeeper(Store& store, WorkerId worker, const SnapshotFile& file,
                   const std::string& zone);
    SnapshotKeeper(const SnapshotKeeper&) = delete;
    SnapshotKeeper& operator=(const SnapshotKeeper&) = delete;
    ~SnapshotKeeper();

    // About once a second.
    void tick();

private:
    void give_up();
    void look();
    void go_on();
    void step();
    static void on_timer(void* self);

    Store& store_;
    const WorkerId worker_;
    const SnapshotFile& file_;
    const std::string& zone_;
    bool leads_ = false;
    std::optional<SnapshotJob> job_;
    Timer timer_;
};

} // namespace ws_pubsub
