#include "redis/resp_reader.hpp"

#include <algorithm>
#include <charconv>
#include <new>
#include <utility>

#include <hiredis/read.h>

namespace ws_pubsub::redis {

namespace {

// Of a status, an error, an integer; and of a length.
constexpr size_t kMaxLineBytes = 16UL * 1024;
constexpr size_t kMaxLengthBytes = 24;
// What a tree keeps for the next reply.
constexpr size_t kKeptTextBytes = 2UL * 1024 * 1024;
constexpr size_t kKeptNodes = 16UL * 1024;

// hiredis knows our nodes by pointers, which are their places: not null.
void* mark(size_t place)
{
    return reinterpret_cast<void*>(place + 1); // NOLINT
}

size_t place_of(const void* marked)
{
    return reinterpret_cast<size_t>(marked) - 1;
}

size_t depth_of(const redisReadTask& task)
{
    size_t depth = 1;
    for (const redisReadTask* up = task.parent; up != nullptr;
         up = up->parent) {
        depth++;
    }
    return depth;
}

} // namespace

struct RespReader::Make {
    static RespReader& of(const redisReadTask* task)
    {
        return *static_cast<RespReader*>(task->privdata);
    }
    static void* string(const redisReadTask* task, char* text,
                        size_t size) noexcept
    {
        return of(task).put_text(*task, {text, size});
    }
    static void* array(const redisReadTask* task, size_t elements) noexcept
    {
        return of(task).put_array(*task, elements);
    }
    static void* integer(const redisReadTask* task, long long value) noexcept
    {
        return of(task).put(*task, {Kind::integer, value, 0});
    }
    static void* nil(const redisReadTask* task) noexcept
    {
        return of(task).put(*task, {});
    }
    static void* floating(const redisReadTask* task, double /*value*/,
                          char* /*text*/, size_t /*size*/) noexcept
    {
        return of(task).refuse("a type of RESP3");
    }
    static void* boolean(const redisReadTask* task, int /*value*/) noexcept
    {
        return of(task).refuse("a type of RESP3");
    }
    static void forget(void* /*root*/) noexcept {} // the tree is ours

    static inline redisReplyObjectFunctions functions = {
        string, array, integer, floating, nil, boolean, forget};
};

void RespReader::Free::operator()(redisReader* reader) const
{
    redisReaderFree(reader);
}

RespReader::RespReader(const ReplyLimits& limits)
    : limits_(limits), reader_(redisReaderCreateWithFunctions(&Make::functions))
{
    if (reader_ == nullptr) {
        throw std::bad_alloc();
    }
    reader_->privdata = this;
    fault_.reserve(sizeof(reader_->errstr)); // so that a fault needs no memory
}

void* RespReader::refuse(const char* why) noexcept
{
    refused_ = why;
    return nullptr;
}

void* RespReader::put(const redisReadTask& task, ReplyTree::Node node) noexcept
{
    if (task.parent != nullptr) {
        const auto first =
            static_cast<size_t>(tree_.nodes[place_of(task.parent->obj)].number);
        const size_t place = first + static_cast<size_t>(task.idx);
        tree_.nodes[place] = node;
        return mark(place);
    }
    try {
        tree_.nodes.assign(1, node);
    } catch (const std::bad_alloc&) {
        return refuse("no memory");
    }
    return mark(0);
}

void* RespReader::put_text(const redisReadTask& task,
                           std::string_view text) noexcept
{
    Kind kind = Kind::string;
    if (task.type == REDIS_REPLY_STATUS || task.type == REDIS_REPLY_ERROR) {
        kind = task.type == REDIS_REPLY_STATUS ? Kind::status : Kind::error;
        if (text.size() > kMaxLineBytes) {
            return refuse("a line is too long");
        }
    } else if (task.type != REDIS_REPLY_STRING) {
        return refuse("a type of RESP3");
    }
    if (text.size() > limits_.bulk_bytes) {
        return refuse("a string is too long");
    }
    const size_t begin = tree_.text.size();
    if (text.size() > limits_.reply_bytes - begin) {
        return refuse("a reply is too long");
    }
    try {
        tree_.text.append(text);
    } catch (const std::bad_alloc&) {
        return refuse("no memory");
    }
    return put(task, {kind, static_cast<int64_t>(begin), text.size()});
}

void* RespReader::put_array(const redisReadTask& task, size_t elements) noexcept
{
    if (task.type != REDIS_REPLY_ARRAY) {
        return refuse("a type of RESP3");
    }
    if (depth_of(task) > limits_.depth) {
        return refuse("arrays are nested too deep");
    }
    if (elements > limits_.elements - elements_) {
        return refuse("a reply has too many elements");
    }
    elements_ += elements;
    ReplyTree::Node node{Kind::array, 0, elements};
    const size_t first = std::max<size_t>(tree_.nodes.size(), 1);
    node.number = static_cast<int64_t>(first);
    void* const marked = put(task, node);
    if (marked == nullptr) {
        return nullptr;
    }
    try {
        tree_.nodes.resize(first + elements);
    } catch (const std::bad_alloc&) {
        return refuse("no memory");
    }
    return marked;
}

void RespReader::feed(std::string_view bytes) noexcept
{
    if (fault_.empty() && redisReaderFeed(reader_.get(), bytes.data(),
                                          bytes.size()) != REDIS_OK) {
        fail();
    }
}

void RespReader::begin_reply() noexcept
{
    is_whole_ = false;
    elements_ = 0;
    tree_.nodes.clear();
    tree_.text.clear();
    if (tree_.text.capacity() > kKeptTextBytes ||
        tree_.nodes.capacity() > kKeptNodes) {
        tree_ = {};
    }
}

std::optional<Reply> RespReader::next() noexcept
{
    if (is_whole_) {
        begin_reply();
    }
    if (!fault_.empty()) {
        return std::nullopt;
    }
    void* root = nullptr;
    if (redisReaderGetReply(reader_.get(), &root) != REDIS_OK) {
        fail();
        return std::nullopt;
    }
    if (root == nullptr) {
        check_claim();
        return std::nullopt;
    }
    is_whole_ = true;
    return Reply(tree_, 0);
}

// hiredis waits for as much as it was told will come. (Its cursor stands behind
// the byte that gives the type.)
void RespReader::check_claim() noexcept
{
    if (reader_->ridx < 0) {
        return;
    }
    const std::string_view unread(reader_->buf + reader_->pos,
                                  reader_->len - reader_->pos);
    if (reader_->task[reader_->ridx]->type != REDIS_REPLY_STRING) {
        if (unread.size() > kMaxLineBytes + 1) { // and half of its end
            fault_ = "a line is too long";
        }
        return;
    }
    size_t claimed = 0;
    const std::string_view head = unread.substr(0, kMaxLengthBytes);
    const auto [end, error] =
        std::from_chars(head.data(), head.data() + head.size(), claimed);
    if (claimed > limits_.bulk_bytes ||
        error == std::errc::result_out_of_range ||
        (head.size() == kMaxLengthBytes &&
         head.find("\r\n") == std::string_view::npos)) {
        fault_ = "a string is too long";
    }
}

void RespReader::fail() noexcept
{
    const char* const why = refused_ != nullptr       ? refused_
                            : reader_->errstr[0] != 0 ? reader_->errstr
                                                      : "no memory";
    fault_ = why; // there is room
}

} // namespace ws_pubsub::redis
