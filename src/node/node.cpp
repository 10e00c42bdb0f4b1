#include "tutti/node.hpp"

#include <utility>

#include "node/engine.hpp"
#include "node/parts.hpp"

namespace tutti {

Result<std::unique_ptr<Node>> Node::create(const NodeOptions& options) {
    if (auto checked = check(options); !checked) return fail(std::move(checked).error());
    auto threads = std::make_shared<NodeThreads>(options);
    auto parts = make_parts(options, threads);
    if (!parts) return fail(std::move(parts).error());
    auto engine = std::make_shared<Engine>(options, *std::move(parts));
    return std::unique_ptr<Node>(new Node(std::move(engine), std::move(threads)));
}

Node::Node(std::shared_ptr<Engine> engine, std::shared_ptr<NodeThreads> threads) noexcept
    : threads_(std::move(threads)), engine_(std::move(engine)) {}

Node::~Node() {
    stop();
    engine_.reset();
}

std::shared_ptr<detail::Cache> Node::declare(Pattern pattern, detail::CacheSpec spec) {
    return engine_->declare(pattern, std::move(spec));
}

std::shared_ptr<detail::Cache> Node::declare_near(detail::CacheSpec spec, detail::NearSpec near) {
    return engine_->declare_near(std::move(spec), std::move(near));
}

std::shared_ptr<detail::ReservationCore> Node::declare_reservation(detail::ReservationSpec spec) {
    return engine_->declare_reservation(std::move(spec));
}

std::shared_ptr<detail::CooldownCore> Node::declare_cooldown(CooldownOptions options) {
    return engine_->declare_cooldown(std::move(options));
}

Result<void> Node::start(Duration deadline) {
    if (!threads_->running())
        return fail(Errc::stopped, "start", "a stopped node does not start again");
    return detail::wait_for<Result<void>>(
        [&](auto done) { engine_->start(deadline, std::move(done)); });
}

void Node::stop() {
    if (!threads_->running()) return;
    struct Stopped {};
    detail::wait_for<Stopped>(
        [&](auto done) { engine_->stop([done = std::move(done)]() mutable { done(Stopped{}); }); });
    threads_->stop();
}

Health Node::health() const { return engine_->health(); }
Inventory Node::inventory() const { return engine_->inventory(); }
std::string Node::metrics() const { return engine_->metrics(); }
Duration Node::wait_out() const noexcept { return engine_->wait_out(); }

}  // namespace tutti
