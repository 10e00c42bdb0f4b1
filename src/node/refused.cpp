#include "node/refused.hpp"

#include <utility>

namespace tutti {

namespace {

class RefusedCache final : public detail::Cache {
public:
    RefusedCache(std::string name, Error error, Log log)
        : name_(std::move(name)), error_(std::move(error)), log_(std::move(log)) {}

    [[nodiscard]] std::string_view name() const noexcept override { return name_; }
    void report(std::string_view function, const Error& error) noexcept override {
        log_.limited(LogLevel::error, "cache " + name_ + ": " + std::string(function), error.cause);
    }
    [[nodiscard]] detail::Memory* memory() const noexcept override { return nullptr; }
    std::optional<Result<detail::RawLookup>> hit(std::string_view, Duration) override {
        return Result<detail::RawLookup>(fail(error_));
    }
    void load(std::string, std::shared_ptr<const void>, const GetOptions&,
              Completion<detail::RawLookup> done) override {
        done(fail(error_));
    }
    void refresh(std::string, std::shared_ptr<const void>, Duration,
                 Completion<detail::RawLookup> done) override {
        done(fail(error_));
    }
    void offer(std::string, std::shared_ptr<const void>, Duration,
               Completion<Filled> done) override {
        done(fail(error_));
    }
    void refresh_ahead(std::string, std::shared_ptr<const void>, Duration) override {}
    void check(std::string, std::shared_ptr<const void>) override {}
    [[nodiscard]] Destination destination() const override { return {}; }
    [[nodiscard]] bool takes_at_once(const KeySet&) const override { return true; }
    void invalidate(KeySet, InvalidateOptions,
                    std::move_only_function<void(Invalidation)> done) override {
        done({.outcome = Invalidation::Outcome::unconfirmed,
              .position = {},
              .reason = error_.message()});
    }

private:
    const std::string name_;
    const Error error_;
    const Log log_;
};

class RefusedCooldown final : public detail::CooldownCore {
public:
    bool try_claim(std::string_view) override { return false; }
    void release(std::string_view) override {}
};

class RefusedReservation final : public detail::ReservationCore {
public:
    RefusedReservation(std::string name, Error error)
        : name_(std::move(name)), error_(std::move(error)) {}

    [[nodiscard]] std::string_view name() const noexcept override { return name_; }
    void report(std::string_view, const Error&) noexcept override {}  // nothing here calls it back

    void reserve(std::string, std::string, Duration, Completion<detail::RawAttempt> done) override {
        done(fail(error_));
    }
    void confirm(std::string, std::string, Duration, Completion<bool> done) override {
        done(fail(error_));
    }
    void release(std::string, std::string, Duration, Completion<bool> done) override {
        done(fail(error_));
    }
    void count(Duration, Completion<std::size_t> done) override { done(fail(error_)); }
    std::optional<std::string_view> note_of(std::string_view) const override {
        return std::nullopt;
    }

private:
    const std::string name_;
    const Error error_;
};

}  // namespace

std::shared_ptr<detail::Cache> refused_cache(const std::string& name, Error why, Log log) {
    return std::make_shared<RefusedCache>(name, std::move(why), std::move(log));
}

std::shared_ptr<detail::Invalidated> refused_invalidator(const std::string& name, Error why,
                                                         Log log) {
    return refused_cache(name, std::move(why), std::move(log));
}

std::shared_ptr<detail::ReservationCore> refused_reservation(const std::string& name, Error why) {
    return std::make_shared<RefusedReservation>(name, std::move(why));
}

std::shared_ptr<detail::CooldownCore> refused_cooldown() {
    return std::make_shared<RefusedCooldown>();
}

Error declared_wrongly(const std::string& name, std::string why) {
    return {Errc::invalid_option, "declare " + name, std::move(why)};
}

}  // namespace tutti
