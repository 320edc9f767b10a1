// What stands in the log that hosts of one zone share: changes of its topics,
// and what the hosts tell each other.
//
// An entry is bytes: a head of the same size for all, then the fields of its
// operation. Numbers are little-endian, texts and lists have their lengths
// before them. What may decide on all hosts what comes of a change is in the
// entry; what is read is checked, and is not trusted to be what this version
// writes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "topics/change.hpp"

namespace ws_pubsub {

enum class EntryOp : uint8_t {
    genesis = 1, // the log begins
    term = 2,    // messages may have been lost before it
    publish = 3,
    remove = 4,
    touch = 5, // somebody on a host reads topics that would be idle
    here = 6,  // who is subscribed on a host
    alive = 7
};

// By which an entry is told from all others, and one that was sent again from
// itself.
struct EntryHead {
    uint64_t nonce = 0;  // random, another one in each attempt
    uint64_t origin = 0; // who numbers; 0: it has no number
    uint64_t number = 0; // counts up for each origin

    bool operator==(const EntryHead&) const = default;
};

// Of genesis and term.
struct TermEntry {
    EntryOp op = EntryOp::term; // one of the two
    std::string_view lineage;   // of the log: another one where entries may
                                // have been lost
    uint64_t jump = 0;          // as of Forks::begin_term()
    uint64_t body_seed[2] = {}; // with which all hosts hash bodies; genesis
    bool forced = false;        // counts though the lineage is known; term
};

struct TouchEntry {
    std::vector<std::string_view> topics;
};

// How many connections of an identity are subscribed to a topic by its name.
struct PersonHere {
    std::string_view topic;
    std::string_view identity;
    uint32_t connections = 0; // 0: it has left

    bool operator==(const PersonHere&) const = default;
};

struct HereEntry {
    uint64_t host = 0;
    std::vector<PersonHere> people;
};

struct AliveEntry {
    uint64_t host = 0;
    std::string_view name;
    uint64_t capacity_bytes = 0; // logical ones that it has room for
    std::string_view position;   // up to which it has applied the log
    uint64_t sessions = 0;
    uint8_t format = 0; // the newest that it reads
    bool leaving = false;
    bool asks = false; // others are to tell of all of their people
};

// A Change is a publish or a remove; the times in it are not part of the entry:
// they are those of the log, and whoever applies it fills them in.
using EntryBody =
    std::variant<TermEntry, Change, TouchEntry, HereEntry, AliveEntry>;

struct LogEntry {
    EntryHead head;
    EntryBody body;
};

// The bytes of an entry. REQUIRES: the texts are of lengths that they may have
// in a zone.
std::string encode(const EntryHead& head, const EntryBody& body);

// The same entry in another attempt. REQUIRES: the bytes are those of one.
void set_nonce(std::string& bytes, uint64_t nonce);

// nullopt: the bytes are no entry that this version can read. The texts live as
// long as the bytes.
std::optional<LogEntry> decode_entry(std::string_view bytes);

} // namespace ws_pubsub
