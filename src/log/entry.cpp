#include "log/entry.hpp"

#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "base/topic.hpp"

namespace ws_pubsub {

namespace {

// Flags of the head.
constexpr uint8_t kForced = 1;
constexpr uint8_t kLeaving = 1;
constexpr uint8_t kAsks = 2;

// Where the nonce is, behind operation and flags.
constexpr size_t kNonceAt = 2;

// Flags of a publish.
constexpr uint8_t kRetain = 1;
constexpr uint8_t kKeyOfClient = 2;

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

// --- writing

void write(ByteWriter& out, const Condition& condition)
{
    out.number(static_cast<uint8_t>(condition.kind));
    out.number(condition.at.epoch);
    out.number(condition.at.seq);
}

void write(ByteWriter& out, const Change& change)
{
    out.text<uint8_t>(change.topic);
    write(out, change.condition);
    if (change.op == Change::Op::remove) {
        return;
    }
    const Policy& policy = change.policy;
    const bool of_client = change.key_share == KeyShare::client;
    out.number(static_cast<uint8_t>((policy.retain ? kRetain : 0) |
                                    (of_client ? kKeyOfClient : 0)));
    out.number(static_cast<uint8_t>(change.kind));
    out.text<uint8_t>(change.content_type);
    out.number(policy.history);
    out.number(policy.ttl_ms);
    out.number(policy.idle_ms);
    out.text<uint16_t>(change.idempotency_key);
    out.number(change.body_hash);
    out.text<uint32_t>(change.payload);
}

void write(ByteWriter& out, const TermEntry& term)
{
    out.text<uint8_t>(term.lineage);
    out.number(term.jump);
    out.number(term.body_seed[0]);
    out.number(term.body_seed[1]);
}

void write(ByteWriter& out, const TouchEntry& touch)
{
    out.number(static_cast<uint32_t>(touch.topics.size()));
    for (const std::string_view topic : touch.topics) {
        out.text<uint8_t>(topic);
    }
}

void write(ByteWriter& out, const HereEntry& here)
{
    out.number(here.host);
    out.number(static_cast<uint32_t>(here.people.size()));
    for (const PersonHere& one : here.people) {
        out.text<uint8_t>(one.topic);
        out.text<uint8_t>(one.identity);
        out.number(one.connections);
    }
}

void write(ByteWriter& out, const AliveEntry& alive)
{
    out.number(alive.host);
    out.text<uint8_t>(alive.name);
    out.number(alive.capacity_bytes);
    out.text<uint8_t>(alive.position);
    out.number(alive.sessions);
    out.number(alive.format);
}

EntryOp op_of(const EntryBody& body)
{
    return std::visit(Overloaded{
                          [](const TermEntry& term) { return term.op; },
                          [](const Change& change) {
                              return change.op == Change::Op::remove
                                         ? EntryOp::remove
                                         : EntryOp::publish;
                          },
                          [](const TouchEntry&) { return EntryOp::touch; },
                          [](const HereEntry&) { return EntryOp::here; },
                          [](const AliveEntry&) { return EntryOp::alive; },
                      },
                      body);
}

uint8_t flags_of(const EntryBody& body)
{
    const auto* term = std::get_if<TermEntry>(&body);
    const auto* alive = std::get_if<AliveEntry>(&body);
    return static_cast<uint8_t>(
        (term != nullptr && term->forced ? kForced : 0) |
        (alive != nullptr && alive->leaving ? kLeaving : 0) |
        (alive != nullptr && alive->asks ? kAsks : 0));
}

// --- reading

// A number that is one of the values of an enum, the last of which is `last`.
template <class Enum>
std::optional<Enum> read_enum(ByteReader& in, Enum last)
{
    const auto number = in.number<uint8_t>();
    if (number > static_cast<uint8_t>(last)) {
        return std::nullopt;
    }
    return static_cast<Enum>(number);
}

bool is_time(int64_t ms)
{
    return ms >= 0 && ms <= kMaxPolicyTimeMs;
}

std::optional<Condition> read_condition(ByteReader& in)
{
    const auto kind = read_enum(in, Condition::Kind::at);
    Condition condition;
    condition.at.epoch = in.number<uint64_t>();
    condition.at.seq = in.number<uint64_t>();
    if (!kind) {
        return std::nullopt;
    }
    condition.kind = *kind;
    return condition;
}

bool read_publish(ByteReader& in, Change& change)
{
    const auto flags = in.number<uint8_t>();
    const auto kind = read_enum(in, PayloadKind::binary);
    change.policy.retain = (flags & kRetain) != 0;
    change.key_share =
        (flags & kKeyOfClient) != 0 ? KeyShare::client : KeyShare::application;
    change.content_type = in.text<uint8_t>();
    change.policy.history = in.number<uint32_t>();
    change.policy.ttl_ms = in.number<int64_t>();
    change.policy.idle_ms = in.number<int64_t>();
    change.idempotency_key = in.text<uint16_t>();
    change.body_hash = in.number<uint64_t>();
    change.payload = in.text<uint32_t>();
    change.kind = kind.value_or(PayloadKind::binary);
    return kind && change.content_type.size() <= kMaxContentTypeBytes &&
           change.idempotency_key.size() <= kMaxOwnedKeyBytes &&
           change.policy.history < UINT32_MAX &&
           is_time(change.policy.ttl_ms) && is_time(change.policy.idle_ms);
}

std::optional<EntryBody> read_change(ByteReader& in, Change::Op op)
{
    Change change;
    change.op = op;
    change.topic = in.text<uint8_t>();
    const auto condition = read_condition(in);
    if (!condition || !is_topic(change.topic) ||
        (op == Change::Op::publish && !read_publish(in, change))) {
        return std::nullopt;
    }
    change.condition = *condition;
    return change;
}

std::optional<EntryBody> read_term(ByteReader& in, EntryOp op, uint8_t flags)
{
    TermEntry term;
    term.op = op;
    term.lineage = in.text<uint8_t>();
    term.jump = in.number<uint64_t>();
    term.body_seed[0] = in.number<uint64_t>();
    term.body_seed[1] = in.number<uint64_t>();
    term.forced = (flags & kForced) != 0;
    return term;
}

std::optional<EntryBody> read_touch(ByteReader& in)
{
    TouchEntry touch;
    for (auto left = in.number<uint32_t>(); left > 0 && !in.failed(); left--) {
        touch.topics.push_back(in.text<uint8_t>());
        if (!is_topic(touch.topics.back())) {
            return std::nullopt;
        }
    }
    return touch;
}

std::optional<EntryBody> read_here(ByteReader& in)
{
    HereEntry here;
    here.host = in.number<uint64_t>();
    for (auto left = in.number<uint32_t>(); left > 0 && !in.failed(); left--) {
        PersonHere& one = here.people.emplace_back();
        one.topic = in.text<uint8_t>();
        one.identity = in.text<uint8_t>();
        one.connections = in.number<uint32_t>();
        if (!is_topic(one.topic) || one.identity.empty()) {
            return std::nullopt;
        }
    }
    return here;
}

std::optional<EntryBody> read_alive(ByteReader& in, uint8_t flags)
{
    AliveEntry alive;
    alive.host = in.number<uint64_t>();
    alive.name = in.text<uint8_t>();
    alive.capacity_bytes = in.number<uint64_t>();
    alive.position = in.text<uint8_t>();
    alive.sessions = in.number<uint64_t>();
    alive.format = in.number<uint8_t>();
    alive.leaving = (flags & kLeaving) != 0;
    alive.asks = (flags & kAsks) != 0;
    return alive;
}

std::optional<EntryBody> read_body(ByteReader& in, EntryOp op, uint8_t flags)
{
    switch (op) {
    case EntryOp::genesis:
    case EntryOp::term:
        return read_term(in, op, flags);
    case EntryOp::publish:
        return read_change(in, Change::Op::publish);
    case EntryOp::remove:
        return read_change(in, Change::Op::remove);
    case EntryOp::touch:
        return read_touch(in);
    case EntryOp::here:
        return read_here(in);
    case EntryOp::alive:
        return read_alive(in, flags);
    }
    return std::nullopt;
}

} // namespace

std::string encode(const EntryHead& head, const EntryBody& body)
{
    std::string bytes;
    ByteWriter out(bytes);
    out.number(static_cast<uint8_t>(op_of(body)));
    out.number(flags_of(body));
    out.number(head.nonce);
    out.number(head.origin);
    out.number(head.number);
    std::visit([&](const auto& one) { write(out, one); }, body);
    return bytes;
}

void set_nonce(std::string& bytes, uint64_t nonce)
{
    std::string text;
    ByteWriter(text).number(nonce);
    bytes.replace(kNonceAt, text.size(), text);
}

std::optional<LogEntry> decode_entry(std::string_view bytes)
{
    ByteReader in(bytes);
    const auto op = static_cast<EntryOp>(in.number<uint8_t>());
    const auto flags = in.number<uint8_t>();
    EntryHead head;
    head.nonce = in.number<uint64_t>();
    head.origin = in.number<uint64_t>();
    head.number = in.number<uint64_t>();
    auto body = read_body(in, op, flags);
    if (!body || in.failed() || !in.at_end()) {
        return std::nullopt;
    }
    return LogEntry{head, *std::move(body)};
}

} // namespace ws_pubsub
