#include "client/controller.hpp"

#include <utility>

#include "base/close_code.hpp"
#include "client/control_pass.hpp"

namespace ws_pubsub {

Controller::Controller(Registry& registry, int32_t pid)
    : registry_(registry), pid_(pid)
{}

Controller::~Controller()
{
    for (const auto& pass : passes_) {
        registry_.broker().cancel(*pass);
    }
}

void Controller::begin(std::unique_ptr<ControlPass> pass)
{
    ControlPass& work = *passes_.emplace_back(std::move(pass));
    if (registry_.broker().begin(work)) {
        passes_.pop_back();
    }
}

bool Controller::read_orders()
{
    std::erase_if(passes_, [](const auto& pass) { return pass->is_over(); });
    bool missed = false;
    for (;;) {
        OrderToRead read = orders().read(worker());
        missed |= read.missed;
        if (read.missed) {
            ControlOrder all;
            all.kind = OrderKind::close;
            all.code = kCloseGoingAway;
            all.reason = "orders were missed";
            begin(
                std::make_unique<ControlPass>(registry_, pid_, std::move(all)));
        }
        if (read.number == 0) {
            return missed;
        }
        auto order = ControlOrder::parse(read.kind, read.argument);
        if (order) {
            begin(std::make_unique<ControlPass>(
                registry_, pid_, std::move(read), std::move(*order)));
        }
    }
}

} // namespace ws_pubsub
