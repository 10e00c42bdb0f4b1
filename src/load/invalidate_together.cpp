#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tutti/bus.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/detail/invalidating.hpp"
#include "tutti/error.hpp"
#include "tutti/invalidation.hpp"
#include "tutti/invalidator.hpp"

namespace tutti {

namespace {

using detail::Invalidated;
using Destination = Invalidated::Destination;

Error impossible(std::string why) {
    return {Errc::invalid_option, "invalidate_together", std::move(why)};
}

std::string quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

std::string on_its_channel(const Invalidated& one) {
    return quoted(one.name()) + " is on channel " + quoted(one.destination().channel);
}

std::optional<Error> apart(const Invalidated& one, const Invalidated& other) {
    const Destination here = one.destination();
    const Destination there = other.destination();
    if (here.publisher == there.publisher) return std::nullopt;
    if (here.channel == there.channel)
        return impossible(quoted(one.name()) + " and " + quoted(other.name()) +
                          " are of different nodes: use the handles of one");
    return impossible(on_its_channel(one) + ", and " + on_its_channel(other) +
                      ": a publication has one channel; declare both on one, or invalidate each by "
                      "itself");
}

// The one that tells what all of them would.
Result<std::shared_ptr<Invalidated>> spokesman(
    const std::vector<std::shared_ptr<Invalidated>>& all) {
    const auto tells_all = [](const auto& one) { return one->destination().plain_type.empty(); };
    if (const auto found = std::ranges::find_if(all, tells_all); found != all.end()) return *found;
    const auto differs = [&](const auto& one) {
        return one->destination() != all.front()->destination();
    };
    const auto other = std::ranges::find_if(all, differs);
    if (other == all.end()) return all.front();
    return fail(
        impossible(quoted(all.front()->name()) + " and " + quoted((*other)->name()) +
                   " tell programs without Tutti in different shapes (`plain`): invalidate each by "
                   "itself"));
}

}  // namespace

Result<detail::Together> detail::Together::of(std::span<const ChangedKey> keys) {
    if (keys.empty()) return fail(impossible("no key was given"));
    KeySet changed;
    std::vector<std::shared_ptr<Invalidated>> owners;
    for (const ChangedKey& key : keys) {
        if (!key.changed_) return fail(key.changed_.error());
        if (key.of_->destination().publisher == nullptr)
            return fail(
                impossible(quoted(key.of_->name()) +
                           " has no channel: its declaration was refused, or its node has gone"));
        if (auto error = apart(*keys.front().of_, *key.of_)) return fail(*std::move(error));
        std::ranges::copy(key.changed_->keys, std::back_inserter(changed.keys));
        std::ranges::copy(key.changed_->tags, std::back_inserter(changed.tags));
        owners.push_back(key.of_);
    }
    auto through = spokesman(owners);
    if (!through) return fail(std::move(through).error());
    if (!(*through)->takes_at_once(changed))
        return fail(impossible(std::to_string(keys.size()) +
                               " keys are more than one publication holds: give fewer at a time"));
    return Together{.through = *std::move(through), .changed = std::move(changed)};
}

Invalidation invalidate_together(std::span<const ChangedKey> keys, InvalidateOptions options) {
    auto together = detail::Together::of(keys);
    if (!together) return detail::nothing_was_invalidated(together.error().message());
    return detail::invalidate_and_wait(*together->through, std::move(together->changed), options);
}

}  // namespace tutti
