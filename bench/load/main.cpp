// The load generator: subscribers that read and check everything, publishers,
// and the measurement of a server's CPU time and memory. One thread, made to
// cost little beside the server that it measures.
#include <cstdio>

#include "load/options.hpp"
#include "load/run.hpp"
#include "shared/socket.hpp"

int main(int argc, char** argv)
{
    const ws_bench::Options options = ws_bench::read_options(argc, argv);
    ws_bench::raise_descriptor_limit(options.subscribers + options.idle +
                                     options.publishers + 64);
    ws_bench::Run run(options);
    std::puts(run.measure().text().c_str());
    return 0;
}
