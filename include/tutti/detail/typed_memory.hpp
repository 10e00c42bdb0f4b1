// The memory of a cache with its types: what makes the hit of a handle as cheap as one of a
// `MemoryCache`. The core reaches it through `Memory`, by text; both see the same entries.
//
// A hit asks whether memory may be served (`Serving`), then takes the generation, then looks: what
// the lease presupposes was removed or dropped before the lease moved (R2); what it looks at first
// is fetched while it asks. The core has the rest.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/detail/answer.hpp"
#include "tutti/detail/atomic.hpp"
#include "tutti/detail/generations.hpp"
#include "tutti/detail/kept.hpp"
#include "tutti/detail/memory.hpp"
#include "tutti/detail/memory_key.hpp"
#include "tutti/detail/memory_tier.hpp"
#include "tutti/detail/thread_cells.hpp"
#include "tutti/detail/watch.hpp"

namespace tutti::detail {

// V: void for values whose type is not known.
template <class K, class V>
class TypedMemory final : public Memory {
    using Keys = MemoryKey<K>;
    using Stored = typename Keys::Stored;
    using Tier = MemoryTier<Stored, Kept<V>, KeyHash<Stored>, std::equal_to<>>;

public:
    explicit TypedMemory(MemoryTerms terms)
        : terms_(bounded(std::move(terms))),
          watch_(terms_),
          tier_(terms_.bound, terms_.eviction, watch_.ends_idle(), telling()) {}

    // Where hits are watched, only for one that watches. Requires: `answer` has nothing.
    // Throws what the text of the key throws, and std::bad_alloc.
    template <bool Watches = false>
    [[nodiscard]] Hit hit(const K& key, HeldLookup<V>& answer) {
        if (!terms_.serving->is_open_to_hits(Watches)) return Hit::undecided;
        const auto& own = Keys::of(key);
        const auto sought = tier_.seek(own);
        const TimePoint now = terms_.serving->now();
        if (now == Serving::not_now) return Hit::undecided;
        const Hit hit = look(own, sought, now, answer);
        if (is_hit(hit)) {
            hits_.add();
            if (answer.answer != Answer::found) negative_hits_.add();
        }
        return hit;
    }

    // Whether one may be served; with its time left. No use of it. Requires and throws: as `hit`.
    [[nodiscard]] bool peek(const K& key, HeldLookup<V>& answer) const {
        const TimePoint now = terms_.serving->now_to_look();
        if (now == Serving::not_now) return false;
        const std::uint32_t generation = generation_.kept();
        const auto& own = Keys::of(key);
        const auto show = [&](KeptView<V> kept, const Sight& seen) {
            return this->show(own, kept, seen, generation, now, answer);
        };
        return tier_.peek(own, is_alive_at(now), show).value_or(false);
    }
    // `visit(text of the key, HeldLookup<V>)` of each that `peek` would find, at one time.
    void for_each(auto visit) const {
        const TimePoint now = terms_.serving->now_to_look();
        if (now == Serving::not_now) return;
        const std::uint32_t generation = generation_.kept();
        tier_.for_each(is_alive_at(now), [&](const auto& key, KeptView<V> kept, const auto& seen) {
            HeldLookup<V> answer;
            if (!show(key, kept, seen, generation, now, answer)) return;
            visit(Keys::text(key), std::move(answer));
        });
    }

    std::optional<KnownAnswer> find(std::string_view text, TimePoint now,
                                    RetiredList& removed) override {
        const auto key = Keys::of_text(text);
        if (!key) return std::nullopt;
        const std::uint32_t generation = generation_.kept();
        const auto known = [&](KeptView<V> kept, const Sight& seen) -> std::optional<KnownAnswer> {
            if (kept.generation() != generation) return std::nullopt;
            if (!watch_.note_use(last_use(*key, seen), now)) return std::nullopt;
            Held<V> value;
            kept.give_value(value);
            return KnownAnswer{.value = value.shared(),
                               .answer = kept.answer(),
                               .category = std::string(kept.category()),
                               .loaded = began(kept, seen),
                               .fresh_until = fresh_until(kept.answer(), seen)};
        };
        return tier_.read(*key, is_alive_at(now), known, &removed).value_or(std::nullopt);
    }

    [[nodiscard]] std::optional<TimePoint> loaded(std::string_view text,
                                                  TimePoint now) const override {
        const auto key = Keys::of_text(text);
        if (!key) return std::nullopt;
        const auto alive = is_alive_at(now);
        return tier_.peek(
            *key, [&](const auto& seen) { return alive(seen) && is_present(seen); }, began);
    }

    void put(std::string_view text, KnownAnswer known, RetiredList& removed) override {
        const auto key = Keys::of_text(text);
        if (!key) return;
        const bool in_bytes = terms_.bound.unit() == Bound::Unit::bytes;
        const std::size_t weight =
            in_bytes ? entry_overhead_bytes + text.size() + known.weight : std::size_t{1};
        TimePoint end = known.fresh_until;
        if (known.answer == Answer::found) end = saturating_add(end, terms_.kept_stale);
        Life life(known.loaded, end);
        if (watch_.ends_idle()) life.used = nanoseconds(terms_.serving->time());
        Kept<V> kept{.value = std::static_pointer_cast<const V>(std::move(known.value)),
                     .answer = known.answer,
                     .category = known.category,
                     .generation = generation_.kept(),
                     .lost = life.packed.lost(life.written)};
        if (tier_.put(Stored(*key), std::move(kept), weight, life, removed)) return;
        if (terms_.left) left(text, Departure::evicted);
    }

