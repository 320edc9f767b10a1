// An nginx module for tests alone: what src/redis does, asked over HTTP. See
// command_probe.hpp and log_probe.hpp for its directives.
//
// Each worker has a link for each such location. A module of its own, so that
// there is nothing for tests in what users get; it is linked with the same
// objects.
#include "ngx/ngx.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "command_probe.hpp"
#include "log_probe.hpp"
#include "ngx/guard.hpp"
#include "ngx/pool.hpp"
#include "ngx/text.hpp"
#include "redis/url.hpp"

extern "C" ngx_module_t redis_probe_module;

namespace ws_pubsub::probe {
namespace {

struct MainConf {
    std::vector<Probe*> probes;
};

ngx_int_t handle(ngx_http_request_t* r)
{
    const ngx_int_t rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }
    auto& probe = **static_cast<Probe**>(
        ngx_http_get_module_loc_conf(r, redis_probe_module));
    return guarded([&] { return probe.handle(r); }, ngx_int_t{NGX_ERROR});
}

// -- configuration ------------------------------------------------------------

std::string_view argument(std::string_view text, std::string_view name)
{
    return text.starts_with(name) && text.substr(name.size()).starts_with('=')
               ? text.substr(name.size() + 1)
               : std::string_view{};
}

char* say(ngx_conf_t* cf, const std::string& text)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%*s", text.size(), text.data());
    return const_cast<char*>("");
}

struct Words {
    std::vector<std::string_view> urls;
    redis::Login login;
    redis::Login sentinel_login;
    ngx_str_t trusted = ngx_null_string;
};

Words read_words(ngx_conf_t* cf)
{
    Words words;
    const auto* values = static_cast<ngx_str_t*>(cf->args->elts);
    for (ngx_uint_t i = 1; i < cf->args->nelts; i++) {
        const std::string_view text = view(values[i]);
        const std::string_view trusted = argument(text, "trusted_certificate");
        if (const auto user = argument(text, "user"); !user.empty()) {
            words.login.user = user;
        } else if (const auto word = argument(text, "password");
                   !word.empty()) {
            words.login.password = word;
        } else if (const auto of = argument(text, "sentinel_user");
                   !of.empty()) {
            words.sentinel_login.user = of;
        } else if (const auto secret = argument(text, "sentinel_password");
                   !secret.empty()) {
            words.sentinel_login.password = secret;
        } else if (const auto name = argument(text, "name"); !name.empty()) {
            words.login.name = name;
        } else if (!trusted.empty()) {
            words.trusted.len = trusted.size();
            words.trusted.data =
                values[i].data + values[i].len - trusted.size();
        } else {
            words.urls.push_back(text);
        }
    }
    return words;
}

char* add_server(ngx_conf_t* cf, Probe& probe, std::string_view text,
                 Words& words)
{
    Result<redis::Url> url = redis::read_url(text);
    if (!url) {
        return say(cf,
                   std::string(url.error().message) + ": " + std::string(text));
    }
    const redis::Tls* tls = nullptr;
    if (url->has_tls) {
        tls = redis::Tls::make(cf, words.trusted.len == 0 ? nullptr
                                                          : &words.trusted);
        if (tls == nullptr) {
            return const_cast<char*>("");
        }
    }
    probe.servers.push_back(
        redis::make_server(*url, tls, words.login, words.sentinel_login));
    return NGX_CONF_OK;
}

template <class Kind>
char* set_probe(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf)
{
    auto& main = **static_cast<MainConf**>(
        ngx_http_conf_get_module_main_conf(cf, redis_probe_module));
    Words words = read_words(cf);
    Probe* probe = make_in_pool<Kind>(cf->pool);
    probe->zone = words.login.name;
    *static_cast<Probe**>(conf) = probe;
    for (const std::string_view text : words.urls) {
        char* error = add_server(cf, *probe, text, words);
        if (error != NGX_CONF_OK) {
            return error;
        }
    }
    main.probes.push_back(probe);
    auto* core = static_cast<ngx_http_core_loc_conf_t*>(
        ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    core->handler = handle;
    return NGX_CONF_OK;
}

template <class T>
void* make_conf(ngx_conf_t* cf)
{
    return make_in_pool<T*>(cf->pool, nullptr);
}

void* make_main(ngx_conf_t* cf)
{
    return make_in_pool<MainConf*>(cf->pool, make_in_pool<MainConf>(cf->pool));
}

ngx_int_t prepare(ngx_conf_t* cf)
{
    auto& main = **static_cast<MainConf**>(
        ngx_http_conf_get_module_main_conf(cf, redis_probe_module));
    for (Probe* probe : main.probes) {
        for (redis::Server& server : probe->servers) {
            const std::string error = server.prepare(cf);
            if (!error.empty()) {
                say(cf, error);
                return NGX_ERROR;
            }
        }
    }
    return NGX_OK;
}

MainConf& main_of(ngx_cycle_t* cycle)
{
    return **static_cast<MainConf**>(
        ngx_http_cycle_get_module_main_conf(cycle, redis_probe_module));
}

ngx_int_t begin(ngx_cycle_t* cycle)
{
    if (ngx_process == NGX_PROCESS_WORKER) {
        for (Probe* probe : main_of(cycle).probes) {
            probe->start();
        }
    }
    return NGX_OK;
}

void end(ngx_cycle_t* cycle)
{
    note_end();
    for (Probe* probe : main_of(cycle).probes) {
        probe->stop();
    }
}

ngx_command_t directives[] = {
    {ngx_string("redis_probe"), NGX_HTTP_LOC_CONF | NGX_CONF_1MORE,
     set_probe<CommandProbe>, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("redis_log_probe"), NGX_HTTP_LOC_CONF | NGX_CONF_1MORE,
     set_probe<LogProbe>, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    ngx_null_command};

ngx_http_module_t context = {nullptr, prepare, make_main,        nullptr,
                             nullptr, nullptr, make_conf<Probe>, nullptr};

} // namespace
} // namespace ws_pubsub::probe

ngx_module_t redis_probe_module = {
    NGX_MODULE_V1,
    &ws_pubsub::probe::context,
    ws_pubsub::probe::directives,
    NGX_HTTP_MODULE,
    nullptr, // init master
    nullptr, // init module
    ws_pubsub::probe::begin,
    nullptr, // init thread
    nullptr, // exit thread
    ws_pubsub::probe::end,
    nullptr, // exit master
    NGX_MODULE_V1_PADDING,
};

// What nginx's build writes for a dynamic module.
#pragma GCC visibility push(default)
extern "C" {
ngx_module_t* ngx_modules[] = {&redis_probe_module, nullptr};
char* ngx_module_names[] = {const_cast<char*>("redis_probe_module"), nullptr};
char* ngx_module_order[] = {nullptr};
}
#pragma GCC visibility pop
