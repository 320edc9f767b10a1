// ws_pubsub_allow_subscribe and ws_pubsub_allow_publish.
//
// Selectors with variables are worked out for each session. A variable within
// a selector stands for text, never for more: if its value adds a `/` or a
// `*`, or makes the topics reserved ones, or the result is no selector, that
// selector allows nothing. An argument that is one variable and nothing else
// may hold any selector. A `*` beside a variable would be a whole segment where
// the value is empty, so it is an error of the configuration.
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <vector>

#include "client/permissions.hpp"

namespace ws_pubsub {

class SelectorRules {
public:
    // The arguments of the directive. False: the error was logged.
    bool read(ngx_conf_t* cf, const ngx_str_t& directive,
              const ngx_str_t* arguments, size_t count);

    // The selectors for this request.
    Allowed evaluate(ngx_http_request_t* r) const;

private:
    struct Rule {
        std::optional<Selector> fixed; // without variables
        ngx_http_complex_value_t value{};
        bool any_selector = false; // the argument is one variable
        size_t slashes = 0;        // in the argument's own text
        size_t stars = 0;
    };

    bool read_one(ngx_conf_t* cf, const ngx_str_t& directive,
                  const ngx_str_t& argument);

    std::vector<Rule> rules_;
    Allowed fixed_; // null: some rule has variables
};

// What a session may do; nullptr rules allow nothing.
Permissions evaluate_permissions(ngx_http_request_t* r,
                                 const SelectorRules* subscribe,
                                 const SelectorRules* publish);

} // namespace ws_pubsub
