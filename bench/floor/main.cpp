// The floor: what a WebSocket server that does nothing but fan out has to pay.
// One epoll, sockets upgraded with the least handshake, frames encoded once,
// one send for each subscriber and turn of the loop. It keeps no message,
// checks no frame and has no timeout.
//
//   floor PORT
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <memory>
#include <vector>

#include <sys/epoll.h>

#include "floor/connection.hpp"
#include "floor/hub.hpp"
#include "shared/fail.hpp"
#include "shared/socket.hpp"

namespace ws_bench {

namespace {

constexpr size_t kDescriptors = 200'000;
constexpr int kEventsAtOnce = 512;

class Server {
public:
    explicit Server(uint16_t port)
        : epoll_(epoll_create1(0)), listener_(listen_on(port))
    {
        watch(listener_, EPOLLIN, nullptr);
    }

    void turn()
    {
        const int count = epoll_wait(epoll_, events_.data(), kEventsAtOnce, -1);
        std::vector<Connection*> over;
        for (int i = 0; i < count; i++) {
            const epoll_event& event = events_[static_cast<size_t>(i)];
            auto* connection = static_cast<Connection*>(event.data.ptr);
            if (connection == nullptr) {
                accept_all();
            } else if (!serve(*connection, event.events)) {
                over.push_back(connection);
            }
        }
        hub_.end_turn();
        for (const Connection* connection : over) {
            delete connection;
        }
    }

private:
    static bool serve(Connection& connection, uint32_t events)
    {
        return ((events & EPOLLOUT) == 0 || connection.on_writable()) &&
               ((events & ~EPOLLOUT) == 0 || connection.on_readable());
    }

    void accept_all()
    {
        for (int fd = accept_one(listener_); fd >= 0;
             fd = accept_one(listener_)) {
            // Owned by the events that epoll hands back.
            auto connection = std::make_unique<Connection>(fd, hub_);
            watch(fd, EPOLLIN | EPOLLOUT | EPOLLET, connection.release());
        }
    }

    void watch(int fd, uint32_t events, Connection* connection) const
    {
        epoll_event event{};
        event.events = events;
        event.data.ptr = connection;
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
            fail("epoll_ctl");
        }
    }

    int epoll_;
    int listener_;
    Hub hub_;
    std::array<epoll_event, kEventsAtOnce> events_{};
};

} // namespace

} // namespace ws_bench

int main(int argc, char** argv)
{
    uint16_t port = 0;
    if (argc == 2) {
        std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), port);
    }
    errno = 0;
    if (port == 0) {
        ws_bench::fail("usage: floor PORT");
    }
    ws_bench::raise_descriptor_limit(ws_bench::kDescriptors);
    ws_bench::Server server(port);
    for (;;) {
        server.turn();
    }
}
