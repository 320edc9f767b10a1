#include "client/session_events.hpp"

#include <string>

#include "base/close_code.hpp"
#include "client/client.hpp"
#include "client/control_order.hpp"
#include "json/writer.hpp"

namespace ws_pubsub {

namespace {

// Which session it is, as members of a JSON object.
std::string about(Client& client)
{
    const LinkInfo info = client.info();
    std::string text;
    JsonWriter out(text);
    out.name("session").string(session_id_text(client.id()));
    out.name("user").string(client.standing().user());
    out.name("identity").string(client.session().identity().text());
    out.name("address").string(info.address);
    out.name("endpoint").string(info.endpoint);
    out.name("protocol").string(info.protocol);
    return text;
}

} // namespace

void SessionEvents::tell_open(Client& client)
{
    if (client.standing().awaits_token() || records_.contains(&client)) {
        return;
    }
    SessionRecord*& record = records_[&client];
    record = broker_.store().sessions.open(broker_.worker(), about(client));
}

void SessionEvents::tell_close(Client& client)
{
    const auto found = records_.find(&client);
    if (found == records_.end()) {
        return;
    }
    const uint16_t code = client.info().close_code;
    const SessionCounters& counters = client.session().counters();
    broker_.store().sessions.close(
        found->second, code != 0 ? code : kCloseAbnormal,
        {counters.messages_in, counters.messages_out});
    records_.erase(found);
}

} // namespace ws_pubsub
