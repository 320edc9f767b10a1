// What is counted: an operation of the module, alone, done again and again on
// the same state.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace ws_bench {

class Job {
public:
    Job() = default;
    virtual ~Job() = default;
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;

    virtual void run() = 0;
};

struct Script {
    const char* name;
    const char* pays; // what the instructions are for, a sentence
    size_t runs;      // of the job, when it is counted
    size_t parts;     // operations in each run
    std::unique_ptr<Job> (*make)();
};

// In the order in which a message meets them.
std::vector<Script> receive_scripts();
std::vector<Script> publish_scripts();
std::vector<Script> match_scripts();
std::vector<Script> encode_scripts();
std::vector<Script> deliver_scripts();

// Makes a T for Script::make.
template <class T, auto... arguments>
std::unique_ptr<Job> make_job()
{
    return std::make_unique<T>(arguments...);
}

} // namespace ws_bench
