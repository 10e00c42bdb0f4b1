// How a handle reads: in its memory, by the key itself, and if that decides nothing by way of the
// core, by the key's text.
//
// Thread-safety: every function from any thread. Cheap to copy.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tutti/clock.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/detail/calls.hpp"
#include "tutti/detail/gathering.hpp"
#include "tutti/detail/own_threads.hpp"
#include "tutti/detail/typed_memory.hpp"
#include "tutti/detail/wait_for.hpp"
#include "tutti/error.hpp"
#include "tutti/key.hpp"
#include "tutti/lookup.hpp"

namespace tutti::detail {

template <Key K, class V>
class Reading {
    using LookupResult = Result<Lookup<V>>;
    using Answers = std::vector<LookupResult>;

public:
    // Requires: not null.
    explicit Reading(std::shared_ptr<Cache> core) noexcept
        : core_(std::move(core)), memory_(dynamic_cast<Memory*>(core_->memory())) {}

    [[nodiscard]] const std::shared_ptr<Cache>& core() const noexcept { return core_; }

    [[nodiscard]] LookupResult get(const K& key, const GetOptions& options) const {
        LookupResult answer;  // the only one that is returned, so that it is made there
        if (on_own_thread()) [[unlikely]] {
            answer = fail(*cannot_wait("get", core_->name()));
            return answer;
        }
        const Hit hit = look(key, *answer, options);
        if (hit != Hit::found) [[unlikely]]
            go_on(key, options, hit, answer);
        return answer;
    }
    // What calls its argument with the answer. Owns what it needs: it may run when the call that
    // made it has returned.
    [[nodiscard]] auto to_get(const K& key, const GetOptions& options) const {
        return [self = *this, key = std::make_shared<const K>(key), options](auto done) {
            Lookup<V> found;
            Hit hit = self.look(*key, found, options);
            if (hit == Hit::undecided) hit = self.look_watched(*key, found, options);
            if (begins_load(hit)) self.begin_load(hit, *key, found.age());
            if (is_hit(hit)) return done(LookupResult(std::move(found)));
            auto text = text_of(*key, "get", self.core_->name());
            if (!text) return done(failed(text));
            if (auto decided = self.decide(*text, hit, options)) return done(*std::move(decided));
            self.core_->load(*std::move(text), key, options, typing(std::move(done)));
        };
    }

    [[nodiscard]] Answers get_many(const auto& keys, const GetOptions& options) const {
        if (on_own_thread()) {
            const auto refused = [&](const K&) -> LookupResult {
                return fail(*cannot_wait("get_many", core_->name()));
            };
            Answers answers;
            for (const K& key : keys) answers.push_back(refused(key));
            return answers;
        }
        return wait_for<Answers>([&](auto done) { read_many(keys, options, std::move(done)); });
    }
    [[nodiscard]] auto to_get_many(const auto& keys, const GetOptions& options) const {
        std::deque<K> all;
        for (const K& key : keys) all.push_back(key);
        return [self = *this, all = std::move(all), options](auto done) {
            self.read_many(all, options, std::move(done));
        };
    }

    [[nodiscard]] std::optional<Lookup<V>> peek(const K& key) const noexcept {
        Lookup<V> known;
        if (memory_ == nullptr) return std::nullopt;
        try {
            if (!memory_->peek(key, InsideLookup::of(known))) return std::nullopt;
        } catch (...) {
            return std::nullopt;
        }
        return known;
    }

    // Throws what `visit` throws.
    void for_each(auto& visit) const {
        if (memory_ == nullptr) return;
        memory_->for_each([&](std::string_view key, HeldLookup<V> known) {
            const Lookup<V> shown(std::move(known));
            visit(key, shown);
        });
    }

    [[nodiscard]] LookupResult refresh(const K& key, Duration timeout) const {
        auto text = text_for_waiting(key, "refresh", core_->name());
        if (!text) return failed(text);
        return typed(wait_for<Result<RawLookup>>([&](auto done) {
            core_->refresh(*std::move(text), std::make_shared<const K>(key), timeout,
                           std::move(done));
        }));
    }
    [[nodiscard]] auto to_refresh(const K& key, Duration timeout) const {
        return [core = core_, key = std::make_shared<const K>(key), timeout](auto done) {
            auto text = text_of(*key, "refresh", core->name());
            if (!text) return done(failed(text));
            core->refresh(*std::move(text), key, timeout, typing(std::move(done)));
        };
    }

private:
    using Memory = TypedMemory<K, V>;

