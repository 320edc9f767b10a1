#include "load/publisher.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <utility>

#include "shared/fail.hpp"
#include "shared/http.hpp"

namespace ws_bench {

Publisher::Publisher(Loop& loop, const Options& options) : Stream(loop)
{
    const std::string& pattern = options.publish_path;
    const size_t number = std::min(pattern.find('%'), pattern.size());
    path_before_ = "POST " + pattern.substr(0, number);
    path_after_ =
        pattern.substr(std::min(number + 1, pattern.size())) +
        " HTTP/1.1\r\nHost: bench\r\nContent-Type: " + options.content_type +
        "\r\nContent-Length: ";
}

void Publisher::publish(size_t topic, std::string_view payload)
{
    std::array<char, 24> digits{};
    const auto append = [&](size_t number) {
        char* const end =
            std::to_chars(digits.begin(), digits.end(), number).ptr;
        requests_.append(digits.begin(), end);
    };
    requests_ += path_before_;
    append(topic);
    requests_ += path_after_;
    append(payload.size());
    requests_ += "\r\n\r\n";
    requests_ += payload;
}

void Publisher::post()
{
    if (!requests_.empty()) {
        send(requests_);
        requests_.clear();
    }
}

void Publisher::on_closed()
{
    errno = 0;
    fail("the server closed a publisher's connection");
}

size_t Publisher::take_answers()
{
    return std::exchange(answers_, 0);
}

size_t Publisher::on_bytes(std::string_view bytes)
{
    size_t used = 0;
    while (const auto head = http_head(bytes.substr(used))) {
        const size_t whole = head->size() + http_body_bytes(*head);
        if (bytes.size() - used < whole) {
            break;
        }
        if (!head->starts_with("HTTP/1.1 2") && refused_++ == 0) {
            std::fprintf(stderr, "bench: refused: %.*s\n",
                         static_cast<int>(whole), bytes.data() + used);
        }
        answers_++;
        used += whole;
    }
    return used;
}

} // namespace ws_bench
