// Makes replies of the bytes that Redis sends: hiredis' reader, with limits.
//
// The server is trusted with what it says, not with how much: a claim that is
// beyond a limit is a fault as soon as it is read, before there is memory for
// it. Nothing is read behind a fault.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "redis/reply.hpp"

struct redisReader;
struct redisReadTask;

namespace ws_pubsub::redis {

struct ReplyLimits {
    // One string: a message of 8 MB with what is around it.
    size_t bulk_bytes = 9UL * 1024 * 1024;
    size_t reply_bytes = 64UL * 1024 * 1024; // all strings of one reply
    size_t elements = 64UL * 1024;           // all of one reply
    size_t depth = 8;                        // arrays in arrays
};

class RespReader {
public:
    explicit RespReader(const ReplyLimits& limits);
    ~RespReader() = default;
    RespReader(const RespReader&) = delete; // hiredis' has a pointer to it
    RespReader& operator=(const RespReader&) = delete;

    // Copies what has come. To be followed by next() until that has no more.
    void feed(std::string_view bytes) noexcept;
    // The next reply that is whole, until the next call of next(). None: more
    // has to come first, or there is a fault.
    std::optional<Reply> next() noexcept;
    // Why no more is read; empty: it is.
    [[nodiscard]] std::string_view fault() const noexcept { return fault_; }

private:
    struct Make; // what hiredis calls
    struct Free {
        void operator()(redisReader* reader) const;
    };

    void* put(const redisReadTask& task, ReplyTree::Node node) noexcept;
    void* put_text(const redisReadTask& task, std::string_view text) noexcept;
    void* put_array(const redisReadTask& task, size_t elements) noexcept;
    void* refuse(const char* why) noexcept;
    void check_claim() noexcept;
    void fail() noexcept;
    void begin_reply() noexcept;

    ReplyLimits limits_;
    ReplyTree tree_;
    bool is_whole_ = false;         // the tree was given out
    size_t elements_ = 0;           // of the tree, as claimed
    const char* refused_ = nullptr; // why hiredis was given no object
    std::string fault_;
    std::unique_ptr<redisReader, Free> reader_;
};

} // namespace ws_pubsub::redis
