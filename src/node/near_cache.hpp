// A `near` cache is made of two: its documents, read from the store and parsed on a worker, and the
// answers that are projected from them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "load/cache_core.hpp"
#include "load/declared.hpp"
#include "load/environment.hpp"
#include "tutti/near.hpp"

namespace tutti {

// A refresh reads and parses the document again, then projects the answer; one whose document
// cannot tell says so, and replaces nothing.
class NearCache final : public Declared, public detail::Cache {
public:
    // Requires: a spec of the answers without contradictions.
    NearCache(detail::CacheSpec answers, detail::NearSpec near, const LoadEnvironment& environment);

    [[nodiscard]] std::string_view name() const noexcept override { return answers_->name(); }
    void report(std::string_view function, const Error& error) noexcept override {
        answers_->report(function, error);
    }
    [[nodiscard]] detail::Memory* memory() const noexcept override { return answers_->memory(); }
    // How old an answer is its document tells, and not when it was projected.
    std::optional<Result<detail::RawLookup>> hit(std::string_view key, Duration age_max) override {
        return answers_->hit(key, age_max < Duration::max() ? Duration::zero() : age_max);
    }
    [[nodiscard]] std::optional<TimePoint> watch_begins() const override {
        return answers_->watch_begins();
    }
    void was_hit(std::string_view key, TimePoint began) override { answers_->was_hit(key, began); }
    void load(std::string key, std::shared_ptr<const void> typed_key, const GetOptions& options,
              Completion<detail::RawLookup> done) override;
    void refresh(std::string key, std::shared_ptr<const void> typed_key, Duration timeout,
                 Completion<detail::RawLookup> done) override;
    void offer(std::string key, std::shared_ptr<const void> value, Duration timeout,
               Completion<Filled> done) override {
        answers_->offer(std::move(key), std::move(value), timeout, std::move(done));
    }
    void invalidate(KeySet changed, InvalidateOptions options,
                    std::move_only_function<void(Invalidation)> done) override {
        answers_->invalidate(std::move(changed), options, std::move(done));
    }

    // Its options have no such refresh, and its handle takes no invalidations.
    void refresh_ahead(std::string, std::shared_ptr<const void>, Duration) override {}
    void check(std::string, std::shared_ptr<const void>) override {}
    [[nodiscard]] Destination destination() const override { return {}; }
    [[nodiscard]] bool takes_at_once(const KeySet&) const override { return true; }

    void open() override;
    void close() override;
    void end_calls() override;
    void woken(std::string_view) override {}  // neither keeps anything in the store
    [[nodiscard]] CacheCounters counters() const override { return answers_->counters(); }
    [[nodiscard]] std::string unready() const override { return answers_->unready(); }

private:
    // What takes the document that was read and projects the answer anew.
    [[nodiscard]] Completion<detail::RawLookup> projecting(
        std::string key, std::shared_ptr<const void> typed_key, Duration timeout,
        Completion<detail::RawLookup> done) const;

    const Clock& clock_;
    const std::function<std::string(const void* key)> document_key_;
    const std::shared_ptr<CacheCore> documents_;
    const std::shared_ptr<CacheCore> answers_;
};

}  // namespace tutti
