// The file in which a zone outlives nginx, as ws_pubsub_snapshot says: its two
// slots, which the master opens, and workers have from it.
//
//   init_zone:    open(), and where the zone is new load()
//   init_module:  begin(): the configuration counts, the file is ours
//   workers:      module/snapshot_keeper.hpp
//   exit_master:  finish()
//
// With `nginx -t` there is check() instead, which makes and changes nothing.
#pragma once

#include "ngx/ngx.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "readers/store.hpp"
#include "topics/snapshot_slots.hpp"

namespace ws_pubsub {

class SnapshotFile {
public:
    SnapshotFile(std::string zone, std::string path, int64_t interval_ms)
        : zone_(std::move(zone)), path_(std::move(path)),
          interval_ms_(interval_ms)
    {}

    [[nodiscard]] const std::string& path() const { return path_; }
    // 0: only at the end.
    [[nodiscard]] int64_t interval_ms() const { return interval_ms_; }
    [[nodiscard]] const SnapshotSlots& slots() const { return slots_; }
    [[nodiscard]] std::string slot_path(size_t slot) const
    {
        return path_ + '.' + std::to_string(slot);
    }

    // All but the last two say in the log what is wrong, and then are false.
    [[nodiscard]] bool check(ngx_log_t* log);
    [[nodiscard]] bool open(ngx_log_t* log);
    // Both are open, and one file is in both.
    [[nodiscard]] bool has_file_of(const SnapshotFile& other) const
    {
        return slots_.has_file_of(other.slots_);
    }
    // REQUIRES: nobody has used the zone.
    [[nodiscard]] bool load(Store& store, ngx_log_t* log);
    // `before`: the path in the configuration until now; empty: none.
    [[nodiscard]] bool begin(Store& store, const std::string& before,
                             ngx_log_t* log);

    // The last one, when nobody uses the zone any more.
    void finish(Store& store, ngx_log_t* log) const;
    // That one could not be written, or that somebody else writes there.
    void tell_failure(Store& store, bool taken_over, ngx_log_t* log) const;

private:
    [[nodiscard]] std::optional<SnapshotSlot> open_slot(size_t slot,
                                                        ngx_log_t* log) const;
    [[nodiscard]] bool open_slots(SnapshotSlots& slots, ngx_log_t* log) const;
    [[nodiscard]] bool is_ours(Store& store) const;
    [[nodiscard]] SnapshotSlots::Newest adopt(Store& store);
    bool mark(Store& store, const SnapshotSlots::Newest& newest,
              ngx_log_t* log) const;
    bool tell_unreadable(const SnapshotSlots::Newest& found,
                         ngx_log_t* log) const;
    bool tell_unwritable(size_t slot, ngx_log_t* log) const;
    void tell_loaded(const LoadedSnapshot& loaded, ngx_log_t* log) const;

    std::string zone_;
    std::string path_;
    int64_t interval_ms_;
    SnapshotSlots slots_;
    std::optional<SnapshotSlots::Newest> loaded_; // the zone is from there
    SnapshotSlots::Heads heads_;                  // as they were then
    bool all_fits_ = true;
};

} // namespace ws_pubsub
