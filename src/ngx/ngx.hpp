// nginx's headers. They come before any other header of a file: they choose
// the width of off_t.
#pragma once

extern "C" {
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
}

extern "C" ngx_module_t ngx_ws_pubsub_module;
