#include "tutti/node.hpp"

#include <exception>
#include <system_error>
#include <thread>
#include <typeinfo>
#include <utility>
#include <vector>

#include "node/engine.hpp"
#include "node/life.hpp"
#include "node/parts.hpp"
#include "node/refused.hpp"

namespace tutti {

namespace {

// A child that was forked must not run the destructors of the parent's node: they would wait for
// threads that do not exist, and take the parent's sockets off its event loop, which the two
// processes share.
void keep_for_ever(std::shared_ptr<NodeLife> life) {
    static auto* const kept = new std::vector<std::shared_ptr<NodeLife>>;
    kept->push_back(std::move(life));
}

}  // namespace

Result<std::unique_ptr<Node>> Node::create(const NodeOptions& options) {
    if (auto checked = check(options); !checked) return fail(std::move(checked).error());
    try {
        auto threads = std::make_shared<NodeThreads>(options);
        auto parts = make_parts(options, threads);
        if (!parts) return fail(std::move(parts).error());
        auto engine = std::make_shared<Engine>(options, *std::move(parts));
        return std::make_shared<NodeLife>(options, std::move(threads), std::move(engine))->node();
    } catch (const std::exception& error) {
        return fail(
            Errc::unavailable, "Node::create",
            std::string("the system has no thread, descriptor or memory left: ") + error.what());
    }
}

Node::Node(std::shared_ptr<NodeLife> life) noexcept : life_(std::move(life)) {}

Node::~Node() {
    if (life_->left()) {
        keep_for_ever(std::move(life_));
    } else {
        stop();
    }
}

std::shared_ptr<detail::Cache> Node::declare(Pattern pattern, detail::CacheSpec spec) {
    if (life_->left())
        return refused_cache(spec.name, HomeProcess::error("declare " + spec.name), {});
    return life_->engine().declare(pattern, std::move(spec));
}

Result<std::shared_ptr<detail::Cache>> Node::find(std::string_view name, Pattern pattern,
                                                  const std::type_info& types) const {
    if (life_->left()) return fail(HomeProcess::error("find " + std::string(name)));
    return life_->engine().find(name, pattern, types);
}

std::shared_ptr<detail::Cache> Node::declare_near(detail::CacheSpec spec, detail::NearSpec near) {
    if (life_->left())
        return refused_cache(spec.name, HomeProcess::error("declare " + spec.name), {});
    return life_->engine().declare_near(std::move(spec), std::move(near));
}

std::shared_ptr<detail::ReservationCore> Node::declare_reservation(detail::ReservationSpec spec) {
    if (life_->left())
        return refused_reservation(spec.name, HomeProcess::error("declare " + spec.name));
    return life_->engine().declare_reservation(std::move(spec));
}

std::shared_ptr<detail::Invalidated> Node::declare_invalidator(const InvalidatorOptions& options) {
    if (life_->left())
        return refused_invalidator(options.name, HomeProcess::error("declare " + options.name), {});
    return life_->engine().declare_invalidator(options);
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): by value as its siblings, for the header
std::shared_ptr<detail::CooldownCore> Node::declare_cooldown(CooldownOptions options) {
    if (life_->left()) return refused_cooldown();
    return life_->engine().declare_cooldown(options);
}

Result<void> Node::start(Duration deadline) {
    if (auto error = detail::cannot_wait("start", "the node")) return fail(*std::move(error));
    return detail::wait_for<Result<void>>(
        [&](auto done) { start_then(life_, deadline, std::move(done)); });
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): by value as stop_then, for `run`
void Node::start_then(std::shared_ptr<NodeLife> life, Duration deadline,
                      std::move_only_function<void(Result<void>)> done) {
    if (life->left()) return done(fail(HomeProcess::error("start")));
    if (life->stopping())
        return done(fail(Errc::stopped, "start", "a stopped node does not start again"));
    life->engine().start(deadline, std::move(done));
}

Stopped Node::stop() { return stop(life_->stop_deadline()); }
Stopped Node::stop(Duration deadline) {
    const auto error = detail::cannot_wait("stop", "the node");
    if (!error) return life_->stop(deadline);
    stop_then(life_, deadline, [](const Stopped&) {});
    return {.left = {"everything, which ends without being waited for: " + error->message()}};
}

// A thread for the occasion: the node's own may be what is waited for.
void Node::stop_then(std::shared_ptr<NodeLife> life, Duration deadline,
                     std::move_only_function<void(Stopped)> done) {
    auto shared = std::make_shared<decltype(done)>(std::move(done));
    if (life->left()) return (*shared)(life->stop(deadline));
    try {
        std::thread([life = std::move(life), deadline, shared] {
            (*shared)(life->stop(deadline));
        }).detach();
    } catch (const std::system_error& error) {
        (*shared)({.left = {std::string("everything; no thread to stop it on: ") + error.what()}});
    }
}

void Node::report(const std::shared_ptr<NodeLife>& life, const char* operation,
                  const Error& error) noexcept {
    if (!life->left()) life->report({error.code, operation, error.cause});
}

Health Node::health() const {
    if (!life_->left()) return life_->engine().health();
    return {.live = false, .ready = false, .reasons = {HomeProcess::reason}};
}

Inventory Node::inventory() const {
    return life_->left() ? Inventory{} : life_->engine().inventory();
}

Holdings Node::holdings(std::string_view channel, std::string_view key) const {
    return life_->left() ? Holdings{} : life_->engine().holdings(channel, key);
}

std::string Node::metrics() const {
    return life_->left() ? std::string() : life_->engine().metrics();
}

Duration Node::wait_out() const noexcept { return life_->engine().wait_out(); }

}  // namespace tutti
