// libwebsockets, as one nginx worker hosts it: a context without sockets, a
// thread or a loop of its own.
//
// What libwebsockets does here is the opening handshake, putting fragments
// together, unmasking and inflating. It never touches a socket: bytes are
// pushed in (LwsSession::feed), and its calls of recv(), send() and the like
// were renamed, when its archive was made, to the functions in
// lws_shim.cpp. The descriptors it sees are dense numbers made up here.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <libwebsockets.h>

namespace ws_pubsub {

class LwsSession;

class LwsEngine {
public:
    // Takes warnings and errors of libwebsockets; may be called any time.
    using Log = void (*)(int level, const char* line);

    // nullptr when libwebsockets can't start. One at a time in a process.
    static std::unique_ptr<LwsEngine> make(size_t max_sessions, Log log);
    ~LwsEngine();
    LwsEngine(const LwsEngine&) = delete;
    LwsEngine& operator=(const LwsEngine&) = delete;

    // Runs what timers libwebsockets has: call it about once a second.
    void tick();

    // Whether a client's bytes are being handled: what is logged meanwhile is
    // said of these.
    [[nodiscard]] bool is_fed() const { return fed_; }

    // For the shim. nullptr: no session has that descriptor.
    [[nodiscard]] LwsSession* session_of(int descriptor) const;
    [[nodiscard]] int max_descriptors() const;
    // The descriptor that stands for libwebsockets' own event pipe.
    [[nodiscard]] int pipe_descriptor() const;
    // The one of this process; nullptr if there is none.
    static LwsEngine* current();

private:
    friend class LwsSession;

    explicit LwsEngine(size_t max_sessions);
    bool start(Log log);
    // 0 when all are taken.
    int take_descriptor(LwsSession& session);
    void give_back(int descriptor);

    lws_context* context_ = nullptr;
    lws_vhost* vhost_ = nullptr;
    std::vector<LwsSession*> sessions_; // by descriptor
    std::vector<int> free_;
    bool fed_ = false; // by a session's feed()
    lws_plugin_evlib_t event_lib_{};
    lws_protocols protocols_[2]{};
};

} // namespace ws_pubsub
