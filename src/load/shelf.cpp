#include "load/shelf.hpp"

#include <chrono>
#include <utility>

#include "tutti/detail/memory.hpp"

namespace tutti {

namespace {

constexpr std::size_t resting_max = 10'000;  // keys
constexpr std::size_t looked_over = 4;       // buckets of the index of tags

Ttl shorter(const Ttl& left, const Ttl& right) noexcept {
    if (left.is_never()) return right;
    if (right.is_never()) return left;
    return left.lifetime() < right.lifetime() ? left : right;
}

}  // namespace

std::optional<Ttl> lifetime_of(const detail::RawLoaded& loaded, const Ttl& usual,
                               const detail::CacheSpec& spec) {
    if (!loaded.cacheable) return std::nullopt;
    std::optional<Ttl> ttl = usual;
    if (loaded.answer == Answer::absent) ttl = spec.absent_ttl.value_or(usual);
    if (loaded.answer == Answer::unknown) return std::nullopt;
    if (loaded.answer == Answer::negative) {
        if (!spec.negative) return std::nullopt;
        const auto& categories = spec.negative->categories;
        const auto found = categories.find(loaded.detail);
        ttl = found != categories.end() ? std::optional(found->second) : spec.negative->otherwise;
    }
    if (loaded.ttl) ttl = *loaded.ttl;
    if (!ttl || !ttl->valid()) return std::nullopt;
    if (loaded.answer == Answer::negative) return shorter(*ttl, *spec.negative->ceiling);
    return ttl;
}

Ttl shortened(const Ttl& ttl, double by) {
    const Duration whole = ttl.lifetime();
    return whole - std::chrono::duration_cast<Duration>(whole * by);
}

TimePoint end_of(const Ttl& ttl, TimePoint now) noexcept {
    return ttl.is_never() ? TimePoint::max() : saturating_add(now, ttl.lifetime());
}

Shelf::Shelf(std::shared_ptr<CacheBasis> basis, const ShelfFront& front)
    : basis_(std::move(basis)),
      front_(front),
      memory_(front.memory().get()),
      tags_(memory_ != nullptr && basis_->spec.tagged ? std::make_unique<TagIndex>() : nullptr) {}

void Shelf::fill(const Fill& fill, TimePoint now, Leavings& leavings) {
    const auto there = memory_->loaded(fill.text, now);
    if (there && *there > fill.began_by) return;
    const detail::RawLoaded& loaded = fill.loaded;
    memory_->put(fill.text,
                 {.value = loaded.value,
                  .answer = loaded.answer,
                  .category = loaded.answer == Answer::negative ? loaded.detail : std::string(),
                  .loaded = fill.began,
                  .fresh_until = fill.fresh_until,
                  .weight = loaded.weight},
                 leavings.entries);
    if (!tags_) return;
    tags_->put(fill.text, loaded.tags);
    // More than one for each that is added, so that the gone cannot pile up.
    tags_->look_over(looked_over, [&](const std::string& key) {
        return !memory_->loaded(key, now).has_value();
    });
}

detail::RawFormer Shelf::former(const std::string& text, TimePoint now, Leavings& leavings) const {
    auto found = memory_ != nullptr ? memory_->find(text, now, leavings.entries) : std::nullopt;
    if (!found || found->answer != Answer::found) return {};
    return {.value = std::move(found->value), .loaded = found->loaded, .tags = tags_of(text)};
}

void Shelf::remove(const std::string& text, Leavings& leavings) {
    wake(text);
    if (memory_ && memory_->erase(text, leavings.entries))
        basis_->counters.invalidated_entries.add();
    if (tags_) tags_->erase(text);
}

void Shelf::remove_tagged(const std::string& tag, Leavings& leavings) {
    if (!tags_) return;
    for (const std::string& text : tags_->take(tag)) {
        remove(text, leavings);
        basis_->tell(CacheEvent::Kind::invalidated, text);
    }
}

void Shelf::give_way(const std::string& text, Leavings& leavings) {
    if (memory_ == nullptr || !memory_->erase(text, leavings.entries)) return;
    basis_->tell(CacheEvent::Kind::evicted, text, CacheEvent::Cause::outranked);
}

Dropped Shelf::drop() {
    resting_.clear();
    if (memory_ == nullptr) return {};
    Dropped dropped{.entries = memory_->drop()};
    if (tags_) dropped.beside = std::exchange(tags_, std::make_unique<TagIndex>());
    return dropped;
}

bool Shelf::rests(std::string_view key, TimePoint now) const {
    if (resting_.empty()) return false;
    const auto found = resting_.find(key);
    return found != resting_.end() && now < found->second;
}

std::optional<detail::RawLookup> Shelf::known_good(const std::string& text,
                                                   const Permission& permission,
                                                   const std::optional<detail::RawLookup>& stored,
                                                   Leavings& leavings) const {
    auto found = front_.look_up(text, permission, Past::allowed, leavings);
    if (!found) found = stored;
    if (!found || found->answer != Answer::found) return std::nullopt;
    return found;
}

std::optional<detail::RawLookup> Shelf::last_known_good(
    const std::string& text, const Permission& permission,
    const std::optional<detail::RawLookup>& stored, const Error& why, Leavings& leavings) {
    auto found = known_good(text, permission, stored, leavings);
    if (!found || found->freshness == Freshness::fresh) return found;
    found->degraded = why.message();
    if (resting_.size() >= resting_max) resting_.clear();
    resting_[text] = saturating_add(permission.now, basis_->spec.stale_if_error->retry_after);
    basis_->stale_served(text);
    return found;
}

}  // namespace tutti
