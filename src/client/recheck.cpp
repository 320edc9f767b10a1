#include "client/recheck.hpp"

#include <utility>

#include "client/client.hpp"

namespace ws_pubsub {

Recheck::Recheck(Client& client, Broker& broker, std::string identity)
    : client_(client), broker_(broker), review_(*this)
{
    Broker::begin_review(client.session(), review_, std::move(identity));
}

bool Recheck::step(size_t& left)
{
    over_ = broker_.review(client_.session(), left);
    if (over_) {
        client_.effort().resume();
    }
    return over_;
}

bool Recheck::allows(const Selector& selector) const
{
    return client_.standing().may_keep(selector);
}

} // namespace ws_pubsub
