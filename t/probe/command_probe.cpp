#include "ngx/ngx.hpp"

#include "command_probe.hpp"

#include <memory>
#include <vector>

#include "ngx/text.hpp"
#include "support/resp.hpp"

namespace ws_pubsub::probe {

using redis::Ending;

struct CommandProbe::Question {
    std::vector<std::string> words;
    size_t count = 1;
    int64_t timeout_ms = 3000;
    bool closes = false;
};

namespace {

// A request that waits until all of its commands have ended.
struct Asked {
    Waiting request;
    size_t left;
    std::string text;

    void take(const Ending& ending)
    {
        text += text.empty() ? "" : "\n";
        if (ending.reply) {
            text += written(*ending.reply);
        } else {
            text += ending.was_sent ? "! sent " : "! kept ";
            text += ending.why;
        }
        if (--left == 0) {
            request.end(text);
        }
    }
};

} // namespace

void CommandProbe::start()
{
    redis::ConnectionOwner& self = *this;
    link_.emplace(servers, self);
    link_->start();
}

void CommandProbe::on_closed(std::string_view why)
{
    closed_++;
    why_ = why;
}

std::string CommandProbe::state() const
{
    return std::string(link_ && link_->is_open() ? "open " : "closed ") +
           std::to_string(opened_) + " " + std::to_string(closed_) + " " + why_;
}

ngx_int_t CommandProbe::ask(ngx_http_request_t* r, const Question& question)
{
    const auto asked =
        std::make_shared<Asked>(Asked{Waiting(r), question.count, {}});
    const std::vector<std::string_view> words(question.words.begin(),
                                              question.words.end());
    bool closes = question.closes;
    for (size_t i = 0; i < question.count; i++) {
        const bool is_sent =
            link_->send(redis::Command(words), question.timeout_ms,
                        [asked, closes, this](const Ending& ending) {
                            if (closes) {
                                link_->close("closed by a callback");
                            }
                            asked->take(ending);
                        });
        if (!is_sent) {
            return NGX_HTTP_SERVICE_UNAVAILABLE;
        }
        closes = false;
    }
    return asked->request.wait();
}

ngx_int_t CommandProbe::handle(ngx_http_request_t* r)
{
    const std::string_view arguments = view(r->args);
    if (arguments == "close") {
        link_->close("closed by its owner");
    }
    if (arguments == "close" || arguments == "state") {
        return answer(r, state());
    }
    Question question;
    for (const auto& [name, value] : read_arguments(arguments)) {
        if (name == "w") {
            question.words.push_back(value);
        } else if (name == "x") {
            question.words.emplace_back(number_of(value), 'x');
        } else if (name == "n") {
            question.count = number_of(value);
        } else if (name == "timeout") {
            question.timeout_ms = static_cast<int64_t>(number_of(value));
        } else if (name == "close") {
            question.closes = true;
        }
    }
    return ask(r, question);
}

} // namespace ws_pubsub::probe
