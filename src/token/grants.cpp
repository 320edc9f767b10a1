#include "token/grants.hpp"

#include "base/limits.hpp"

namespace ws_pubsub {

namespace {

// False: the member is there, and no list of so many selectors at most.
bool read_selectors(const json_t* grants, const char* name,
                    std::vector<Selector>& out)
{
    const json_t* list = json_object_get(grants, name);
    if (list == nullptr) {
        return true;
    }
    if (!json_is_array(list) || json_array_size(list) > kMaxGrants) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t* text = json_array_get(list, i);
        auto selector = json_is_string(text) ? Selector::parse(json_text(text))
                                             : std::nullopt;
        if (!selector || is_reserved(selector->text())) {
            return false;
        }
        out.push_back(std::move(*selector));
    }
    return true;
}

} // namespace

std::optional<Grants> grants_of(const json_t* claims, const std::string& name)
{
    Grants grants;
    const json_t* value = json_object_get(claims, name.c_str());
    if (value == nullptr) {
        return grants;
    }
    if (!json_is_object(value) ||
        !read_selectors(value, "sub", grants.subscribe) ||
        !read_selectors(value, "pub", grants.publish)) {
        return std::nullopt;
    }
    return grants;
}

} // namespace ws_pubsub
