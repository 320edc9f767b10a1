#include "shared/socket.hpp"

#include <algorithm>
#include <cerrno>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "shared/fail.hpp"

namespace ws_bench {

namespace {

constexpr size_t kConnectionsAnAddress = 20'000;

sockaddr_in loopback(uint32_t host, uint16_t port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + host);
    return address;
}

void set(int fd, int level, int name, int value)
{
    setsockopt(fd, level, name, &value, sizeof(value));
}

int make_socket()
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        fail("socket (ulimit -n?)");
    }
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    return fd;
}

} // namespace

void raise_descriptor_limit(size_t wanted)
{
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, wanted);
    setrlimit(RLIMIT_NOFILE, &limit);
}

int listen_on(uint16_t port)
{
    const int fd = make_socket();
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    const sockaddr_in address = loopback(0, port);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address),
             sizeof(address)) != 0 ||
        listen(fd, 4096) != 0) {
        fail("listen");
    }
    return fd;
}

int accept_one(int listener)
{
    const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd >= 0) {
        set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    }
    return fd;
}

int connect_to(uint16_t port, size_t number, int receive_bytes)
{
    const int fd = make_socket();
    if (receive_bytes > 0) {
        set(fd, SOL_SOCKET, SO_RCVBUF, receive_bytes);
    }
    set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    const sockaddr_in from =
        loopback(static_cast<uint32_t>(number / kConnectionsAnAddress), 0);
    const sockaddr_in to = loopback(0, port);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof(from)) != 0 ||
        (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0 &&
         errno != EINPROGRESS)) {
        fail("connect");
    }
    errno = 0;
    return fd;
}

} // namespace ws_bench
