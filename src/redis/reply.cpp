#include "redis/reply.hpp"

namespace ws_pubsub::redis {

namespace {

const ReplyTree& tree_of_nil()
{
    static const ReplyTree tree{{{}}, {}};
    return tree;
}

} // namespace

Reply::Reply() : Reply(tree_of_nil(), 0) {}

std::string_view Reply::text() const
{
    const ReplyTree::Node& own = node();
    switch (own.kind) {
    case Kind::string:
    case Kind::status:
    case Kind::error:
        return std::string_view(tree_->text)
            .substr(static_cast<size_t>(own.number), own.size);
    default:
        return {};
    }
}

int64_t Reply::integer() const
{
    return kind() == Kind::integer ? node().number : 0;
}

size_t Reply::size() const
{
    return kind() == Kind::array ? node().size : 0;
}

Reply Reply::operator[](size_t i) const
{
    return i < size() ? Reply(*tree_, static_cast<size_t>(node().number) + i)
                      : Reply();
}

std::string_view Reply::error() const
{
    if (kind() == Kind::error) {
        return text();
    }
    for (size_t i = 0; i < size(); i++) {
        const Reply element = (*this)[i];
        if (element.kind() == Kind::error) {
            return element.text();
        }
    }
    return {};
}

} // namespace ws_pubsub::redis
