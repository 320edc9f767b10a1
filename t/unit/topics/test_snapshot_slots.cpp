// Two slots, of which one is good whatever becomes of the other.
#include <string>

#include <sys/stat.h>

#include "base/crc32c.hpp"
#include "support/temporary_slots.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr uint64_t kHead = SnapshotHead::kBytes;

SnapshotHead head_of(uint64_t generation, std::string_view data)
{
    SnapshotHead head;
    head.generation = generation;
    head.bytes = data.size();
    head.crc = crc32c(data);
    head.clean = true;
    head.written_ms = -5;
    head.owner = 77;
    head.term = 3;
    head.next_epoch = 1234;
    head.log_ms = 5;
    head.log_number = 6;
    head.inode = 7;
    head.mtime_ns = 8;
    head.lineage = std::string(40, 'l');
    return head;
}

void write(const TemporarySlots& files, size_t slot, uint64_t generation,
           std::string_view data)
{
    const SnapshotSlot& file = files.slots()[slot];
    assert_true(file.clear_head());
    assert_true(file.write(0, data.substr(0, 3)));
    assert_true(file.write(3, data.substr(3)));
    assert_true(file.end(data.size()));
    assert_true(file.write_head(head_of(generation, data)));
}

std::string newest(const TemporarySlots& files)
{
    const auto found = files.slots().find_newest();
    switch (found.state) {
    case SlotState::empty:
        return "empty";
    case SlotState::claimed:
        return "claimed";
    case SlotState::unreadable:
        return "unreadable";
    case SlotState::bad:
        return "bad";
    case SlotState::other_format:
        return "other format";
    case SlotState::good:
        break;
    }
    const SnapshotData data(files.slots()[found.slot], found.head);
    return std::string(data.bytes());
}

// Heads with a checksum, of no snapshot that there can be.
void test_forged_heads(void** state)
{
    const auto& files = state_of<TemporarySlots>(state);
    write(files, 0, 1, "first");
    for (int what = 0; what < 4; what++) {
        SnapshotHead head = head_of(2, "second");
        switch (what) {
        case 0:
            head.generation = UINT64_MAX;
            break;
        case 1:
            head.next_epoch = UINT64_MAX;
            break;
        case 2:
            head.bytes = uint64_t{1} << 38;
            files.cut(1, kHead + head.bytes); // of nothing but holes
            break;
        default:
            head.bytes = uint64_t{1} << 30; // more than the file has
        }
        assert_true(files.slots()[1].write(0, "second"));
        assert_true(files.slots()[1].write_head(head));
        assert_string_equal(newest(files).c_str(), "first");
        files.cut(1, kHead + 6);
    }
}

void test_head(void** /*state*/)
{
    const SnapshotHead head = head_of(9, "data");
    std::string sector = encode(head);
    assert_int_equal(sector.size(), kHead);
    SnapshotHead read;
    assert_true(decode(sector, read) == SlotState::good);
    assert_true(read == head);
    for (size_t i = 0; i < sector.size(); i++) {
        sector[i] = static_cast<char>(sector[i] ^ 4);
        assert_true(decode(sector, read) == SlotState::bad);
        sector[i] = static_cast<char>(sector[i] ^ 4);
    }
    for (size_t size = 1; size < sector.size(); size++) {
        assert_true(decode(sector.substr(0, size), read) == SlotState::bad);
    }
    assert_true(decode("", read) == SlotState::empty);
    assert_true(decode(std::string(kHead, '\0'), read) == SlotState::empty);
}

void test_other_format(void** state)
{
    const auto& files = state_of<TemporarySlots>(state);
    std::string sector = encode(head_of(1, ""));
    sector[8] = 9;
    const uint32_t sum = crc32c(std::string_view(sector).substr(0, kHead - 4));
    sector.replace(kHead - 4, 4,
                   std::string(reinterpret_cast<const char*>(&sum), 4));
    assert_int_equal(pwrite(files.slots()[0].fd(), sector.data(), kHead, 0),
                     kHead);
    assert_string_equal(newest(files).c_str(), "other format");
}

void test_newest(void** state)
{
    const auto& files = state_of<TemporarySlots>(state);
    assert_string_equal(newest(files).c_str(), "empty");
    write(files, 0, 1, "first");
    assert_string_equal(newest(files).c_str(), "first");
    write(files, 1, 2, "second, which is longer");
    assert_string_equal(newest(files).c_str(), "second, which is longer");
    write(files, 1, 3, "shorter");
    assert_string_equal(newest(files).c_str(), "shorter");
    write(files, 0, 2, "older");
    assert_string_equal(newest(files).c_str(), "shorter");
}

// Of the slot that is written nothing counts before its head is there.
void test_torn(void** state)
{
    const auto& files = state_of<TemporarySlots>(state);
    assert_true(files.slots()[0].clear_head());
    assert_true(files.slots()[0].write(0, "fir"));
    assert_string_equal(newest(files).c_str(), "empty");
    write(files, 0, 1, "first");
    write(files, 1, 2, "second");
    assert_true(files.slots()[0].clear_head());
    assert_string_equal(newest(files).c_str(), "second");
    assert_true(files.slots()[0].write(0, "thi"));
    assert_string_equal(newest(files).c_str(), "second");
}

