// The module, as nginx sees it.
#include "ngx/ngx.hpp"

#include "module/config.hpp"
#include "module/variables.hpp"
#include "module/worker.hpp"
#include "ngx/guard.hpp"

namespace ws_pubsub {

namespace {

// Free slots that each configuration starts with: one for each of its workers
// and one for each that will take over in a reload, whose eventfd the workers
// of now must have inherited to wake it; and some more.
constexpr size_t kSlotsPerWorker = 2;
constexpr size_t kSpareSlots = 4;

ngx_int_t add_module_variables(ngx_conf_t* cf)
{
    return add_variables(cf) ? NGX_OK : NGX_ERROR;
}

// In the master, with each configuration, before workers are forked.
ngx_int_t init_module(ngx_cycle_t* cycle)
{
    return guarded(
        [&] {
            if (ngx_process == NGX_PROCESS_MASTER && !ngx_test_config) {
                Zone::close_removed(*cycle);
            }
            const auto* core = reinterpret_cast<ngx_core_conf_t*>(
                ngx_get_conf(cycle->conf_ctx, ngx_core_module));
            const auto* conf =
                static_cast<MainConf*>(ngx_http_cycle_get_module_main_conf(
                    cycle, ngx_ws_pubsub_module));
            if (conf == nullptr || ngx_test_config) {
                return ngx_int_t{NGX_OK};
            }
            const size_t slots =
                static_cast<size_t>(core->worker_processes) * kSlotsPerWorker +
                kSpareSlots;
            for (const auto& [name, zone] : conf->zones) {
                if (!zone->prepare_wakes(cycle->log, slots)) {
                    return ngx_int_t{NGX_ERROR};
                }
            }
            return ngx_int_t{NGX_OK};
        },
        ngx_int_t{NGX_ERROR});
}

ngx_int_t init_process(ngx_cycle_t* cycle)
{
    return guarded([&] { return Worker::start(cycle); }, ngx_int_t{NGX_ERROR});
}

void exit_process(ngx_cycle_t* /*cycle*/)
{
    guarded([] { Worker::stop(); });
}

ngx_http_module_t module_context = {
    add_module_variables, // preconfiguration
    nullptr,              // postconfiguration
    create_main_conf,
    check_main_conf,
    nullptr, // create server configuration
    nullptr, // merge server configuration
    create_location_conf,
    merge_location_conf,
};

} // namespace

} // namespace ws_pubsub

ngx_module_t ngx_ws_pubsub_module = {
    NGX_MODULE_V1,
    &ws_pubsub::module_context,
    ws_pubsub::directives,
    NGX_HTTP_MODULE,
    nullptr, // init master
    ws_pubsub::init_module,
    ws_pubsub::init_process,
    nullptr, // init thread
    nullptr, // exit thread
    ws_pubsub::exit_process,
    nullptr, // exit master
    NGX_MODULE_V1_PADDING,
};
