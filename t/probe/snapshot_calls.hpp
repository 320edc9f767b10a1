// What a log's location (log_probe.hpp) is asked of the snapshots beside it:
//
//   ?do=look                        lines: log or none, genesis or none,
//   newest,
//                                   previous, what is foreign
//   ?do=get&id=1&chunk=0            the data, in one line
//   ?do=put&id=1&chunk=0&data=abc   (&x=1000: and so many bytes)
//   ?do=commit&id=1&position=1-0&nonce=2&genesis=1-0&chunks=3&bytes=4&crc=5
//                                                            &format=6
//   ?do=take_lease&host=1
//   ?do=offer&host=1&position=1-0   lines: host position
//   ?do=next_id
//   ?do=found&entry=abc&before=1-0  and what commit has
//   ?do=many&n=100                  puts and commits one behind the other
#pragma once

#include "ngx/ngx.hpp"

#include <map>
#include <string>

#include "log/snapshot_store.hpp"
#include "probe.hpp"

namespace ws_pubsub::probe {

using Named = std::map<std::string, std::string>;

// False: it is not taken.
bool call_snapshots(SnapshotStore& store, const std::string& what, Named& named,
                    Waiting waiting);

// The first line of an answer, without its end.
std::string text_of(const LogOutcome& outcome);
LogId id_of(const std::string& text);

// Several calls that are answered as one, in lines.
struct Several {
    Waiting waiting;
    uint64_t left;
    std::string text{};

    void take(const LogOutcome& outcome);
};

} // namespace ws_pubsub::probe
