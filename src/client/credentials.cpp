#include "client/credentials.hpp"

#include <utility>

namespace ws_pubsub {

std::unique_ptr<Credentials> Credentials::of(Admission& admission)
{
    const bool may_change = admission.authority != nullptr ||
                            admission.token_due_s != 0 ||
                            admission.rights.end_s != 0;
    return std::unique_ptr<Credentials>(may_change ? new Credentials(admission)
                                                   : nullptr);
}

Credentials::Credentials(Admission& admission)
    : authority_(std::move(admission.authority)),
      token_due_s_(admission.token_due_s), end_s_(admission.rights.end_s)
{}

int64_t Credentials::left_ms(int64_t now_ms) const
{
    const uint32_t due_s = awaits_token() ? token_due_s_ : end_s_;
    return due_s == 0 ? kNever : int64_t{due_s} * 1000 - now_ms;
}

} // namespace ws_pubsub
