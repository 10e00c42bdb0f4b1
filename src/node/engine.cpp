#include "node/engine.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <set>
#include <string>
#include <typeinfo>
#include <utility>

#include <boost/core/demangle.hpp>

#include "base/option_problems.hpp"
#include "base/text.hpp"
#include "load/cooldown_core.hpp"
#include "load/invalidator_core.hpp"
#include "load/reservation_core.hpp"
#include "node/declarations.hpp"
#include "node/near_cache.hpp"
#include "node/refused.hpp"

namespace tutti {

namespace {

constexpr Duration leave_deadline = std::chrono::milliseconds{500};

// "Coherent<int, std::string>"
std::string handle_of(Pattern pattern, const std::type_info* types) {
    std::string handle(to_string(pattern));
    if (types == nullptr) return handle;
    const std::string of = boost::core::demangle(types->name());
    const std::size_t arguments = of.find('<');
    return handle + (arguments == std::string::npos ? std::string() : of.substr(arguments));
}

}  // namespace

Engine::Engine(const NodeOptions& options, EngineParts parts)
    : options_(options), parts_(std::move(parts)), log_(options.log, *parts_.clock) {}

Engine::~Engine() = default;

std::shared_ptr<detail::Cache> Engine::declare(Pattern pattern, detail::CacheSpec spec) {
    const Declaration declaration = declaration_of(pattern, spec);
    const detail::Lock lock(mutex_);
    if (!enlist(declaration, problems_with(declaration, spec))) {
        return refused_cache(spec.name, declared_wrongly(spec.name, problems_.back()), log_);
    }
    CacheCore::Coherence coherence = coherence_of(pattern, spec);
    const std::string keys = coherence.prefix;
    const std::type_info* const types = spec.types;
    auto cache = std::make_shared<CacheCore>(std::move(spec), environment(), std::move(coherence));
    if (!keys.empty()) by_prefix_.emplace(keys, cache);
    if (uses_bus(pattern)) join_channel(cache);
    return keep(std::move(cache), types);
}

Result<std::shared_ptr<detail::Cache>> Engine::find(std::string_view name, Pattern pattern,
                                                    const std::type_info& types) const {
    const detail::Lock lock(mutex_);
    const auto found = std::ranges::find(entries_, name,
                                         [](const Entry& entry) { return entry.declaration.name; });
    if (found == entries_.end()) {
        const bool late = std::ranges::find(declared_late_, name) != declared_late_.end();
        return fail(Errc::invalid_option, "find " + std::string(name),
                    late ? "it was declared after Node::start; declare every cache before"
                         : "no cache of that name is declared on this node");
    }
    const Entry& entry = *found;
    const bool fits = entry.cache && entry.types != nullptr &&
                      entry.declaration.pattern == pattern && *entry.types == types;
    if (fits) return entry.cache;
    if (!entry.declared) return fail(declared_wrongly(std::string(name), "Node::start says why"));
    return fail(Errc::invalid_option, "find " + std::string(name),
                "it is declared as " + handle_of(entry.declaration.pattern, entry.types) +
                    " and not as " + handle_of(pattern, &types));
}

void Engine::join_channel(const std::shared_ptr<CacheCore>& cache) {
    const detail::CacheSpec& spec = cache->spec();
    channel_of(spec.channel)
        ->join({.cache = cache,
                .plain = spec.plain,
                .foreign_publishers = spec.foreign_publishers,
                .store = spec.store ? parts_.store : nullptr});
}

LoadEnvironment Engine::environment() const {
    return {.clock = parts_.clock,
            .executor = parts_.executor,
            .workers = parts_.workers,
            .store = parts_.store,
            .random = parts_.random,
            .command_deadline = options_.command_deadline,
            .carry = options_.carry,
            .log = log_};
}

std::shared_ptr<detail::Cache> Engine::declare_near(detail::CacheSpec spec, detail::NearSpec near) {
    const Declaration declaration = declaration_of(Pattern::near, spec);
    auto problems = problems_with(declaration, spec, near);
    const detail::Lock lock(mutex_);
    if (!enlist(declaration, std::move(problems))) {
        return refused_cache(spec.name, declared_wrongly(spec.name, problems_.back()), log_);
    }
    const std::type_info* const types = spec.types;
    return keep(std::make_shared<NearCache>(std::move(spec), std::move(near), environment()),
                types);
}

std::shared_ptr<detail::ReservationCore> Engine::declare_reservation(detail::ReservationSpec spec) {
    const Declaration declaration = declaration_of(spec);
    const detail::Lock lock(mutex_);
    if (!enlist(declaration, problems_with(declaration, spec))) {
        return refused_reservation(spec.name, declared_wrongly(spec.name, problems_.back()));
    }
    std::string keys = prefix(spec.raw_prefix, spec.name);
    return keep(std::make_shared<ReservationCore>(std::move(spec), environment(), std::move(keys)));
}

std::string Engine::prefix(const std::string& raw, const std::string& name) const {
    return raw.empty() ? "tutti:cache:" + options_.app + "/" + name + ":" : raw;
}

Timing Engine::timing() const {
    return {.lease = options_.lease,
            .clock_drift_max = options_.clock_drift_max,
            .wait_out_margin = options_.wait_out_margin,
            .command_deadline = options_.command_deadline};
}

const std::shared_ptr<Channel>& Engine::channel_of(const std::string& name) {
    std::shared_ptr<Channel>& channel = channels_[name];
    if (channel) return channel;
    Channel::Options options{
        .name = name,
        .member = parts_.member,
        .timing = timing(),
        .changed =
            [weak = weak_from_this()] {
                if (const auto self = weak.lock()) self->check_started();
            },
    };
    channel = std::make_shared<Channel>(std::move(options), *parts_.bus, *parts_.executor,
                                        *parts_.clock, log_);
    return channel;
}

std::shared_ptr<Writer> Engine::make_writer(const std::string& channel) const {
    Writer::Options options{
        .channel = channel,
        .timing = timing(),
        .gate = std::make_shared<StoreGate>(),
        .acknowledges_nothing =
            "removed from the store and from this instance; a shared cache has no bus that tells "
            "the memory of the others, which go on until its TTL: declare it coherent",
    };
    return std::make_shared<Writer>(std::move(options), *parts_.bus, *parts_.executor,
                                    *parts_.clock, log_);
}

CacheCore::Coherence Engine::coherence_of(Pattern pattern, const detail::CacheSpec& spec) {
    CacheCore::Coherence coherence;
    if (uses_bus(pattern)) {
        const auto& channel = channel_of(spec.channel);
        coherence = {.lease = channel->lease(spec.on_disconnect),
                     .gate = channel->gate(),
                     .channel = spec.channel,
                     .publisher = channel,
                     .validator = channel};
    } else if (spec.store) {
        const std::string name = "shared/" + spec.name;
        const auto& writer = writers_[name] = make_writer(name);
        coherence = {.gate = writer->gate(), .channel = name, .publisher = writer};
    }
    if (spec.store) coherence.prefix = prefix(spec.store->raw_prefix, spec.name);
    return coherence;
}

std::shared_ptr<detail::CooldownCore> Engine::declare_cooldown(const CooldownOptions& options) {
    const Declaration declaration = declaration_of(options);
    const detail::Lock lock(mutex_);
    if (!enlist(declaration, problems_with(declaration, options))) return refused_cooldown();
    return keep(std::make_shared<CooldownCore>(options, environment()));
}

std::shared_ptr<detail::Invalidated> Engine::declare_invalidator(
    const InvalidatorOptions& options) {
    const Declaration declaration = declaration_of(options);
    const detail::Lock lock(mutex_);
    if (!enlist(declaration, problems_with(declaration, options))) {
        return refused_invalidator(options.name, declared_wrongly(options.name, problems_.back()),
                                   log_);
    }
    const std::shared_ptr<Channel>& channel = channel_of(options.channel);
    auto core = std::make_shared<InvalidatorCore>(options, channel, log_);
    channel->join({.cache = core, .plain = options.plain, .hears = false});
    return keep(std::move(core));
}

bool Engine::enlist(const Declaration& declaration, std::vector<std::string> problems) {
    const bool late = phase_.load() != Phase::declaring;
    if (late) {
        problems.push_back(who(declaration) +
                           ": declared after Node::start; declare every cache before");
        declared_late_.push_back(declaration.name);
    }
    std::vector<const Declaration*> earlier;
    earlier.reserve(entries_.size());
    for (const Entry& entry : entries_) earlier.push_back(&entry.declaration);
    std::ranges::move(problems_between(declaration, earlier), std::back_inserter(problems));
    if (!late) entries_.push_back({.declaration = declaration});
    const bool good = problems.empty();
    std::ranges::move(problems, std::back_inserter(problems_));
    return good;
}

Engine::Phase Engine::enter(Phase next) {
    const detail::Lock lock(mutex_);
    return phase_.exchange(next);
}

std::string Engine::all_problems() const {
    const detail::Lock lock(mutex_);
    return problems_.empty() ? "" : in_lines(problems_);
}

std::string Engine::not_ready() const {
    const std::vector<ChannelStatus> statuses = channels();
    std::string reasons = statuses.empty() ? deafness() : "";
    for (const ChannelStatus& status : statuses) {
        if (status.effective || !status.hears) continue;
        reasons +=
            (reasons.empty() ? "channel " : "; channel ") + status.channel + ": " + status.failure;
    }
    return reasons;
}

// Channels say it by themselves; loads of a store without a bus wait for pushes, too.
std::string Engine::deafness() const {
    const bool deaf = needs_bus_.load() && !subscribed_.load();
    return deaf ? "the subscription connection is down" : "";
}

void Engine::stop(StopDone done) {
    parts_.executor->post([self = shared_from_this(), done = std::move(done)]() mutable {
        self->stop_on_executor(std::move(done));
    });
}

// R7: readers first, then what waits, then the channels, then the connections.
void Engine::stop_on_executor(StopDone done) {
    if (enter(Phase::stopped) == Phase::stopped) return done();
    conclude_start(fail(Errc::stopped, "start", "the node was stopped"));
    for_each_declared_last_first(&Declared::close);
    auto shared_done = std::make_shared<StopDone>(std::move(done));
    for (const auto& [name, writer] : writers_) {
        if (const std::size_t unpublished = writer->close()) log_unpublished(name, unpublished);
    }
    if (!channels_.empty()) return leave_channels(shared_done);
    if (parts_.store) return leave_store(shared_done);
    finish_stop(shared_done);
}

// What was sent meanwhile, claims that are given back for instance, waits in the connection, which
// drops it when it is closed. A round trip is behind all of it: LEAVE is one, and here a read.
void Engine::leave_store(const std::shared_ptr<StopDone>& done) {
    const TimePoint until = parts_.clock->now() + leave_deadline;
    const auto timer = parts_.executor->run_at(
        until, [self = shared_from_this(), done] { self->finish_stop(done); });
    parts_.store->get("tutti:stop", until,
                      [self = shared_from_this(), done, timer](const auto& /*answered*/) {
                          self->parts_.executor->cancel(timer);
                          self->finish_stop(done);
                      });
}

struct Engine::Leaving {
    std::set<std::string> channels;
    std::size_t unanswered = 0;
    std::string why;  // a channel was not left
};

void Engine::leave_channels(const std::shared_ptr<StopDone>& done) {
    auto leaving = std::make_shared<Leaving>();
    for (const auto& [name, channel] : channels_) leaving->channels.insert(name);
    leaving->unanswered = channels_.size();
    const TimePoint until = parts_.clock->now() + leave_deadline;
    // A server that does not answer must not hold up the end.
    const auto timer = parts_.executor->run_at(until, [self = shared_from_this(), done, leaving] {
        leaving->why =
            self->parts_.where + " has not answered within " + in_milliseconds(leave_deadline);
        self->log_not_left(*leaving);
        self->finish_stop(done);
    });
    for (const auto& [name, channel] : channels_) {
        // The channel keeps it, and is this engine's: the answer may never come.
        channel->leave(
            until, [weak = weak_from_this(), done, leaving, timer, name](const Result<void>& left) {
                const auto self = weak.lock();
                if (!self) return;
                if (left) leaving->channels.erase(name);
                if (!left) leaving->why = left.error().message();
                if (--leaving->unanswered > 0) return;
                if (*done && !leaving->channels.empty()) self->log_not_left(*leaving);
                self->parts_.executor->cancel(timer);
                self->finish_stop(done);
            });
    }
}

void Engine::log_not_left(const Leaving& leaving) const {
    std::string names;
    for (const std::string& name : leaving.channels) names += (names.empty() ? "" : ", ") + name;
    log_(LogLevel::warning, "stopped without having left " + names + ": " + leaving.why +
                                "; invalidations of these channels wait for this node's lease, " +
                                in_milliseconds(options_.lease) + ", until it has lapsed");
}

void Engine::finish_stop(const std::shared_ptr<StopDone>& done) {
    // Closing the bus answers the LEAVE that is outstanding, which comes here again.
    StopDone stopped = std::exchange(*done, nullptr);
    if (!stopped) return;
    for (const ChannelStatus& status : channels()) {
        if (status.unpublished > 0) log_unpublished(status.channel, status.unpublished);
    }
    disconnect();
    stopped();
}

void Engine::disconnect() {
    parts_.bus->close();
    if (parts_.store) parts_.store->close();
}

void Engine::end_calls() {
    enter(Phase::stopped);
    for_each_declared_last_first(&Declared::end_calls);
}

void Engine::for_each_declared(void (Declared::*call)()) const {
    for (const Entry& entry : entries_) {
        if (entry.declared) (*entry.declared.*call)();
    }
}

void Engine::for_each_declared_last_first(void (Declared::*call)()) const {
    for (const Entry& entry : entries_ | std::views::reverse) {
        if (entry.declared) (*entry.declared.*call)();
    }
}

void Engine::log_unpublished(const std::string& channel, std::size_t keys) const {
    log_(LogLevel::error, "channel " + channel + ": stopped with " + Backlog::counted(keys) +
                              " invalidations that the bus never took; other instances may "
                              "serve older values until their TTL");
}

void Engine::on_subscribed() {
    subscribed_.store(true);
    if (std::exchange(interrupted_, false))
        log_.limited(LogLevel::info, "the bus is connected again",
                     "what was missed is replayed, or all dropped if the server no longer has it");
    for (const auto& [name, channel] : channels_) channel->subscribed();
    for (const auto& [name, writer] : writers_) writer->retry_now();
    on_woken({});  // whatever was said before anything listened
    check_started();
}

void Engine::on_oversized_plain(std::string_view channel, std::size_t bytes) {
    if (const auto found = find(channel)) found->oversized_plain(bytes);
}

void Engine::on_ack_wanted(std::string_view channel, Epoch epoch, Sequence sequence) {
    if (const auto found = find(channel)) found->ack_wanted(epoch, sequence);
}

void Engine::on_all_acked(std::string_view channel, Epoch epoch, Sequence sequence) {
    if (const auto found = find(channel)) found->all_acked(epoch, sequence);
}

// Prefixes do not overlap, so at most one begins the key: the last that is not behind it.
void Engine::on_woken(std::string_view store_key) {
    if (store_key.empty()) {
        for (const auto& [prefix, cache] : by_prefix_) cache->woken(store_key);
        return;
    }
    const auto behind = by_prefix_.upper_bound(store_key);
    if (behind != by_prefix_.begin()) std::prev(behind)->second->woken(store_key);
}

void Engine::on_disconnected() {
    subscribed_.store(false);
    interrupted_ = true;
    log_.limited(LogLevel::warning, "the bus is disconnected", "reconnecting");
    for (const auto& [name, channel] : channels_) channel->disconnected();
    on_woken({});  // nothing tells of a claim's end now: who waits for one asks, or goes alone
}

void Engine::on_entry(std::string_view channel, BusEntry entry) {
    if (const auto found = find(channel)) found->entry(std::move(entry));
}

void Engine::on_undecodable(std::string_view channel) {
    if (const auto found = find(channel)) found->undecodable();
}

void Engine::on_plain(std::string_view channel, std::string_view payload) {
    if (const auto found = find(channel)) found->plain(payload);
}

// On the executor, which hears of no channel before the first start.
Channel* Engine::find(std::string_view channel) const {
    const auto found = channels_.find(channel);
    return found == channels_.end() ? nullptr : found->second.get();
}

Duration Engine::wait_out() const noexcept {
    return wait_out_of(options_.lease, options_.clock_drift_max, options_.wait_out_margin);
}

}  // namespace tutti
