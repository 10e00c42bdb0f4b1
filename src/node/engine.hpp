// A node without its threads and connections: which caches and channels there are, their start and
// their end. `Node` gives it real parts, the simulator gives it simulated ones.
//
// Life: declare -> start -> stop. A declaration makes or finds the channel of its cache; the first
// start, when all of them are known, connects the channels. From there on neither changes.
//
// Thread-safety: all functions from any thread; the work of `start` and `stop` happens on the
// executor.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/usage.hpp"
#include "base/workers.hpp"
#include "coherence/channel.hpp"
#include "load/cache_core.hpp"
#include "load/declared.hpp"
#include "load/environment.hpp"
#include "tutti/bus.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/inventory.hpp"
#include "tutti/node.hpp"
#include "tutti/options.hpp"
#include "tutti/store.hpp"

namespace tutti {

// What an engine works with. Each pointer owns what its object works on, the threads included:
// caches that users still hold keep what they need, and no order of destruction is the wrong one.
struct EngineParts {
    std::shared_ptr<Store> store;
    std::shared_ptr<Bus> bus;
    std::shared_ptr<Executor> executor;
    std::shared_ptr<Workers> workers;
    const Clock* clock = &system_clock();  // lives for the whole program
    std::string member;                    // unique in the fleet and in time
    // Tries every permission that this usage needs, before it is relied on; null: none is needed.
    std::function<void(Usage, TimePoint deadline, Completion<void>)> check = nullptr;
    // Where store and bus are; from any thread. Null: not known.
    std::function<Backend()> backend = nullptr;
    // Where that is, for errors: "Redis at 127.0.0.1:6379". Without secrets.
    std::string where = "the hub of this process";
    // Why nothing is subscribed; from any thread. Null: not known.
    std::function<std::optional<Error>()> deaf = nullptr;
    // For claims in the store; from any thread. Null: the system's.
    std::function<std::uint64_t()> random = nullptr;
};

class Engine final : public std::enable_shared_from_this<Engine>, private BusListener {
public:
    using StartDone = std::move_only_function<void(Result<void>)>;
    using StopDone = std::move_only_function<void()>;

    Engine(const NodeOptions& options, EngineParts parts);
    ~Engine() override;

    std::shared_ptr<detail::Cache> declare(Pattern pattern, detail::CacheSpec spec);
    std::shared_ptr<detail::Cache> declare_near(detail::CacheSpec spec, detail::NearSpec near);
    // As Node::find.
    [[nodiscard]] Result<std::shared_ptr<detail::Cache>> find(std::string_view name,
                                                              Pattern pattern,
                                                              const std::type_info& types) const;
    std::shared_ptr<detail::ReservationCore> declare_reservation(detail::ReservationSpec spec);
    std::shared_ptr<detail::CooldownCore> declare_cooldown(const CooldownOptions& options);
    std::shared_ptr<detail::Invalidated> declare_invalidator(const InvalidatorOptions& options);

    // On a node that is started: answers at once. While another start is under way: with its
    // outcome.
    void start(Duration deadline, StartDone done);
    void stop(StopDone done);
    // The end of a stop that the executor could not carry out. From any thread: answers the calls
    // that wait in whatever was declared, and refuses further ones.
    void end_calls();
    // When the executor has ended: closes the connections.
    void disconnect();

    [[nodiscard]] Health health() const;
    [[nodiscard]] Inventory inventory() const;
    [[nodiscard]] std::vector<ChannelStatus> channels() const;
    // As Node::holdings.
    [[nodiscard]] Holdings holdings(std::string_view channel, std::string_view key) const;
    [[nodiscard]] std::string metrics() const;
    [[nodiscard]] Duration wait_out() const noexcept;

private:
    enum class Phase : std::uint8_t { declaring, starting, started, stopped };
    struct Caller;  // of `start`, who waits
    using CallerPointer = std::shared_ptr<Caller>;

    struct Entry {
        Declaration declaration;
        std::shared_ptr<Declared> declared = nullptr;    // null: it was refused
        std::shared_ptr<detail::Cache> cache = nullptr;  // the same, if it is one
        const std::type_info* types = nullptr;           // of its keys and values
    };

    void on_subscribed() override;
    void on_disconnected() override;
    void on_entry(std::string_view channel, BusEntry entry) override;
    void on_undecodable(std::string_view channel) override;
    void on_plain(std::string_view channel, std::string_view payload) override;
    void on_oversized_plain(std::string_view channel, std::size_t bytes) override;
    void on_woken(std::string_view store_key) override;
    void on_ack_wanted(std::string_view channel, Epoch epoch, Sequence sequence) override;
    void on_all_acked(std::string_view channel, Epoch epoch, Sequence sequence) override;

