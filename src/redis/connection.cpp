#include "ngx/ngx.hpp"

#include "redis/connection.hpp"

#include <algorithm>
#include <utility>

#include "ngx/guard.hpp"

namespace ws_pubsub::redis {

namespace {

constexpr size_t kPoolBytes = 512;
constexpr size_t kReadBytes = 64UL * 1024;
constexpr int kReadsPerTurn = 16;
// OpenSSL tells of nothing that is written before all that it was given is.
constexpr size_t kTlsRecordBytes = 16UL * 1024;

int64_t now_ms()
{
    return static_cast<int64_t>(ngx_current_msec);
}

} // namespace

Connection::Connection(const Server& server, ConnectionOwner& owner)
    : server_(server), owner_(owner), lookup_(on_found, this),
      timer_(on_timer, this, ngx_cycle->log)
{
    timer_.let_worker_end();
    posted_.data = this;
    posted_.handler = on_posted;
    posted_.log = ngx_cycle->log;
}

Connection::~Connection()
{
    end("given up");
}

// -- opening ------------------------------------------------------------------

void Connection::start()
{
    state_ = State::finding;
    open_by_ms_ = now_ms() + kOpenMs;
    watch_time();
    lookup_.start(server_.host);
}

void Connection::on_found(void* self, std::string_view error)
{
    auto& connection = *static_cast<Connection*>(self);
    if (error.empty()) {
        return connection.run(&Connection::connect);
    }
    guarded([&] {
        connection.close("it could not be resolved: " + std::string(error));
    });
}

void Connection::connect()
{
    const std::string where = server_.host.place().text();
    ngx_str_t name = {where.size(), reinterpret_cast<u_char*>(
                                        const_cast<char*>(where.data()))};
    ngx_peer_connection_t peer{};
    peer.sockaddr = lookup_.address();
    peer.socklen = lookup_.size();
    peer.name = &name;
    peer.get = ngx_event_get_peer;
    peer.log = log_.log();
    peer.log_error = NGX_ERROR_ERR;
    const ngx_int_t rc = ngx_event_connect_peer(&peer);
    if (rc != NGX_OK && rc != NGX_AGAIN) {
        return fail("no connection can be made");
    }
    c_ = peer.connection;
    c_->pool = ngx_create_pool(kPoolBytes, c_->log);
    if (c_->pool == nullptr) {
        return fail("no memory");
    }
    state_ = State::connecting;
    c_->data = this;
    c_->read->handler = on_connecting;
    c_->write->handler = on_connecting;
    if (rc == NGX_OK) {
        connected();
    }
}

// Whether it is no error that it waits, or is there.
bool Connection::has_connected()
{
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(c_->fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1) {
        error = ngx_socket_errno;
    }
    if (error != 0) {
        ngx_connection_error(c_, error, const_cast<char*>("connect() failed"));
    }
    return error == 0;
}

void Connection::on_connecting(ngx_event_t* event)
{
    of(event).run(&Connection::connected);
}

void Connection::connected()
{
    if (!has_connected()) {
        return fail("it can't be connected to");
    }
    if (server_.host.place().path.empty() && ngx_tcp_nodelay(c_) != NGX_OK) {
        return fail("TCP_NODELAY can't be set");
    }
    if (server_.tls == nullptr) {
        return greet();
    }
    const ngx_int_t rc =
        server_.tls->begin(c_, server_.host.place().host, on_shaken_hands);
    if (rc == NGX_ERROR) {
        return fail("the TLS handshake has failed");
    }
    if (rc == NGX_OK) {
        greet();
    }
}

void Connection::on_shaken_hands(ngx_connection_t* c)
{
    static_cast<Connection*>(c->data)->run(&Connection::greet);
}

void Connection::greet()
{
    if (server_.tls != nullptr) {
        const std::string fault = server_.tls->fault(c_);
        if (!fault.empty()) {
            return fail(fault);
        }
    }
    c_->read->handler = on_readable;
    c_->write->handler = on_writable;
    state_ = State::greeting;
    log_.forget();
    const Login& login = server_.login;
    if (!login.password.empty()) {
        if (login.user.empty()) {
            add_greeting({"AUTH", login.password}, "AUTH");
        } else {
            add_greeting({"AUTH", login.user, login.password}, "AUTH");
        }
    }
    if (login.database != 0) {
        add_greeting({"SELECT", std::to_string(login.database)}, "SELECT");
    }
    // Without a name, too: a reply to it shows that this is a Redis.
    add_greeting({"CLIENT", "SETNAME", login.name}, "CLIENT SETNAME");
    write();
    if (state_ != State::closed && c_->read->ready) {
        read();
    }
}

void Connection::add_greeting(const Command& command, const char* what)
{
    pipeline_.add(command, open_by_ms_, [this, what](const Ending& ending) {
        if (!ending.reply) {
            return;
        }
        const std::string_view error = ending.reply->error();
        if (!error.empty()) {
            return close(std::string(what) + ": " + std::string(error));
        }
        if (pipeline_.waiting() == 0) {
            state_ = State::open;
            owner_.on_open();
        }
    });
}

// -- while it is open ---------------------------------------------------------

bool Connection::send(const Command& command, int64_t timeout_ms,
                      Pipeline::Callback callback)
{
    if (!is_open() ||
        !pipeline_.add(command, now_ms() + timeout_ms, std::move(callback))) {
        return false;
    }
    if (!posted_.posted) {
        ngx_post_event((&posted_), &ngx_posted_events);
    }
    watch_time();
    return true;
}

void Connection::read()
{
    static char buffer[kReadBytes]; // no two of them read at a time
    for (int i = 0; i < kReadsPerTurn; i++) {
        const ssize_t size =
            c_->recv(c_, reinterpret_cast<u_char*>(buffer), sizeof(buffer));
        if (size == NGX_AGAIN) {
            if (ngx_handle_read_event(c_->read, 0) != NGX_OK) {
                fail("it can't be waited for");
            }
            return;
        }
        if (size == 0) {
            return close("it has closed the connection");
        }
        if (size < 0) {
            return fail("reading has failed");
        }
        if (!pipeline_.take({buffer, static_cast<size_t>(size)})) {
            return close(pipeline_.fault());
        }
        if (state_ == State::closed) {
            return;
        }
    }
    ngx_post_event(c_->read, &ngx_posted_next_events);
}

void Connection::write()
{
    while (c_->write->ready) {
        std::string_view out = pipeline_.outgoing();
        if (out.empty()) {
            break;
        }
        if (server_.tls != nullptr) {
            out = out.substr(0, kTlsRecordBytes);
        }
        auto* data = reinterpret_cast<u_char*>(const_cast<char*>(out.data()));
        const ssize_t size = c_->send(c_, data, out.size());
        if (size == NGX_ERROR) {
            return fail("writing has failed");
        }
        if (size == NGX_AGAIN) {
            break;
        }
        pipeline_.note_written(static_cast<size_t>(size));
    }
    if (ngx_handle_write_event(c_->write, 0) != NGX_OK) {
        fail("it can't be waited for");
    }
}

int64_t Connection::due_ms() const
{
    return is_open() ? pipeline_.deadline_ms() : open_by_ms_;
}

// A timer that runs out too early costs less than one that is set for each
// command.
void Connection::watch_time()
{
    const int64_t due = due_ms();
    if (due != Pipeline::kNever && !(timer_.is_set() && timer_ms_ <= due)) {
        timer_ms_ = due;
        timer_.start(
            static_cast<ngx_msec_t>(std::max<int64_t>(due - now_ms(), 1)));
    }
}

void Connection::look_at_time()
{
    if (due_ms() > now_ms()) {
        return watch_time();
    }
    switch (state_) {
    case State::finding:
        return close("its name could not be resolved in time");
    case State::connecting:
        return close("it could not be connected to in time");
    case State::greeting:
        return close("it has not let anybody in in time");
    default:
        return close("it has not answered in time");
    }
}

// -- the end ------------------------------------------------------------------

// What nginx has said of it says more.
void Connection::fail(std::string_view what)
{
    close(log_.last().empty() ? what : log_.last());
}

void Connection::close(std::string_view why)
{
    if (state_ != State::closed) {
        const std::string text =
            server_.host.place().text() + ": " + std::string(why);
        end(text);
        owner_.on_closed(text);
    }
}

void Connection::end(std::string_view why)
{
    if (state_ == State::closed) {
        return;
    }
    state_ = State::closed;
    lookup_.cancel();
    timer_.stop();
    if (posted_.posted) {
        ngx_delete_posted_event(&posted_);
    }
    if (c_ != nullptr) {
        let_go(*std::exchange(c_, nullptr));
    }
    // each time at least one of those that wait has been told
    while (!guarded([&] { pipeline_.end(why); })) {
    }
}

void Connection::let_go(ngx_connection_t& c)
{
    Tls::end(&c);
    ngx_pool_t* pool = c.pool;
    ngx_close_connection(&c);
    if (pool != nullptr) {
        ngx_destroy_pool(pool);
    }
}

// -- from nginx ---------------------------------------------------------------

void Connection::run(void (Connection::*step)())
{
    if (!guarded([&] { (this->*step)(); }) && state_ != State::closed) {
        end("no memory");
        guarded([&] { owner_.on_closed("no memory"); });
    }
}

Connection& Connection::of(const ngx_event_t* event)
{
    return *static_cast<Connection*>(
        static_cast<ngx_connection_t*>(event->data)->data);
}

void Connection::on_readable(ngx_event_t* event)
{
    of(event).run(&Connection::read);
}

void Connection::on_writable(ngx_event_t* event)
{
    of(event).run(&Connection::write);
}

void Connection::on_posted(ngx_event_t* event)
{
    static_cast<Connection*>(event->data)->run(&Connection::write);
}

void Connection::on_timer(void* self)
{
    static_cast<Connection*>(self)->run(&Connection::look_at_time);
}

} // namespace ws_pubsub::redis
