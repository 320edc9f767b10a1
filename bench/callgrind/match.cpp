// Which of a worker's selectors match a topic that comes to be.
#include <cstdlib>
#include <string>

#include "broker/selector_index.hpp"
#include "callgrind/script.hpp"
#include "callgrind/zone.hpp"

namespace ws_bench {

namespace {

// Three of the selectors match.
class Match final : public Job {
public:
    explicit Match(size_t selectors)
    {
        for (size_t i = 0; i + 3 < selectors; i++) {
            add(numbered("prices/", i) + "/*");
        }
        add("prices/fx/*");
        add("prices/**");
        add("*/fx/EURUSD");
    }
    void run() override
    {
        size_t found = 0;
        index_.match("prices/fx/EURUSD",
                     [&](int& entry) { found += static_cast<size_t>(entry); });
        if (found != 3) {
            std::abort();
        }
    }

private:
    void add(const std::string& text)
    {
        index_.add(*ws_pubsub::Selector::parse(text), &entry_);
    }

    int entry_ = 1;
    ws_pubsub::SelectorIndex<int> index_;
};

} // namespace

std::vector<Script> match_scripts()
{
    return {
        {"match, 3 of 3 selectors",
         "a step down the literal and the \"*\" edge for each of three "
         "segments, and a hash of each segment",
         1000, 1, make_job<Match, 3>},
        {"match, 3 of 10,000 selectors",
         "as above: selectors that begin otherwise are not looked at", 1000, 1,
         make_job<Match, 10'000>},
    };
}

} // namespace ws_bench
