// Runs the module's hot path without nginx, for valgrind to count.
//
//   instructions            lists the scripts: number, runs, name, what it pays
//   instructions NUMBER     runs one; count what happens in run_counted()
#include <charconv>
#include <cstdio>
#include <cstring>

#include "callgrind/script.hpp"

namespace ws_bench {

namespace {

constexpr size_t kWarmUps = 3;

std::vector<Script> all_scripts()
{
    std::vector<Script> all;
    for (const auto& some :
         {receive_scripts(), publish_scripts(), match_scripts(),
          encode_scripts(), deliver_scripts()}) {
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

} // namespace

// Named by the tool that counts.
[[gnu::noinline]] void run_counted(Job& job, size_t runs)
{
    for (size_t i = 0; i < runs; i++) {
        job.run();
    }
}

} // namespace ws_bench

int main(int argc, char** argv)
{
    const auto scripts = ws_bench::all_scripts();
    if (argc < 2) {
        for (size_t i = 0; i < scripts.size(); i++) {
            std::printf("%zu\t%zu\t%s\t%s\n", i,
                        scripts[i].runs * scripts[i].parts, scripts[i].name,
                        scripts[i].pays);
        }
        return 0;
    }
    size_t number = scripts.size();
    std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), number);
    if (number >= scripts.size()) {
        return 1;
    }
    const auto job = scripts[number].make();
    for (size_t i = 0; i < ws_bench::kWarmUps; i++) {
        job->run();
    }
    ws_bench::run_counted(*job, scripts[number].runs);
    return 0;
}
