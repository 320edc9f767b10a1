#include "topics/snapshot_head.hpp"

#include "base/bytes.hpp"
#include "base/crc32c.hpp"
#include "base/limits.hpp"
#include "topics/snapshot_format.hpp"

namespace ws_pubsub {

namespace {

constexpr uint64_t kMagic = 0x70616e7362757077; // "wpubsnap"
constexpr uint32_t kFormat = 1;                 // of a zone that follows no log
constexpr size_t kSummed = SnapshotHead::kBytes - sizeof(uint32_t);

// Whether there can be such a snapshot, and others after it.
bool is_sound(const SnapshotHead& head)
{
    return head.generation <= kMostSavedNumber &&
           head.next_epoch <= kMostSavedNumber &&
           head.bytes <= kMostSnapshotBytes;
}

} // namespace

std::string encode(const SnapshotHead& head)
{
    std::string text;
    ByteWriter out(text);
    out.number(kMagic);
    out.number(head.log_ms == 0 ? kFormat : kReplicaFormat);
    out.number(uint32_t{head.clean});
    out.number(head.generation);
    out.number(head.bytes);
    out.number(head.crc);
    out.number(head.written_ms);
    for (const uint64_t number :
         {head.owner, head.term, head.next_epoch, head.log_ms, head.log_number,
          head.inode, head.mtime_ns}) {
        out.number(number);
    }
    out.text<uint8_t>(
        std::string_view(head.lineage).substr(0, kMaxLineageBytes));
    text.resize(kSummed);
    out.number(crc32c(text));
    return text;
}

SlotState decode(std::string_view sector, SnapshotHead& head)
{
    if (sector.find_first_not_of('\0') == std::string_view::npos) {
        return SlotState::empty;
    }
    if (sector.size() != SnapshotHead::kBytes) {
        return SlotState::bad;
    }
    ByteReader sum(sector.substr(kSummed));
    ByteReader in(sector.substr(0, kSummed));
    if (sum.number<uint32_t>() != crc32c(sector.substr(0, kSummed)) ||
        in.number<uint64_t>() != kMagic) {
        return SlotState::bad;
    }
    const auto format = in.number<uint32_t>();
    if (format != kFormat && format != kReplicaFormat) {
        return SlotState::other_format;
    }
    head.clean = in.number<uint32_t>() != 0;
    head.generation = in.number<uint64_t>();
    head.bytes = in.number<uint64_t>();
    head.crc = in.number<uint32_t>();
    head.written_ms = in.number<int64_t>();
    for (uint64_t* number :
         {&head.owner, &head.term, &head.next_epoch, &head.log_ms,
          &head.log_number, &head.inode, &head.mtime_ns}) {
        *number = in.number<uint64_t>();
    }
    head.lineage = in.text<uint8_t>();
    if (in.failed() || !is_sound(head)) {
        return SlotState::bad;
    }
    return head.bytes == 0 ? SlotState::claimed : SlotState::good;
}

} // namespace ws_pubsub