void test_damaged(void** state)
{
    const auto& files = state_of<TemporarySlots>(state);
    write(files, 0, 1, "first");
    write(files, 1, 2, "second");
    files.flip(1, kHead + 2);
    assert_string_equal(newest(files).c_str(), "first");
    files.flip(0, 100);
    assert_string_equal(newest(files).c_str(), "bad");
    files.flip(1, kHead + 2);
    assert_string_equal(newest(files).c_str(), "second");
    files.cut(1, kHead + 5);
    assert_string_equal(newest(files).c_str(), "bad");
    files.flip(0, 100);
    assert_string_equal(newest(files).c_str(), "first");
    // One that is bad beside one that is empty is no empty zone.
    files.cut(0, 0);
    assert_string_equal(newest(files).c_str(), "bad");
    files.cut(1, 0);
    assert_string_equal(newest(files).c_str(), "empty");
}

// Who writes there may say so before there is anything.
void test_claimed_head(void** state)
{
    const auto& files = state_of<TemporarySlots>(state);
    SnapshotHead head = head_of(0, "");
    assert_true(files.slots()[1].write_head(head));
    assert_true(files.slots()[1].read_head(head) == SlotState::claimed);
    assert_int_equal(head.owner, 77);
    assert_string_equal(newest(files).c_str(), "empty");
    write(files, 0, 1, "first");
    assert_string_equal(newest(files).c_str(), "first");
}

// A good checksum says nothing of the content.
void test_refused(void** state)
{
    const auto& files = state_of<TemporarySlots>(state);
    write(files, 0, 1, "first");
    write(files, 1, 2, "second");
    std::string offered;
    const auto take = [&](const SnapshotSlots::Newest& /*found*/,
                          std::string_view data) {
        offered += data;
        offered += ' ';
        return data == "first";
    };
    auto found = files.slots().find_newest(take);
    assert_true(found.state == SlotState::good && found.slot == 0);
    assert_string_equal(offered.c_str(), "second first ");
    write(files, 0, 3, "third");
    found = files.slots().find_newest(take);
    assert_true(found.state == SlotState::bad && found.error == 0);
}

// What is loaded is what was looked at, whoever writes there since.
void test_data_stays(void** state)
{
    const auto& files = state_of<TemporarySlots>(state);
    write(files, 0, 1, "first");
    const SnapshotData data(files.slots()[0], head_of(1, "first"));
    files.flip(0, kHead + 1);
    files.cut(0, kHead + 2);
    assert_true(data.is_there() && data.bytes() == "first");
    assert_false(
        SnapshotData(files.slots()[0], head_of(1, "first")).is_there());
}

bool is_clean(const TemporarySlots& files)
{
    const auto found = files.slots().find_newest();
    assert_true(found.state == SlotState::good && found.head.clean);
    return found.clean;
}

// A file that was copied over says that it is clean, and is not the one that
// was written.
void test_copies_are_not_clean(void** state)
{
    const auto& files = state_of<TemporarySlots>(state);
    const SnapshotSlot& slot = files.slots()[0];
    write(files, 0, 1, "first");
    assert_false(is_clean(files));
    assert_true(slot.write_clean_head(head_of(1, "first")));
    assert_true(is_clean(files));
    struct stat about {};
    assert_int_equal(fstat(slot.fd(), &about), 0);
    // Written over in place, with its time as it was.
    const timespec times[2] = {about.st_atim, about.st_mtim};
    usleep(2100 * 1000);
    files.flip(0, kHead);
    files.flip(0, kHead);
    assert_false(is_clean(files));
    assert_int_equal(futimens(slot.fd(), times), 0);
    assert_false(is_clean(files));
    // Another file.
    assert_true(slot.write_clean_head(head_of(1, "first")));
    assert_true(is_clean(files));
    SnapshotHead head;
    assert_true(slot.read_head(head) == SlotState::good);
    write(files, 1, 2, "first");
    head.generation = 3;
    assert_true(files.slots()[1].write_head(head));
    assert_int_equal(futimens(files.slots()[1].fd(), times), 0);
    assert_false(is_clean(files));
}

void test_claims(void** state)
{
    const auto& files = state_of<TemporarySlots>(state);
    {
        SnapshotSlots ours = files.open_again();
        ours.claim(5);
        assert_int_equal(ours.owner(), 5);
        assert_true(files.slots().is_claimed(5));
        assert_false(files.slots().is_claimed(6));
        SnapshotSlots after_reload = files.open_again();
        after_reload.claim(5);
        ours = SnapshotSlots();
        assert_true(files.slots().is_claimed(5));
    }
    assert_false(files.slots().is_claimed(5));
}

void test_same_file(void** state)
{
    const auto& files = state_of<TemporarySlots>(state);
    const TemporarySlots others;
    assert_true(files.slots().has_file_of(files.open_again()));
    assert_false(files.slots().has_file_of(others.slots()));
    assert_false(files.slots().has_file_of(SnapshotSlots()));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    constexpr auto make = make_state<TemporarySlots>;
    constexpr auto end = destroy_state<TemporarySlots>;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_head),
        cmocka_unit_test_setup_teardown(test_other_format, make, end),
        cmocka_unit_test_setup_teardown(test_newest, make, end),
        cmocka_unit_test_setup_teardown(test_torn, make, end),
        cmocka_unit_test_setup_teardown(test_damaged, make, end),
        cmocka_unit_test_setup_teardown(test_forged_heads, make, end),
        cmocka_unit_test_setup_teardown(test_claimed_head, make, end),
        cmocka_unit_test_setup_teardown(test_refused, make, end),
        cmocka_unit_test_setup_teardown(test_data_stays, make, end),
        cmocka_unit_test_setup_teardown(test_copies_are_not_clean, make, end),
        cmocka_unit_test_setup_teardown(test_claims, make, end),
        cmocka_unit_test_setup_teardown(test_same_file, make, end),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
