#include "ngx/ngx.hpp"

#include "log_probe.hpp"

#include <algorithm>
#include <memory>

#include "ngx/text.hpp"

namespace ws_pubsub::probe {

namespace {

std::string text_of(const LogRecord& record)
{
    constexpr const char* kKinds[] = {" entry ", " newer ", " foreign "};
    return "\n" + text_of(record.id) + kKinds[static_cast<int>(record.kind)] +
           std::string(record.bytes);
}

} // namespace

void LogProbe::start()
{
    LogOwner& self = *this;
    log_.emplace(servers, zone, self);
    snapshots_.emplace(*log_);
    log_->start();
}

void LogProbe::on_open(std::string_view lineage)
{
    events_ += "open " + std::string(lineage) + "\n";
}

void LogProbe::on_closed(std::string_view why)
{
    events_ += "closed " + std::string(why) + "\n";
}

ngx_int_t LogProbe::append(ngx_http_request_t* r, Named& named)
{
    const uint64_t count =
        named.contains("n") ? number_of(named["n"]) : uint64_t{1};
    const auto several =
        std::make_shared<Several>(Several{Waiting(r), count, {}});
    const std::string bytes(number_of(named["x"]), 'x');
    for (uint64_t i = 0; i < count; i++) {
        const std::string entry =
            named["entry"] +
            (named.contains("n") ? std::to_string(i) : std::string()) + bytes;
        if (!log_->append(entry, [several](const LogOutcome& outcome) {
                several->take(outcome);
            })) {
            return answer(r, "not taken"); // none was
        }
    }
    return several->waiting.wait();
}

bool LogProbe::call(const std::string& what, Named& named, Waiting waiting)
{
    if (what == "look_up") {
        return log_->look_up(
            id_of(named["id"]), [waiting](const LogOutcome& outcome,
                                          const LogRecord* record) mutable {
                waiting.end(text_of(outcome) +
                            (record == nullptr ? "" : text_of(*record)));
            });
    }
    if (what == "follow") {
        return log_->follow(
            id_of(named["last"]),
            static_cast<int64_t>(number_of(named["wait"])),
            [waiting](const LogOutcome& outcome,
                      const Followed& followed) mutable {
                std::string text = text_of(outcome);
                text += followed.is_contiguous ? "\ncontiguous" : "\nunknown";
                for (const LogRecord& record : followed.records) {
                    text += text_of(record);
                }
                waiting.end(text);
            });
    }
    if (what == "tail") {
        return log_->tail(
            [waiting](const LogOutcome& outcome, const LogId& id) mutable {
                waiting.end(text_of(outcome) + "\n" + text_of(id));
            });
    }
    if (what == "trim") {
        return log_->trim(id_of(named["id"]),
                          [waiting](const LogOutcome& outcome) mutable {
                              waiting.end(text_of(outcome));
                          });
    }
    return call_snapshots(*snapshots_, what, named, waiting);
}

ngx_int_t LogProbe::handle(ngx_http_request_t* r)
{
    Named named;
    for (auto& [name, value] : read_arguments(view(r->args))) {
        named[name] = value;
    }
    const std::string what = named["do"];
    if (what == "close") {
        log_->close("closed by its owner");
    }
    if (what == "close" || what == "events") {
        return answer(r, events_);
    }
    if (what == "append") {
        return append(r, named);
    }
    Waiting waiting(r);
    return call(what, named, waiting) ? waiting.wait() : answer(r, "not taken");
}

} // namespace ws_pubsub::probe
