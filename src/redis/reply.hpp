// What Redis has answered a command (RESP2), as a view.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ws_pubsub::redis {

enum class Kind : uint8_t { nil, string, status, error, integer, array };

// A whole reply, its elements and theirs: in two pieces of memory, however many
// there are. The first node is the reply itself.
struct ReplyTree {
    struct Node {
        Kind kind = Kind::nil;
        int64_t number = 0; // the integer; else where it begins, in `text` of
        size_t size = 0;    // so many bytes, or in `nodes` of so many elements
    };

    std::vector<Node> nodes;
    std::string text;
};

// Good as long as its tree is: until the reader is asked for the next reply.
// Whoever needs text for longer copies it. A server may send anything: to ask
// for what is not there gives nil, an empty text or 0.
class Reply {
public:
    Reply(); // nil
    // REQUIRES: the tree has that node.
    Reply(const ReplyTree& tree, size_t place) : tree_(&tree), place_(place) {}

    [[nodiscard]] Kind kind() const { return node().kind; }
    // Of a string, a status or an error.
    [[nodiscard]] std::string_view text() const;
    [[nodiscard]] int64_t integer() const;
    // The elements of an array.
    [[nodiscard]] size_t size() const;
    Reply operator[](size_t i) const;
    // The text of the error that it is, or that is the first one among its
    // elements, as in EXEC's reply; empty: there is none.
    [[nodiscard]] std::string_view error() const;

private:
    [[nodiscard]] const ReplyTree::Node& node() const
    {
        return tree_->nodes[place_];
    }

    const ReplyTree* tree_;
    size_t place_;
};

} // namespace ws_pubsub::redis
