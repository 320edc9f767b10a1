// TCP sockets, all of them non-blocking and with TCP_NODELAY.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ws_bench {

// Room for so many descriptors, as far as the system lets us.
void raise_descriptor_limit(size_t wanted);

// Listens on 127.0.0.1. Fails the program if it can't.
int listen_on(uint16_t port);

// -1: nobody waits.
int accept_one(int listener);

// Starts to connect to 127.0.0.1. `number` chooses the address to connect
// from: one has no more than 28,000 ports. `receive_bytes`: SO_RCVBUF, 0 leaves
// it to the system. Fails the program if it can't.
int connect_to(uint16_t port, size_t number, int receive_bytes);

} // namespace ws_bench
