#include "http/body.hpp"

namespace ws_pubsub {

namespace {

bool append_file(std::string& body, const ngx_buf_t& buffer)
{
    const auto size = static_cast<size_t>(buffer.file_last - buffer.file_pos);
    const size_t start = body.size();
    body.resize(start + size);
    const ssize_t read = ngx_read_file(
        buffer.file, reinterpret_cast<u_char*>(body.data() + start), size,
        buffer.file_pos);
    return read >= 0 && static_cast<size_t>(read) == size;
}

} // namespace

std::optional<std::string> collect_body(ngx_http_request_t* r)
{
    std::string body;
    if (r->request_body == nullptr) {
        return body;
    }
    for (ngx_chain_t* link = r->request_body->bufs; link != nullptr;
         link = link->next) {
        const ngx_buf_t& buffer = *link->buf;
        if (buffer.in_file) {
            if (!append_file(body, buffer)) {
                return std::nullopt;
            }
        } else {
            body.append(reinterpret_cast<char*>(buffer.pos),
                        static_cast<size_t>(buffer.last - buffer.pos));
        }
    }
    return body;
}

} // namespace ws_pubsub
