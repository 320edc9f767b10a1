// The module, as nginx sees it.
#include "ngx/ngx.hpp"

#include "module/config.hpp"
#include "module/key_set_fetcher.hpp"
#include "module/tokens.hpp"
#include "module/variables.hpp"
#include "module/wake_fds.hpp"
#include "module/worker.hpp"
#include "ngx/guard.hpp"

namespace ws_pubsub {

namespace {

ngx_int_t add_module_variables(ngx_conf_t* cf)
{
    return add_variables(cf) ? NGX_OK : NGX_ERROR;
}

ngx_int_t add_phases(ngx_conf_t* cf)
{
    const auto* conf = static_cast<MainConf*>(
        ngx_http_conf_get_module_main_conf(cf, ngx_ws_pubsub_module));
    const auto* core = static_cast<ngx_http_core_main_conf_t*>(
        ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
    for (KeySet* set : conf->key_sets) {
        if (set->is_used()) {
            set->find_address(*core);
        }
    }
    for (const auto& [name, zone] : conf->zones) {
        zone->find_address(*core);
        if (!zone->prepare_cluster(cf)) {
            return NGX_ERROR;
        }
    }
    return !conf->has_tokens || add_token_phase(cf) ? NGX_OK : NGX_ERROR;
}

MainConf* main_conf(const ngx_cycle_t* cycle)
{
    return static_cast<MainConf*>(
        ngx_http_cycle_get_module_main_conf(cycle, ngx_ws_pubsub_module));
}

// In the master, with each configuration, before workers are forked. An error
// only at the start: in a reload it would end the master.
ngx_int_t init_module(ngx_cycle_t* cycle)
{
    const MainConf* conf = main_conf(cycle);
    if (conf == nullptr || conf->zones.empty() || ngx_test_config) {
        return NGX_OK;
    }
    const auto* core = reinterpret_cast<ngx_core_conf_t*>(
        ngx_get_conf(cycle->conf_ctx, ngx_core_module));
    bool kept = true;
    guarded([&] {
        for (const auto& [name, zone] : conf->zones) {
            zone->divide();
            zone->begin_cluster();
            kept &= zone->begin_snapshots(cycle->log);
        }
        WakeFds::of_process().prepare(
            cycle->log, static_cast<size_t>(core->worker_processes));
    });
    return kept || !ngx_is_init_cycle(cycle->old_cycle) ? NGX_OK : NGX_ERROR;
}

// Never an error: that would end the worker, and nginx would start no other.
ngx_int_t init_process(ngx_cycle_t* cycle)
{
    const bool is_worker =
        ngx_process == NGX_PROCESS_WORKER || ngx_process == NGX_PROCESS_SINGLE;
    MainConf* conf = main_conf(cycle);
    if (is_worker && conf != nullptr && !conf->zones.empty() &&
        !guarded([&] { Worker::start(cycle, *conf); })) {
        guarded([] { Worker::stop(); });
    }
    if (is_worker && conf != nullptr) {
        for (const TokenKeySource* source : conf->key_sources) {
            source->check_access(cycle->log);
        }
        guarded([&] { start_key_sets(conf->key_sets); });
    }
    return NGX_OK;
}

void exit_process(ngx_cycle_t* /*cycle*/)
{
    guarded([] { stop_key_sets(); });
    guarded([] { Worker::stop(); });
}

// All workers are gone, where there were any.
void exit_master(ngx_cycle_t* cycle)
{
    const MainConf* conf = main_conf(cycle);
    if (conf == nullptr) {
        return;
    }
    for (const auto& named : conf->zones) {
        guarded([&] { named.second->save(cycle->log); });
    }
}

ngx_http_module_t module_context = {
    add_module_variables, // preconfiguration
    add_phases,           // postconfiguration
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
    ws_pubsub::exit_master,
    NGX_MODULE_V1_PADDING,
};
