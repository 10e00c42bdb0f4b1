#include "node/declarations.hpp"

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
    std::optional<Result<detail::RawLookup>> hit(std::string_view) override {
        return Result<detail::RawLookup>(fail(error_));
    }
    void load(std::string, std::shared_ptr<const void>, Duration,
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
    void invalidate(std::optional<std::string>, InvalidateOptions,
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
    RefusedReservation(std::string name, std::string why)
        : name_(std::move(name)), error_{Errc::invalid_option, "reservation", std::move(why)} {}

    [[nodiscard]] std::string_view name() const noexcept override { return name_; }

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

// Collects problems, each with the name of the cache in front.
class Problems {
public:
    explicit Problems(const std::string& name) : prefix_("cache '" + name + "': ") {}
    explicit Problems(const Declaration& declaration) : Problems(declaration.name) {
        for (const std::string& contradiction : contradictions(declaration)) add(contradiction);
    }

    void add(const std::string& problem) { found_.push_back(prefix_ + problem); }
    void unless(bool good, const char* problem) {
        if (!good) add(problem);
    }
    [[nodiscard]] std::vector<std::string> take() { return std::move(found_); }

private:
    std::string prefix_;
    std::vector<std::string> found_;
};

}  // namespace

Declaration declaration_of(Pattern pattern, const detail::CacheSpec& spec) {
    return {
        .name = spec.name,
        .caches = spec.caches,
        .pattern = pattern,
        .need = {.stale = spec.stale.value_or(Stale::wrong),
                 .expensive_source = spec.expensive_source,
                 .read_heavy = spec.read_heavy},
        .memory_ttl = spec.ttl,
        .store_ttl = spec.store ? spec.store->ttl : std::nullopt,
        .bound = spec.bound,
        .channel = spec.channel,
        .foreign_publishers = spec.foreign_publishers,
        .note = spec.note,
    };
}

Declaration declaration_of(const CooldownOptions& options) {
    return {
        .name = options.name,
        .caches = options.caches,
        .pattern = Pattern::cooldown,
        .need = {.stale = Stale::acceptable, .rate_limit = true},
        .memory_ttl = options.period,
        .store_ttl = std::nullopt,
        .bound = options.bound,
        .channel = {},
        .foreign_publishers = false,
        .note = options.note,
    };
}

Declaration declaration_of(const detail::ReservationSpec& spec) {
    return {
        .name = spec.name,
        .caches = spec.caches,
        .pattern = Pattern::reservation,
        .need = {.stale = Stale::wrong, .once_in_fleet = true},
        .store_ttl = spec.window,
        .note = spec.note,
    };
}

namespace {

void check_store(const detail::StoreSpec& store, Problems& problems) {
    problems.unless(!store.ttl || !store.ttl->is_never(),
                    "store.ttl: must end; Ttl::never() is for memory");
    problems.unless(
        store.encode && store.decode,
        "store.codec is mandatory: json_codec<V>(), bytes_codec() or a pair of functions");
    problems.unless(store.value_bytes_max > 0 && store.value_bytes_max <= Store::value_bytes_max,
                    "store.value_bytes_max must be positive and at most 64 MiB");
    const bool raw = !store.raw_prefix.empty();
    problems.unless(raw || !store.foreign_writers, "store.foreign_writers needs a raw_prefix");
    problems.unless(!raw || !store.rank, "store.rank needs framed values: leave out raw_prefix");
    problems.unless(store.rank || store.rank_yields_after == Duration::max(),
                    "store.rank_yields_after means nothing without rank");
    problems.unless(store.rank_yields_after > Duration::zero(),
                    "store.rank_yields_after must be positive");
    problems.unless(store.raw_prefix.size() <= 512, "store.raw_prefix is longer than 512 bytes");
    problems.unless(!store.raw_prefix.starts_with("tutti:"),
                    "store.raw_prefix must not begin with tutti: those names are ours");
}

void check_resilience(const detail::CacheSpec& spec, Problems& problems) {
    if (spec.negative) {
        problems.unless(spec.negative->ceiling && spec.negative->ceiling->valid() &&
                            !spec.negative->ceiling->is_never(),
                        "negative.ceiling is mandatory, positive and not never: how long may a "
                        "remembered failure outlive its cause?");
        for (const auto& [category, ttl] : spec.negative->categories) {
            problems.unless(ttl.valid() && !category.empty() && category.size() <= 64,
                            "negative.categories: names have 1 to 64 bytes, and TTLs are positive");
        }
        problems.unless(!spec.negative->otherwise || spec.negative->otherwise->valid(),
                        "negative.otherwise must be positive");
    }
    if (spec.stale_if_error) {
        problems.unless(spec.stale_if_error->for_up_to > Duration::zero(),
                        "stale_if_error.for_up_to is mandatory and positive");
        problems.unless(spec.stale_if_error->retry_after >= Duration::zero(),
                        "stale_if_error.retry_after must not be negative");
    }
    if (spec.refresh) {
        problems.unless(!spec.refresh->keys.empty(), "refresh.keys: names no key");
        problems.unless(spec.refresh->every > Duration::zero(),
                        "refresh.every is mandatory and positive");
        problems.unless(spec.refresh->first >= Duration::zero(),
                        "refresh.first must not be negative");
        problems.unless(spec.refresh->signal_after > 0, "refresh.signal_after must be positive");
    }
}

}  // namespace

std::vector<std::string> problems_with(const Declaration& declaration,
                                       const detail::CacheSpec& spec) {
    Problems problems(declaration);
    problems.unless(spec.problem.empty(), spec.problem.c_str());
    if (spec.store && !uses_bus(declaration.pattern) && declaration.pattern != Pattern::shared) {
        problems.add("store means nothing for this pattern; declare it shared or coherent");
    }
    if (spec.store) check_store(*spec.store, problems);
    problems.unless(!spec.store || !spec.store->foreign_writers || spec.stale != Stale::wrong,
                    "store.foreign_writers needs Stale::acceptable: what a foreign program writes "
                    "carries no proof of freshness");
    check_resilience(spec, problems);
    const bool has_stale =
        !spec.store || !spec.stale_if_error || spec.ttl || spec.store->raw_prefix.empty();
    problems.unless(
        has_stale,
        "stale_if_error has no place to keep a last known good: give it a memory tier, or "
        "framed values");
    problems.unless(spec.stale.has_value(),
                    "stale is mandatory: say Stale::wrong or Stale::acceptable");
    problems.unless(spec.load.blocking || spec.load.asynchronous,
                    "load is mandatory: how the source is asked");
    const bool in_bytes = spec.bound && spec.bound->unit() == Bound::Unit::bytes;
    problems.unless(!in_bytes || spec.weigh, "weigh is mandatory with a bound in bytes");
    problems.unless(in_bytes || !spec.weigh, "weigh means nothing with a bound in entries");
    problems.unless(!spec.absent_ttl || spec.absent_ttl->valid(), "absent_ttl must be positive");
    problems.unless(spec.load_deadline > Duration::zero(), "load_deadline must be positive");
    problems.unless(spec.loads_max > 0, "loads_max must be positive");
    problems.unless(!spec.plain || !spec.channel.empty(), "plain needs a channel");
    problems.unless(!spec.plain || (!spec.plain->type.empty() && !spec.plain->key.empty() &&
                                    spec.plain->type != "all" && spec.plain->key != "type"),
                    "plain needs a type other than \"all\" and a key other than \"type\"");
    problems.unless(!spec.foreign_publishers || spec.plain,
                    "foreign_publishers needs plain: the shape of their events");
    problems.unless(spec.reach == Reach::that_key || (uses_bus(declaration.pattern) && !spec.store),
                    "reach: every_key is for a coherent cache without a store");
    problems.unless(spec.on_suspect.kind() != OnSuspect::Kind::serve_up_to ||
                        spec.on_suspect.age() > Duration::zero(),
                    "on_suspect: serve_up_to needs a positive age");
    return problems.take();
}

std::vector<std::string> problems_with(const Declaration& declaration,
                                       const CooldownOptions& options) {
    Problems problems(declaration);
    problems.unless(!options.bound || options.bound->unit() == Bound::Unit::entries,
                    "bound of a cooldown is in entries");
    return problems.take();
}

std::vector<std::string> problems_with(const Declaration& declaration,
                                       const detail::ReservationSpec& spec) {
    Problems problems(declaration);
    problems.unless(spec.window.has_value() && *spec.window >= std::chrono::milliseconds{1},
                    "window is mandatory, at least 1 ms: how long is a key held?");
    problems.unless(
        spec.when_store_fails.has_value(),
        "when_store_fails is mandatory: refuse (nothing happens while the store is away) "
        "or allow (it may happen twice)");
    problems.unless(spec.has_codec, "codec is mandatory unless the note is a string");
    problems.unless(spec.note_bytes_max > 0, "note_bytes_max must be positive");
    problems.unless(!spec.raw_prefix.starts_with("tutti:"),
                    "raw_prefix must not begin with tutti: those names are ours");
    return problems.take();
}

std::vector<std::string> problems_with(const std::string& name, const detail::NearSpec& near) {
    Problems problems(name);
    problems.unless(near.document != nullptr,
                    "document is mandatory: under which key of the store is it?");
    problems.unless(near.decode != nullptr, "codec is mandatory: how the document is read");
    problems.unless(near.project != nullptr,
                    "project is mandatory: the answer for a key from its document");
    problems.unless(near.documents_max > 0, "documents_max must be positive");
    problems.unless(
        near.document_bytes_max > 0 && near.document_bytes_max <= Store::value_bytes_max,
        "document_bytes_max must be positive and at most 64 MiB");
    return problems.take();
}

std::shared_ptr<detail::Cache> refused_cache(const std::string& name, std::string why, Log log) {
    return std::make_shared<RefusedCache>(
        name, Error{Errc::invalid_option, "cache '" + name + "'", std::move(why)}, std::move(log));
}

std::shared_ptr<detail::ReservationCore> refused_reservation(const std::string& name,
                                                             std::string why) {
    return std::make_shared<RefusedReservation>(name, std::move(why));
}

std::shared_ptr<detail::CooldownCore> refused_cooldown() {
    return std::make_shared<RefusedCooldown>();
}

}  // namespace tutti
