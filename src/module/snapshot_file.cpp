#include "ngx/ngx.hpp"

#include "module/snapshot_file.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.hpp"
#include "module/ngx_clock.hpp"
#include "readers/snapshot_job.hpp"
#include "topics/snapshot_loader.hpp"
#include "topics/snapshot_lock.hpp"
#include "topics/snapshot_survey.hpp"

namespace ws_pubsub {

namespace {

constexpr int kTries = 5;

bool is_file(int fd)
{
    struct stat about {};
    return fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
}

// What is in it is for nobody else, though it may come from a backup.
void narrow(int fd)
{
    struct stat about {};
    if (fstat(fd, &about) == 0 && about.st_uid == geteuid() &&
        (about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        fchmod(fd, S_IRUSR | S_IWUSR);
    }
}

// Whether files can be made in the directory of that path.
bool can_make_beside(const std::string& path)
{
    const size_t slash = path.rfind('/');
    const std::string directory =
        slash == std::string::npos ? "." : path.substr(0, slash + 1);
    return faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

} // namespace

// With `nginx -t` one that is not there is left so. nullopt: it can't be
// opened.
std::optional<SnapshotSlot> SnapshotFile::open_slot(size_t slot,
                                                    ngx_log_t* log) const
{
    const std::string path = slot_path(slot);
    const int make = ngx_test_config != 0 ? 0 : O_CREAT;
    SnapshotSlot opened(
        ::open(path.c_str(),
               O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | make, 0600));
    if (opened.is_open() && is_file(opened.fd())) {
        if (make != 0) {
            narrow(opened.fd());
        }
        return opened;
    }
    if (opened.is_open()) {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "ws_pubsub: zone \"%s\": the snapshot \"%s\" is no file",
                      zone_.c_str(), path.c_str());
        return std::nullopt;
    }
    if (make == 0 && errno == ENOENT && can_make_beside(path)) {
        return opened;
    }
    ngx_log_error(NGX_LOG_EMERG, log, errno,
                  "ws_pubsub: zone \"%s\": can't open the snapshot \"%s\"",
                  zone_.c_str(), path.c_str());
    return std::nullopt;
}

bool SnapshotFile::open_slots(SnapshotSlots& slots, ngx_log_t* log) const
{
    auto first = open_slot(0, log);
    auto second = first ? open_slot(1, log) : std::nullopt;
    if (!second) {
        return false;
    }
    slots = SnapshotSlots(std::move(*first), std::move(*second));
    return true;
}

bool SnapshotFile::tell_unreadable(const SnapshotSlots::Newest& found,
                                   ngx_log_t* log) const
{
    if (found.error != 0) {
        ngx_log_error(NGX_LOG_EMERG, log, found.error,
                      "ws_pubsub: zone \"%s\": can't read the snapshot \"%s\"",
                      zone_.c_str(), slot_path(found.slot).c_str());
        return false;
    }
    const char* why = found.state == SlotState::other_format
                          ? "it is of another version of the module"
                          : "it is damaged";
    ngx_log_error(NGX_LOG_EMERG, log, 0,
                  "ws_pubsub: zone \"%s\": the snapshot \"%s.0\", \"%s.1\" "
                  "can't be read, %s: move both files away to begin with an "
                  "empty zone",
                  zone_.c_str(), path_.c_str(), path_.c_str(), why);
    return false;
}

bool SnapshotFile::tell_unwritable(size_t slot, ngx_log_t* log) const
{
    ngx_log_error(NGX_LOG_EMERG, log, errno,
                  "ws_pubsub: zone \"%s\": can't write the snapshot \"%s\"",
                  zone_.c_str(), slot_path(slot).c_str());
    return false;
}

bool SnapshotFile::open(ngx_log_t* log)
{
    return open_slots(slots_, log);
}

void SnapshotFile::tell_loaded(const LoadedSnapshot& loaded,
                               ngx_log_t* log) const
{
    const SnapshotHead& head = loaded_->head;
    // The clock may have been put back since.
    const int64_t age_ms =
        std::max<int64_t>(NgxClock().now_ms() - head.written_ms, 0);
    const char* how = loaded_->clean ? "clean"
                      : head.clean
                          ? "not clean: the file is a copy, or was changed"
                          : "not clean: what came after it is lost";
    ngx_log_error(NGX_LOG_NOTICE, log, 0,
                  "ws_pubsub: zone \"%s\": loaded %uL topics, %uL messages, "
                  "%uL bytes from \"%s\", written %L s ago, %s",
                  zone_.c_str(), loaded.topics, loaded.messages, head.bytes,
                  slot_path(loaded_->slot).c_str(), age_ms / 1000, how);
    if (!loaded.all_fits()) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "ws_pubsub: zone \"%s\" is too small for its snapshot: "
                      "%uL topics, %uL messages, %uL keys and revocations "
                      "were left out",
                      zone_.c_str(), loaded.topics_left_out,
                      loaded.messages_left_out, loaded.others_left_out);
    }
}