    [[nodiscard]] LoadEnvironment environment() const;
    [[nodiscard]] Timing timing() const;
    // Enters the declaration into the inventory. False: it has problems, which `start` will name.
    bool enlist(const Declaration& declaration, std::vector<std::string> problems)
        TUTTI_REQUIRES(mutex_);
    template <class T>
    std::shared_ptr<T> keep(std::shared_ptr<T> cache, const std::type_info* types)
        TUTTI_REQUIRES(mutex_) {
        entries_.back().cache = cache;
        entries_.back().types = types;
        return keep(std::move(cache));
    }
    // What came of the declaration that was enlisted last.
    template <class T>
    std::shared_ptr<T> keep(std::shared_ptr<T> declared) TUTTI_REQUIRES(mutex_) {
        entries_.back().declared = declared;
        return declared;
    }
    [[nodiscard]] CacheCore::Coherence coherence_of(Pattern pattern, const detail::CacheSpec& spec)
        TUTTI_REQUIRES(mutex_);
    void join_channel(const std::shared_ptr<CacheCore>& cache) TUTTI_REQUIRES(mutex_);
    [[nodiscard]] const std::shared_ptr<Channel>& channel_of(const std::string& name)
        TUTTI_REQUIRES(mutex_);
    [[nodiscard]] std::shared_ptr<Writer> make_writer(const std::string& channel) const;

    // Requires: nothing is declared any more, or the mutex.
    void for_each_declared(void (Declared::*call)()) const;
    // A cache that loads by reading another one was declared after it: it gives its claims back
    // before that read ends, and its load with it.
    void for_each_declared_last_first(void (Declared::*call)()) const;
    [[nodiscard]] std::string prefix(const std::string& raw, const std::string& name) const;
    void start_on_executor(Duration deadline, StartDone done);
    [[nodiscard]] std::string all_problems() const;  // empty: none
    Phase enter(Phase next);  // returns the former; what is declared from here on is late
    void warn_of_critical() const;
    [[nodiscard]] Usage usage() const;
    void check_permissions();
    void permissions_checked(const Result<void>& allowed);
    void open_channels();
    void check_started();
    void start_is_late(const CallerPointer& caller);
    [[nodiscard]] Error late_start(Duration deadline) const;
    void conclude_start(const Result<void>& outcome);
    void stop_on_executor(StopDone done);
    struct Leaving;
    void leave_store(const std::shared_ptr<StopDone>& done);
    void leave_channels(const std::shared_ptr<StopDone>& done);
    void finish_stop(const std::shared_ptr<StopDone>& done);
    void log_not_left(const Leaving& leaving) const;
    void log_unpublished(const std::string& channel, std::size_t keys) const;
    [[nodiscard]] Channel* find(std::string_view channel) const;
    [[nodiscard]] std::string not_ready() const;
    [[nodiscard]] std::string deafness() const;
    [[nodiscard]] std::optional<Error> unchecked() const;
    void set_unchecked(std::optional<Error> error);

    const NodeOptions options_;
    EngineParts parts_;
    const Log log_;

    mutable detail::Mutex mutex_;
    std::vector<std::string> problems_ TUTTI_GUARDED_BY(mutex_);
    std::vector<std::string> declared_late_ TUTTI_GUARDED_BY(mutex_);  // and so refused
    // Why it is not known that the server permits everything.
    std::optional<Error> unchecked_ TUTTI_GUARDED_BY(mutex_);
    // Guarded, too, while caches are declared. From the first start on these do not change, and the
    // executor reads them without the mutex; so the compiler cannot check them.
    std::vector<Entry> entries_;
    std::map<std::string, std::shared_ptr<Channel>, std::less<>> channels_;
    // Caches with a store, by what their keys begin with there.
    std::map<std::string, std::shared_ptr<Declared>, std::less<>> by_prefix_;
    // Of caches whose values are in the store and whose memory no other node invalidates.
    std::map<std::string, std::shared_ptr<Writer>> writers_;

    std::atomic<Phase> phase_ = Phase::declaring;  // written on the executor
    bool opened_ = false;                          // the channels
    bool interrupted_ = false;                     // the subscription, and it was logged
    std::atomic<bool> needs_bus_ = false;   // written on the executor, before `subscribed_` is
    std::atomic<bool> subscribed_ = false;  // written on the executor
    std::vector<CallerPointer> starting_;
    bool checking_ = false;  // the permissions
};

}  // namespace tutti
