#include "shared/frame.hpp"

namespace ws_bench {

namespace {

void append_header(std::string& out, Opcode opcode, size_t length, bool masked)
{
    constexpr unsigned kFin = 0x80;
    const unsigned mask = masked ? 0x80 : 0;
    out += static_cast<char>(kFin | static_cast<unsigned>(opcode));
    if (length < 126) {
        out += static_cast<char>(mask | static_cast<unsigned>(length));
        return;
    }
    const unsigned bytes = length < 65536 ? 2 : 8;
    out += static_cast<char>(mask | (bytes == 2 ? 126U : 127U));
    for (unsigned i = bytes; i > 0; i--) {
        out += static_cast<char>(length >> ((i - 1) * 8) & 255U);
    }
}

} // namespace

void append_server_frame(std::string& out, Opcode opcode,
                         std::string_view payload)
{
    append_header(out, opcode, payload.size(), false);
    out += payload;
}

void append_client_frame(std::string& out, Opcode opcode,
                         std::string_view payload)
{
    append_header(out, opcode, payload.size(), true);
    out.append(4, '\0');
    out += payload;
}

} // namespace ws_bench
