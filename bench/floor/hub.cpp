#include "floor/hub.hpp"

#include "floor/connection.hpp"
#include "shared/frame.hpp"

namespace ws_bench {

Topic& Hub::topic(std::string_view path)
{
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const auto found = topics_.find(name);
    return found != topics_.end() ? found->second : topics_[std::string(name)];
}

void Hub::subscribe(std::string_view path, Connection& connection)
{
    topic(path).subscribers.push_back(&connection);
}

void Hub::publish(std::string_view path, std::string_view payload)
{
    Topic& to = topic(path);
    if (to.frames.empty()) {
        changed_.push_back(&to);
    }
    append_server_frame(to.frames, Opcode::text, payload);
}

void Hub::answer_later(Connection& publisher)
{
    answering_.push_back(&publisher);
}

void Hub::unsubscribe(Connection& connection)
{
    for (auto& [name, topic] : topics_) {
        std::erase(topic.subscribers, &connection);
    }
}

void Hub::end_turn()
{
    for (Topic* topic : changed_) {
        for (Connection* subscriber : topic->subscribers) {
            subscriber->send(topic->frames);
        }
        topic->frames.clear();
    }
    changed_.clear();
    for (Connection* publisher : answering_) {
        publisher->send_answers();
    }
    answering_.clear();
}

} // namespace ws_bench
