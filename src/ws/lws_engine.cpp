#include "ngx/ngx.hpp"

#include "ws/lws_engine.hpp"

#include <poll.h>

#include "ngx/guard.hpp"
#include "ws/lws_session.hpp"

namespace ws_pubsub {

namespace {

// Descriptors beside those of sessions: 0, the event pipe, and some that
// libwebsockets keeps free.
constexpr size_t kSpareDescriptors = 16;
constexpr size_t kReadBufferBytes = 16UL * 1024;
// libwebsockets makes the steps of inflating no longer than this.
constexpr size_t kSessionBufferBytes = kInflateStepBytes;

LwsEngine* g_current = nullptr;

LwsSession* session_of(lws* wsi)
{
    return wsi == nullptr
               ? nullptr
               : static_cast<LwsSession*>(lws_get_opaque_user_data(wsi));
}

int on_event(lws* wsi, lws_callback_reasons reason, void* /*user*/, void* input,
             size_t size)
{
    LwsSession* session = session_of(wsi);
    if (session == nullptr) {
        return 0;
    }
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        session->on_established();
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return guarded(
            [&] {
                return session->on_receive({static_cast<char*>(input), size})
                           ? 0
                           : -1;
            },
            -1);
    case LWS_CALLBACK_WSI_DESTROY:
        session->on_destroyed();
        return 0;
    default:
        return 0;
    }
}

void set_events(lws* wsi, unsigned flags)
{
    LwsSession* session = session_of(wsi);
    if (session != nullptr) {
        const int events = ((flags & LWS_EV_READ) != 0 ? POLLIN : 0) |
                           ((flags & LWS_EV_WRITE) != 0 ? POLLOUT : 0);
        session->set_events((flags & LWS_EV_START) != 0,
                            static_cast<short>(events));
    }
}

int accept_nothing(lws* /*wsi*/)
{
    return 0;
}

int init_loop(lws_context* /*context*/, void* /*loop*/, int /*thread*/)
{
    return 0;
}

lws_event_loop_ops make_loop()
{
    lws_event_loop_ops ops{};
    ops.name = "nginx";
    ops.init_pt = init_loop;
    ops.init_vhost_listen_wsi = accept_nothing;
    ops.sock_accept = accept_nothing;
    ops.wsi_logical_close = accept_nothing;
    ops.io = set_events;
    ops.evlib_size_pt = sizeof(void*);
    return ops;
}

const lws_event_loop_ops kLoop = make_loop();

const lws_extension kExtensions[] = {
    {"permessage-deflate", lws_extension_callback_pm_deflate,
     "permessage-deflate"},
    {nullptr, nullptr, nullptr},
};

// All zero: no keepalive of its own, whose timers would cost.
const lws_retry_bo_t kNoKeepalive{};

} // namespace

LwsEngine* LwsEngine::current()
{
    return g_current;
}

std::unique_ptr<LwsEngine> LwsEngine::make(size_t max_sessions, Log log)
{
    std::unique_ptr<LwsEngine> engine(new LwsEngine(max_sessions));
    g_current = engine.get();
    return engine->start(log) ? std::move(engine) : nullptr;
}

LwsEngine::LwsEngine(size_t max_sessions) : sessions_(max_sessions + 1)
{
    free_.reserve(max_sessions);
    for (size_t i = max_sessions; i > 0; i--) {
        free_.push_back(static_cast<int>(i));
    }
}

bool LwsEngine::start(Log log)
{
    lws_set_log_level(LLL_ERR | LLL_WARN, log);

    event_lib_.hdr.name = "nginx";
    event_lib_.hdr._class = "lws_evlib_plugin";
    event_lib_.hdr.lws_build_hash = LWS_BUILD_HASH;
    event_lib_.hdr.api_magic = LWS_PLUGIN_API_MAGIC;
    event_lib_.ops = &kLoop;

    protocols_[0].name = "ws_pubsub";
    protocols_[0].callback = on_event;
    protocols_[0].rx_buffer_size = kSessionBufferBytes;

    lws_context_creation_info info{};
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = protocols_;
    info.extensions = kExtensions;
    info.event_lib_custom = &event_lib_;
    info.uid = static_cast<uid_t>(-1);
    info.gid = static_cast<gid_t>(-1);
    info.pt_serv_buf_size = kReadBufferBytes;
    info.retry_and_idle_policy = &kNoKeepalive;
    context_ = lws_create_context(&info);
    if (context_ == nullptr) {
        return false;
    }
    vhost_ = lws_get_vhost_by_name(context_, "default");
    tick(); // its first run sets up the protocols
    return vhost_ != nullptr;
}

LwsEngine::~LwsEngine()
{
    if (context_ != nullptr) {
        lws_context_destroy(context_);
    }
    g_current = nullptr;
}

void LwsEngine::tick()
{
    lws_service_adjust_timeout(context_, 1, 0);
}

int LwsEngine::take_descriptor(LwsSession& session)
{
    if (free_.empty()) {
        return 0;
    }
    const int descriptor = free_.back();
    free_.pop_back();
    sessions_[static_cast<size_t>(descriptor)] = &session;
    return descriptor;
}

void LwsEngine::give_back(int descriptor)
{
    sessions_[static_cast<size_t>(descriptor)] = nullptr;
    free_.push_back(descriptor);
}

LwsSession* LwsEngine::session_of(int descriptor) const
{
    const auto index = static_cast<size_t>(descriptor);
    return descriptor > 0 && index < sessions_.size() ? sessions_[index]
                                                      : nullptr;
}

int LwsEngine::max_descriptors() const
{
    return static_cast<int>(sessions_.size() + kSpareDescriptors);
}

int LwsEngine::pipe_descriptor() const
{
    return max_descriptors() - 2;
}

} // namespace ws_pubsub
