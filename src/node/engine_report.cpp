// What a node says of itself: whether it is well, what it has declared and counts, and what it
// holds.
#include <string>
#include <utility>
#include <vector>

#include "node/engine.hpp"
#include "node/metrics.hpp"

namespace tutti {
namespace {

// Whether anything of it is kept or heard outside of this process.
bool is_shared(const Declaration& declaration) {
    return uses_bus(declaration.pattern) || uses_store(declaration.pattern);
}

}  // namespace

Health Engine::health() const {
    Health health{.live = phase_.load() == Phase::started, .ready = false, .reasons = {}};
    if (parts_.backend) health.promise = describe_promise(parts_.backend());
    if (!health.live) health.reasons.emplace_back("the node is not started");
    const std::vector<ChannelStatus> statuses = channels();
    if (statuses.empty() && !deafness().empty()) health.reasons.push_back(deafness());
    const auto add = [&](const std::string& channel, const std::string& reason) {
        if (!reason.empty()) health.reasons.push_back("channel " + channel + ": " + reason);
    };
    for (const ChannelStatus& status : statuses) {
        add(status.channel, status.failure);
        add(status.channel, status.writer.stuck);
    }
    {
        const detail::Lock lock(mutex_);
        for (const auto& [name, writer] : writers_) add(name, writer->status().stuck);
        for (const Entry& entry : entries_) {
            std::string unready = entry.declared ? entry.declared->unready() : std::string();
            if (health.live && !unready.empty()) health.reasons.push_back(std::move(unready));
        }
    }
    const auto unchecked = this->unchecked();
    if (health.live && unchecked) health.reasons.push_back(unchecked->message());
    health.ready = health.reasons.empty();
    return health;
}

Inventory Engine::inventory() const {
    const Backend backend = parts_.backend ? parts_.backend() : Backend{};
    Inventory rows;
    const detail::Lock lock(mutex_);
    for (const Entry& entry : entries_) {
        rows.push_back({.service = options_.service.empty() ? options_.name : options_.service,
                        .node = options_.name,
                        .backend = is_shared(entry.declaration) ? backend : Backend{},
                        .declaration = entry.declaration,
                        .counters = entry.declared ? entry.declared->counters() : CacheCounters{}});
    }
    return rows;
}

// The position first: it moves when all caches have applied, so what it says is gone from what
// memory shows afterwards. The other way round an entry that is removed meanwhile would be said to
// be held by an instance that has applied its invalidation.
Holdings Engine::holdings(std::string_view channel, std::string_view key) const {
    Holdings holdings{.node = options_.name, .member = parts_.member};
    const detail::Lock lock(mutex_);
    const auto found = channels_.find(channel);
    if (found != channels_.end() && found->second->is_connected()) {
        const ChannelStatus status = found->second->status();
        if (status.hears) {
            holdings.epoch = status.epoch;
            holdings.applied = status.applied;
        }
    }
    for (const Entry& entry : entries_) {
        const bool is_of_it = !channel.empty() && entry.declaration.channel == channel;
        if (!entry.declared || !is_of_it) continue;
        if (auto held = entry.declared->holding(key)) holdings.held.push_back(*std::move(held));
    }
    return holdings;
}

std::vector<ChannelStatus> Engine::channels() const {
    const detail::Lock lock(mutex_);
    std::vector<ChannelStatus> statuses;
    for (const auto& [name, channel] : channels_) {
        if (channel->is_connected()) statuses.push_back(channel->status());
    }
    return statuses;
}

std::string Engine::metrics() const {
    std::vector<Unpublished> unpublished;
    {
        const detail::Lock lock(mutex_);
        for (const auto& [name, writer] : writers_) {
            if (writer->is_connected())
                unpublished.push_back({name, writer->pending(), writer->status().standing});
        }
    }
    return metrics_text(inventory(), channels(), unpublished);
}

}  // namespace tutti
