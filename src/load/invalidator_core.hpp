// What a process declares that changes data and keeps none of it: a way to the bus, and nothing
// that the bus could take away.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/cache_sink.hpp"
#include "base/home_process.hpp"
#include "base/log.hpp"
#include "base/publisher.hpp"
#include "load/counters.hpp"
#include "load/declared.hpp"
#include "tutti/bus.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/error.hpp"
#include "tutti/invalidation.hpp"
#include "tutti/invalidator.hpp"
#include "tutti/inventory.hpp"
#include "tutti/log.hpp"

namespace tutti {

class InvalidatorCore final : public detail::Invalidated,
                              public CacheSink,
                              public Declared,
                              public std::enable_shared_from_this<InvalidatorCore> {
public:
    InvalidatorCore(InvalidatorOptions options, std::weak_ptr<Publisher> publisher, Log log)
        : options_(std::move(options)), publisher_(std::move(publisher)), log_(std::move(log)) {}

    [[nodiscard]] std::string_view name() const noexcept override { return options_.name; }
    void report(std::string_view function, const Error& error) noexcept override {
        log_.limited(LogLevel::error, "invalidator " + options_.name + ": " + std::string(function),
                     error.cause);
    }
    void invalidate(KeySet changed, InvalidateOptions options,
                    std::move_only_function<void(Invalidation)> done) override {
        if (home_.left()) return Publisher::refuse_in_child(std::move(done));
        counters_.invalidations.add(changed.all ? 1 : changed.size());
        Publisher::publish_if_there(publisher_, shared_from_this(), std::move(changed), options,
                                    counting(shared_from_this(), counters_, std::move(done)));
    }

    [[nodiscard]] Destination destination() const override {
        return Publisher::destination_of(publisher_, options_.plain);
    }
    [[nodiscard]] bool takes_at_once(const KeySet& changed) const override {
        const auto publisher = publisher_.lock();
        return !publisher || publisher->takes_at_once(changed);
    }

    void remove(std::string_view) override {}
    void flush() override {}
    void remove_tagged(std::string_view) override {}
    void publication_begins(const KeySet&) override {}
    void publication_ended(const KeySet&) override {}

    void open() override {}
    void close() override {}
    void end_calls() override {}
    void woken(std::string_view) override {}
    [[nodiscard]] CacheCounters counters() const override { return counters_.snapshot(); }

private:
    const InvalidatorOptions options_;
    const std::weak_ptr<Publisher> publisher_;
    const Log log_;
    const HomeProcess home_;
    LoadCounters counters_;
};

}  // namespace tutti