    [[nodiscard]] bool looks(const GetOptions& options) const noexcept {
        return memory_ != nullptr && options.age_max == Duration::max();
    }
    [[nodiscard]] Hit look(const K& key, Lookup<V>& found,
                           const GetOptions& options) const noexcept {
        if (!looks(options)) return Hit::undecided;
        try {
            return memory_->hit(key, InsideLookup::of(found));
        } catch (...) {
            return Hit::undecided;  // on the way of a miss it throws again, and is answered
        }
    }
    // After a look that has decided nothing. Requires: `found` is as it was made.
    [[nodiscard, gnu::noinline]] Hit look_watched(const K& key, Lookup<V>& found,
                                                  const GetOptions& options) const noexcept {
        if (!looks(options)) return Hit::undecided;
        try {
            const std::optional<TimePoint> began = core_->watch_begins();
            if (!began) return Hit::undecided;
            const Hit hit = memory_->template hit<true>(key, InsideLookup::of(found));
            if (is_hit(hit)) core_->was_hit(std::string_view(KeyText<K>::text(key)), *began);
            return hit;
        } catch (...) {
            return Hit::undecided;
        }
    }
    // Nothing: it has to be loaded.
    [[nodiscard]] std::optional<LookupResult> decide(std::string_view text, Hit hit,
                                                     const GetOptions& options) const {
        if (hit == Hit::missing) return std::nullopt;
        auto decided = core_->hit(text, options.age_max);
        if (!decided) return std::nullopt;
        return typed(*std::move(decided));
    }
    // After a look that was no plain hit.
    [[gnu::noinline]] void go_on(const K& key, const GetOptions& options, Hit hit,
                                 LookupResult& answer) const {
        if (hit == Hit::undecided) {
            hit = look_watched(key, *answer, options);
            if (hit == Hit::found) return;
        }
        if (begins_load(hit)) return begin_load(hit, key, answer->age());
        answer = ask(key, options, hit);
    }
    // Beside the answer of a hit that begins one.
    void begin_load(Hit hit, const K& key, Duration age) const {
        const auto begun = guarded(key_text("refresh", core_->name()), [&] {
            auto text = text_of(key);
            auto typed_key = std::make_shared<const K>(key);
            if (hit == Hit::sampled) return core_->check(std::move(text), std::move(typed_key));
            core_->refresh_ahead(std::move(text), std::move(typed_key), age);
        });
        if (!begun) core_->report("refresh", begun.error());
    }
    [[nodiscard]] LookupResult ask(const K& key, const GetOptions& options, Hit hit) const {
        return guarded(key_text("get", core_->name()), [&]() -> LookupResult {
            auto text = text_of(key);
            if (auto decided = decide(text, hit, options)) return *std::move(decided);
            return typed(wait_for<Result<RawLookup>>([&](auto done) {
                core_->load(std::move(text), std::make_shared<const K>(key), options,
                            std::move(done));
            }));
        });
    }
    // Answers at once what can be, and loads the rest, each key once.
    void read_many(const auto& keys, const GetOptions& options, auto done) const {
        auto gathering = std::make_shared<Gathering<LookupResult, decltype(done)>>(std::move(done));
        std::vector<RawRead> reads;
        std::unordered_map<std::string, std::size_t> numbers;  // of the reads, by key
        for (const K& key : keys) {
            LookupResult& answer = gathering->add();
            Hit hit = look(key, *answer, options);
            if (hit == Hit::undecided) hit = look_watched(key, *answer, options);
            if (begins_load(hit)) begin_load(hit, key, answer->age());
            if (is_hit(hit)) continue;
            auto text = text_of(key, "get_many", core_->name());
            if (!text) {
                answer = failed(text);
            } else if (auto decided = decide(*text, hit, options)) {
                answer = *std::move(decided);
            } else {
                const auto [known, is_new] = numbers.emplace(*std::move(text), reads.size());
                if (is_new)
                    reads.push_back({known->first, std::make_shared<const K>(key), nullptr});
                gathering->awaits(known->second);
            }
        }
        for (std::size_t number = 0; number < reads.size(); ++number) {
            auto arrived = [gathering, number](Result<RawLookup> raw) {
                gathering->arrived(number, typed(std::move(raw)));
            };
            reads[number].done =
                Answering<Result<RawLookup>, decltype(arrived)>(std::move(arrived));
        }
        gathering->all_are_asked_for(reads.size());
        if (!reads.empty()) core_->load_many(std::move(reads), options);
    }

    static LookupResult failed(Result<std::string>& text) { return fail(std::move(text).error()); }
    static LookupResult typed(Result<RawLookup> raw) {
        if (!raw) return fail(std::move(raw).error());
        return Lookup<V>(*std::move(raw));
    }
    template <class Done>
    static auto typing(Done done) {
        return [done = std::move(done)](Result<RawLookup> raw) mutable {
            done(typed(std::move(raw)));
        };
    }

    std::shared_ptr<Cache> core_;  // never null
    Memory* memory_;               // the core's; null: without, or of another type
};

}  // namespace tutti::detail
