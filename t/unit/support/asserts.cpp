#include "support/asserts.hpp"

#include <string>

#include "cmocka.hpp"

namespace ws_pubsub {

void assert_text(std::string_view have, std::string_view wanted,
                 std::source_location at)
{
    if (have != wanted) {
        // Printed up to the first NUL; a difference behind it must show too.
        _assert_string_equal(std::string(have).c_str(),
                             std::string(wanted).c_str(), at.file_name(),
                             static_cast<int>(at.line()));
        _fail(at.file_name(), static_cast<int>(at.line()));
    }
}

} // namespace ws_pubsub
