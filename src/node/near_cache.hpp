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
    std::optional<Result<detail::RawLookup>> hit(std::string_view key) override {
        return answers_->hit(key);
    }
    void load(std::string text, std::shared_ptr<const void> key, Duration timeout,
              Completion<detail::RawLookup> done) override {
        answers_->load(std::move(text), std::move(key), timeout, std::move(done));
    }
    void refresh(std::string text, std::shared_ptr<const void> key, Duration timeout,
                 Completion<detail::RawLookup> done) override;
    void offer(std::string text, std::shared_ptr<const void> value, Duration timeout,
               Completion<Filled> done) override {
        answers_->offer(std::move(text), std::move(value), timeout, std::move(done));
    }
    void invalidate(std::optional<std::string> key, InvalidateOptions options,
                    std::move_only_function<void(Invalidation)> done) override {
        answers_->invalidate(std::move(key), options, std::move(done));
    }

    void open() override;
    void close() override;
    void end_calls() override;
    void woken(std::string_view) override {}  // neither keeps anything in the store
    [[nodiscard]] CacheCounters counters() const override { return answers_->counters(); }

private:
    const Clock& clock_;
    const std::function<std::string(const void* key)> document_key_;
    const std::shared_ptr<CacheCore> documents_;
    const std::shared_ptr<CacheCore> answers_;
};

}  // namespace tutti
