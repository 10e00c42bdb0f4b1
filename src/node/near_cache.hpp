// A `near` cache is made of two: its documents, read from the store and parsed on a worker, and the
// answers that are projected from them.
#pragma once

#include <memory>
#include <string_view>

#include "load/cache_core.hpp"
#include "load/declared.hpp"
#include "load/environment.hpp"
#include "tutti/near.hpp"

namespace tutti {

class NearCache final : public Declared {
public:
    // Requires: a spec of the answers without contradictions.
    NearCache(detail::CacheSpec answers, detail::NearSpec near, const LoadEnvironment& environment);

    [[nodiscard]] const std::shared_ptr<CacheCore>& answers() const noexcept { return answers_; }

    void open() override;
    void close() override;
    void end_calls() override;
    void woken(std::string_view) override {}  // neither keeps anything in the store
    [[nodiscard]] CacheCounters counters() const override { return answers_->counters(); }

private:
    const std::shared_ptr<CacheCore> documents_;
    const std::shared_ptr<CacheCore> answers_;
};

}  // namespace tutti
