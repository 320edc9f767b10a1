#include "support/zone.hpp"

#include <cstdio>
#include <cstdlib>

#include "cmocka.hpp"

namespace ws_pubsub {

Zone::Zone(size_t bytes, const HashKey& key)
{
    header = Store::create(memory, bytes, key, clock);
    if (header == nullptr) {
        std::abort();
    }
    store = std::make_unique<Store>(memory, waker, *header, clock);
}

WorkerId Zone::attach()
{
    static int32_t next = 1000;
    const auto worker = store->workers.attach({next}, next);
    next++;
    if (!worker) {
        std::abort();
    }
    return *worker;
}

std::string Zone::fault(Unused unused)
{
    const ZoneCheck check(*header, unused);
    if (!check.fault().empty()) {
        return check.fault();
    }
    for (const void* block : check.blocks()) {
        if (!memory.owns(block)) {
            return "a block that was released";
        }
    }
    return check.blocks().size() == memory.live_blocks() ? "" : "a leak";
}

void Zone::leave_room(size_t bytes)
{
    memory.set_budget(memory.used_bytes() + bytes);
    keep_nothing(*header);
    header->spare_bytes = 0;
}

Change Zone::publication(std::string_view topic, std::string_view payload,
                         Policy policy)
{
    Change publication;
    publication.topic = topic;
    publication.payload = payload;
    publication.policy = policy;
    publication.now_ms = kTestNowMs;
    return publication;
}

Result<ChangeAnswer> Zone::publish(std::string_view topic,
                                   std::string_view payload, Policy policy)
{
    Change now = publication(topic, payload, policy);
    now.now_ms = clock.now_ms();
    return store->topics.publish(now);
}

ChangeAnswer Zone::put(std::string_view topic, std::string_view payload,
                       Policy policy)
{
    const auto answer = publish(topic, payload, policy);
    assert_true(bool(answer));
    return *answer;
}

bool Zone::exists(std::string_view topic)
{
    return store->topics.newest(topic).epoch != 0;
}

Result<bool> Zone::remove(std::string_view topic)
{
    return store->topics.remove(topic, clock.now);
}

std::string Zone::read(std::string_view topic, const ReadFrom& from,
                       ReadLimits limits)
{
    store->topics.read(topic, from, limits, batch);
    return batch_text(batch);
}

std::string Zone::last(std::string_view topic, uint32_t n)
{
    ReadFrom from;
    from.kind = ReadFrom::Kind::last;
    from.last = n;
    return read(topic, from);
}

ReadAnswer Zone::ask_after(std::string_view topic, Position after)
{
    ReadFrom from;
    from.kind = ReadFrom::Kind::after;
    from.after = after;
    return store->topics.read(topic, from, {}, batch);
}

std::string Zone::inbox(WorkerId worker, size_t max_bytes)
{
    if (!store->inboxes.read(worker, max_bytes, delivery, batch)) {
        return {};
    }
    return (delivery.token == 0 ? delivery.path
                                : std::to_string(delivery.token)) +
           ' ' + batch_text(batch);
}

Policy keeping(uint32_t history)
{
    Policy policy;
    policy.history = history;
    return policy;
}

Policy keeping_nothing()
{
    Policy policy;
    policy.retain = false;
    return policy;
}

int make_zone(void** state)
{
    return make_state<Zone>(state);
}

int end_zone(void** state)
{
    const std::string fault = state_of<Zone>(state).fault();
    destroy_state<Zone>(state);
    if (!fault.empty()) {
        std::fprintf(stderr, "the zone: %s\n", fault.c_str());
    }
    return fault.empty() ? 0 : -1;
}

std::string batch_text(const Batch& batch)
{
    std::string text;
    for (size_t i = 0; i < batch.size(); i++) {
        const Batch::Entry entry = batch[i];
        text += text.empty() ? "" : " ";
        if (entry.kind == ItemKind::gone) {
            text += "gone";
        } else {
            text += std::to_string(entry.message.at.seq) + ':';
            text += entry.message.payload;
        }
    }
    return text;
}

} // namespace ws_pubsub
