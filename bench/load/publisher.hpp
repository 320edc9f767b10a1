// An HTTP connection that is kept open and on which messages are published,
// several at a time where there are several to publish.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "load/options.hpp"
#include "load/stream.hpp"

namespace ws_bench {

class Publisher : public Stream {
public:
    Publisher(Loop& loop, const Options& options);

    // publish() only collects; post() sends it all with one write.
    void publish(size_t topic, std::string_view payload);
    void post();

    // Answers that have come since the last call.
    size_t take_answers();
    // Answers that said no.
    [[nodiscard]] uint64_t refused() const { return refused_; }

protected:
    size_t on_bytes(std::string_view bytes) override;
    // Ends the program: a run without its publishers says nothing.
    void on_closed() override;

private:
    std::string path_before_; // the topic's number
    std::string path_after_;  // and the constant part of the head
    std::string requests_;
    size_t answers_ = 0;
    uint64_t refused_ = 0;
};

} // namespace ws_bench
