// A process that does its work in single steps, as in a debugger: so that it
// can be taken for dead after each of them.
#pragma once

#include <csignal>
#include <cstdlib>

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ws_pubsub {

class Stepper {
public:
    // Valgrind's instructions are not ours, and other processors' atomic ones
    // are several, which never succeed in single steps.
    static bool is_of_use()
    {
#ifdef __x86_64__
        const char* runner = std::getenv("RUN_UNDER");
        return runner == nullptr || *runner == '\0';
#else
        return false;
#endif
    }

    template <class Work>
    explicit Stepper(Work&& work) : pid_(fork())
    {
        if (pid_ == 0) {
            if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) {
                _exit(kNotAllowed);
            }
            (void)raise(SIGSTOP);
            work();
            _exit(0);
        }
        waitpid(pid_, &status_, 0);
        ptrace(PTRACE_SETOPTIONS, pid_, nullptr, PTRACE_O_EXITKILL);
    }
    Stepper(const Stepper&) = delete;
    Stepper& operator=(const Stepper&) = delete;
    ~Stepper()
    {
        if (!WIFEXITED(status_)) {
            kill(pid_, SIGKILL);
            waitpid(pid_, &status_, 0);
        }
    }

    [[nodiscard]] pid_t pid() const
    {
        return pid_;
    }
    [[nodiscard]] bool is_allowed() const
    {
        return !WIFEXITED(status_) || WEXITSTATUS(status_) != kNotAllowed;
    }
    // False when the work is done.
    bool step()
    {
        require(ptrace(PTRACE_SINGLESTEP, pid_, nullptr, nullptr) == 0);
        require(waitpid(pid_, &status_, 0) == pid_);
        if (WIFEXITED(status_)) {
            require(WEXITSTATUS(status_) == 0);
            return false;
        }
        require(WIFSTOPPED(status_) && WSTOPSIG(status_) == SIGTRAP);
        return true;
    }

private:
    static constexpr int kNotAllowed = 77;

    static void require(bool holds)
    {
        if (!holds) {
            std::abort();
        }
    }

    pid_t pid_;
    int status_ = 0;
};

} // namespace ws_pubsub
