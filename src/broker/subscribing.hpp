// A subscription in the making.
//
// What the reply to it needs may take several turns of the event loop:
//
//   link ──▶ positions ──▶ list ──▶ localize ──▶ check ──▶ Broker::subscribe()
//
// the group is linked to the topics that are local already for others' sake;
// the positions are looked up; the zone is looked through for the first topics
// that match; these become local; and what became of them meanwhile is checked.
// Until then nothing of it arrives in the session.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/shared_turns.hpp"
#include "broker/subscription.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

class LocalTopics;
class Session;
struct Group;

class Subscribing {
public:
    // What the reply needs.
    struct Found {
        bool recovered = true;         // from all positions
        std::vector<TopicRow> rows;    // the first kMaxListedTopics
        std::vector<std::string> gone; // positions' topics that are not there
    };

    // All three must stay. `topics`: of the broker.
    Subscribing(LocalTopics& topics, Session& session, const Selector& selector,
                SubscribeOptions options);
    Subscribing(const Subscribing&) = delete;
    Subscribing& operator=(const Subscribing&) = delete;
    // Lets go of what it has taken.
    ~Subscribing();

    // One step. True: it is ready for Broker::subscribe(), at once.
    bool step(size_t& left);
    // A topic of the selector has come to be.
    void add_new(const std::string& path);

    // Why it can't be; nullopt: it can.
    [[nodiscard]] const std::optional<Error>& failed() const { return failed_; }
    // REQUIRES, of these: its last step said that it is ready.
    [[nodiscard]] Session& session() const { return session_; }
    [[nodiscard]] Group& group() const { return *group_; }
    [[nodiscard]] SubscribeOptions& options() { return options_; }
    [[nodiscard]] Found& found() { return found_; }

private:
    enum class Stage : uint8_t {
        link,
        positions,
        list,
        localize,
        check,
        ready
    };

    void go_on(size_t& left);
    void check_positions(size_t& left);
    void list(size_t& left);
    void localize(size_t& left);
    void check(size_t& left);
    bool is_there(TopicRow& row);
    [[nodiscard]] uint64_t earlier_epoch(const TopicRow& row) const;
    void keep_given(TopicRow& row) const;
    [[nodiscard]] bool is_untold(const TopicRow& row) const;

    LocalTopics& topics_;
    Session& session_;
    const Selector& selector_;
    SubscribeOptions options_;
    Group* group_ = nullptr; // null: it failed to begin
    std::optional<Error> failed_;
    const Steady steady_;
    Stage stage_ = Stage::link;
    std::map<std::string, Position, std::less<>>::const_iterator position_;
    Found found_;
    std::string after_; // what was listed
    bool listed_all_ = false;
    size_t localized_ = 0; // of the rows
    // Topics that came to be meanwhile.
    std::vector<std::string> new_;
};

} // namespace ws_pubsub