    bool erase(std::string_view text, RetiredList& removed) override {
        const auto key = Keys::of_text(text);
        return key && tier_.erase(*key, removed);
    }

    std::size_t drop() noexcept override {
        const std::size_t dropped = tier_.size();
        if (const auto next = generation_.begin_next(); dropped == 0) generation_.note_swept(next);
        return dropped;
    }
    std::size_t sweep() override {
        const std::uint64_t generation = generation_.number();
        const std::size_t swept = tier_.erase_where([&](const auto& seen) {
            return Generations::is_before(KeptCell<V>::mark(seen.value).generation(), generation);
        });
        generation_.note_swept(generation);
        return swept;
    }

    [[nodiscard]] std::size_t size() const override {
        if (generation_.is_swept()) return tier_.size();
        return tier_.count_where([&](const auto& seen) { return is_present(seen); });
    }
    [[nodiscard]] std::size_t weight() const noexcept override { return tier_.weight(); }
    [[nodiscard]] std::uint64_t evictions() const noexcept override { return tier_.evictions(); }
    [[nodiscard]] std::uint64_t expirations() const noexcept override {
        return tier_.expirations();
    }
    [[nodiscard]] std::uint64_t hits() const noexcept override { return hits_.sum(); }
    [[nodiscard]] std::uint64_t negative_hits() const noexcept override {
        return negative_hits_.sum();
    }

private:
    using Sight = typename Tier::Sight;

    [[nodiscard]] static auto is_alive_at(TimePoint now) noexcept {
        return [now](const Sight& seen) { return !seen.life.ends_before(nanoseconds(now)); };
    }
    // Null: it is not kept.
    [[nodiscard]] Atomic<std::int64_t>* last_use(const auto& key, const Sight& seen) const {
        return watch_.ends_idle() ? &tier_.last_use(key, seen) : nullptr;
    }
    [[nodiscard]] static TimePoint began(KeptMark kept, const Sight& seen) noexcept {
        return TimePoint{Duration{seen.life.written() + kept.lost()}};
    }
    // Was not dropped.
    [[nodiscard]] bool is_present(const auto& seen) const noexcept {
        return KeptCell<V>::mark(seen.value).generation() == generation_.kept();
    }
    [[nodiscard]] TimePoint fresh_until(Answer answer, const Sight& seen) const noexcept {
        const bool may_get_stale = answer == Answer::found && !seen.life.is_endless();
        return TimePoint{Duration{seen.life.expires()}} -
               (may_get_stale ? terms_.kept_stale : Duration::zero());
    }

    [[nodiscard]] typename Tier::Left telling() const {
        const auto tell = [this](const Stored& key, Departure why) { left(Keys::text(key), why); };
        return terms_.left ? typename Tier::Left(tell) : nullptr;
    }
    void left(std::string_view key, Departure why) const { terms_.left(std::string(key), why); }
    // With what `peek` tells beside a hit.
    [[nodiscard, gnu::noinline]] bool show(const auto& key, KeptView<V> kept, const Sight& seen,
                                           std::uint32_t generation, TimePoint now,
                                           HeldLookup<V>& answer) const {
        if (watch_.is_idle(last_use(key, seen), now)) return false;
        if (serve(kept, seen, generation, now, answer) != Hit::found) return false;
        const bool ends = !seen.life.is_endless();
        answer.remarks =
            kept.remarks(ends ? fresh_until(kept.answer(), seen) - now : Duration::max());
        return true;
    }
    [[nodiscard, gnu::always_inline]] Hit look(const auto& key, const auto& sought, TimePoint now,
                                               HeldLookup<V>& answer) {
        RetiredList removed;
        const std::uint32_t generation = generation_.kept();
        const auto serve = [&](const auto& kept, const Sight& seen) __attribute__((always_inline)) {
            if (watch_.is_on()) [[unlikely]]  // has copies: what goes out of line is in memory
                return serve_watched(key, auto(kept), Sight(seen), generation, now, answer);
            return this->serve(kept, seen, generation, now, answer);
        };
        const auto found =
            tier_.read(sought, taken_to<V>(answer.value), is_alive_at(now), serve, &removed);
        return found.value_or(Hit::missing);
    }
    [[nodiscard, gnu::noinline]] Hit serve_watched(const auto& key, const auto& kept,
                                                   const Sight& seen, std::uint32_t generation,
                                                   TimePoint now, HeldLookup<V>& answer) {
        if (!watch_.note_use(last_use(key, seen), now)) return Hit::missing;
        const Hit hit = serve(kept, seen, generation, now, answer);
        if (hit != Hit::found || kept.answer() == Answer::negative) return hit;
        const TimePoint end = fresh_until(kept.answer(), seen);
        return watch_.begins(KeyHash<Stored>{}(key), began(kept, seen), end, now);
    }
    [[nodiscard, gnu::always_inline]] Hit serve(const auto& kept, const Sight& seen,
                                                std::uint32_t generation, TimePoint now,
                                                HeldLookup<V>& answer) const {
        if (kept.generation() != generation) return Hit::missing;
        if (now > fresh_until(kept.answer(), seen)) return Hit::undecided;
        kept.give(answer);
        answer.age = std::max(now - began(kept, seen), Duration::zero());
        answer.tier = tutti::Tier::memory;
        return Hit::found;
    }

    const MemoryTerms terms_;
    const Watch watch_;
    Tier tier_;
    PresentGeneration generation_;
    ThreadCells hits_;
    ThreadCells negative_hits_;
};

template <class K, class V>
std::shared_ptr<Memory> make_memory(MemoryTerms terms) {
    return std::make_shared<TypedMemory<K, V>>(std::move(terms));
}

}  // namespace tutti::detail
