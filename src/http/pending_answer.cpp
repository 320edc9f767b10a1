#include "ngx/ngx.hpp"

#include "http/pending_answer.hpp"

#include <utility>

#include "ngx/guard.hpp"
#include "ngx/pool.hpp"

namespace ws_pubsub {

namespace {

// In the request's pool.
class PendingAnswer {
public:
    PendingAnswer(ngx_http_request_t* r, std::unique_ptr<PendingChange> pending,
                  WriteAnswer write)
        : r_(r), pending_(std::move(pending)), write_(std::move(write))
    {}

    void begin()
    {
        pending_->then(
            [this](const Result<ChangeAnswer>& answer) { finish(answer); });
    }

private:
    // This ends with the request.
    void finish(const Result<ChangeAnswer>& answer)
    {
        const auto answered = std::move(pending_); // ends with this call
        ngx_connection_t* c = r_->connection;
        ngx_http_set_log_request(c->log, r_);
        const ngx_int_t rc = guarded([&] { return write_(answer); },
                                     ngx_int_t{NGX_HTTP_INTERNAL_SERVER_ERROR});
        ngx_http_finalize_request(r_, rc);
        ngx_http_run_posted_requests(c);
    }

    ngx_http_request_t* r_;
    std::unique_ptr<PendingChange> pending_;
    WriteAnswer write_;
};

} // namespace

ngx_int_t await_answer(ngx_http_request_t* r,
                       std::unique_ptr<PendingChange> pending,
                       WriteAnswer write)
{
    auto* waiting = make_in_pool<PendingAnswer>(r->pool, r, std::move(pending),
                                                std::move(write));
    if (waiting == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    r->main->count++;
    // Nothing that comes meanwhile may start the request anew.
    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_request_empty_handler;
    waiting->begin();
    return NGX_DONE;
}

} // namespace ws_pubsub