bool SnapshotFile::load(Store& store, ngx_log_t* log)
{
    std::optional<LoadedSnapshot> loaded;
    const auto take = [&](const SnapshotSlots::Newest& found,
                          std::string_view data) {
        SnapshotHead head = found.head;
        head.clean = found.clean;
        loaded = store.snapshots.load(data, head);
        return loaded.has_value();
    };
    // Another nginx may be writing them.
    for (int tries = 0; tries < kTries; tries++) {
        heads_ = slots_.heads();
        loaded_ = slots_.find_newest(take);
        if (loaded || slots_.heads() == heads_) {
            break;
        }
    }
    if (loaded_->state == SlotState::empty) {
        return true;
    }
    if (!loaded) {
        return tell_unreadable(*loaded_, log);
    }
    all_fits_ = loaded->all_fits();
    tell_loaded(*loaded, log);
    return true;
}

// Whether the newest snapshot there is one of this zone.
bool SnapshotFile::is_ours(Store& store) const
{
    const SnapshotBook book = store.snapshots.book();
    const auto found = slots_.heads()[book.slot];
    return (found.state == SlotState::good ||
            found.state == SlotState::claimed) &&
           found.head.owner == book.owner;
}

bool SnapshotFile::begin(Store& store, const std::string& before,
                         ngx_log_t* log)
{
    // A limit on the size of files is no reason to end.
    static_cast<void>(std::signal(SIGXFSZ, SIG_IGN));
    if (before == path_ && is_ours(store)) {
        slots_.claim(store.snapshots.book().owner);
        return true;
    }
    const SnapshotLock lock(slots_, kSnapshotLeaseMs);
    if (!lock.is_held()) {
        return tell_unwritable(0, log);
    }
    return mark(store, adopt(store), log);
}

// What was loaded may not be there any more, or not be the newest.
SnapshotSlots::Newest SnapshotFile::adopt(Store& store)
{
    const bool is_loaded = loaded_ && slots_.heads() == heads_;
    auto newest = is_loaded ? *loaded_ : slots_.find_newest();
    store.snapshots.adopt(slots_, newest,
                          !loaded_                 ? Snapshots::Has::else_
                          : is_loaded && all_fits_ ? Snapshots::Has::it
                                                   : Snapshots::Has::it_partly);
    return newest;
}

// That it is in use: epochs that are given from now on are not given again,
// whatever happens. And whose it is, also where there is none yet.
bool SnapshotFile::mark(Store& store, const SnapshotSlots::Newest& newest,
                        ngx_log_t* log) const
{
    const SnapshotBook book = store.snapshots.book();
    const SnapshotHead now = store.snapshots.next_head();
    const bool found = newest.state == SlotState::good;
    SnapshotHead head = found ? newest.head : SnapshotHead{};
    const bool was_clean = head.clean;
    head.clean = false;
    head.generation = book.generation;
    head.owner = now.owner;
    head.term = now.term;
    head.next_epoch = std::max(head.next_epoch, now.next_epoch);
    const SnapshotSlot& slot = slots_[book.slot];
    // The machine may die before the kernel writes it back.
    return (slot.write_head(head) && (!was_clean || slot.sync())) ||
           tell_unwritable(book.slot, log);
}

bool SnapshotFile::check(ngx_log_t* log)
{
    if (!open(log)) {
        return false;
    }
    const auto found = slots_.find_newest(
        [](const SnapshotSlots::Newest& /*found*/, std::string_view data) {
            return survey(data).has_value();
        });
    return found.state == SlotState::empty || found.state == SlotState::good ||
           tell_unreadable(found, log);
}

void SnapshotFile::tell_failure(Store& store, bool taken_over,
                                ngx_log_t* log) const
{
    const int error = errno;
    const SnapshotBook book = store.snapshots.book();
    if (!store.snapshots.note_failure()) {
        return;
    }
    if (taken_over) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "ws_pubsub: zone \"%s\": another nginx writes the "
                      "snapshot \"%s\": this one does not any more",
                      zone_.c_str(), path_.c_str());
        return;
    }
    ngx_log_error(NGX_LOG_ERR, log, error,
                  "ws_pubsub: zone \"%s\": can't write the snapshot \"%s\"",
                  zone_.c_str(), slot_path(1 - book.slot).c_str());
}

void SnapshotFile::finish(Store& store, ngx_log_t* log) const
{
    SnapshotJob job(store.snapshots, slots_, true);
    const auto state = job.run();
    if (state == SnapshotJob::State::unfit) {
        return; // what was saved before is better than that
    }
    if (state != SnapshotJob::State::done) {
        return tell_failure(store, state == SnapshotJob::State::taken_over,
                            log);
    }
    ngx_log_error(NGX_LOG_NOTICE, log, 0,
                  "ws_pubsub: zone \"%s\": saved %uL topics, %uL messages, "
                  "%uL bytes",
                  zone_.c_str(), job.written().topics, job.written().messages,
                  job.bytes());
}

} // namespace ws_pubsub
