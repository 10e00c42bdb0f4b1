#include "node/declarations.hpp"

#include <utility>

namespace tutti {

namespace {

class RefusedCache final : public detail::Cache {
public:
    explicit RefusedCache(Error error) : error_(std::move(error)) {}

    std::optional<Result<detail::RawLookup>> hit(std::string_view) override {
        return Result<detail::RawLookup>(fail(error_));
    }
    void load(std::string, std::shared_ptr<const void>, Duration,
              Completion<detail::RawLookup> done) override {
        done(fail(error_));
    }
    void invalidate(std::optional<std::string>, InvalidateOptions,
                    std::move_only_function<void(Invalidation)> done) override {
        done({.outcome = Invalidation::Outcome::unconfirmed,
              .position = {},
              .reason = error_.message()});
    }

private:
    const Error error_;
};

class RefusedCooldown final : public detail::CooldownCore {
public:
    bool try_claim(std::string_view) override { return false; }
    void release(std::string_view) override {}
};

// Collects problems, each with the name of the cache in front.
class Problems {
public:
    explicit Problems(const Declaration& declaration)
        : prefix_("cache '" + declaration.name + "': ") {
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
        .store_ttl = std::nullopt,
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

std::vector<std::string> problems_with(const Declaration& declaration,
                                       const detail::CacheSpec& spec) {
    Problems problems(declaration);
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

std::shared_ptr<detail::Cache> refused_cache(std::string who, std::string why) {
    return std::make_shared<RefusedCache>(
        Error{Errc::invalid_option, std::move(who), std::move(why)});
}

std::shared_ptr<detail::CooldownCore> refused_cooldown() {
    return std::make_shared<RefusedCooldown>();
}

}  // namespace tutti
