// The server inside a hub: values, channels and the subscriptions of the nodes, behind one mutex.
//
// An operation takes effect inside the call; answers and pushes are posted to the executors of
// those whom they concern, never called. Pushes are posted under the mutex, so each subscriber
// receives them in the order in which the server decided them. Lock order: the server's mutex, then
// an executor's.
//
// Thread-safety: every function may be called from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/home_process.hpp"
#include "embedded/coordinated.hpp"
#include "embedded/server_channel.hpp"
#include "embedded/values.hpp"
#include "tutti/bus.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/embedded.hpp"
#include "tutti/executor.hpp"
#include "tutti/store.hpp"

namespace tutti::embedded {

// Of a call that the server does not hear of.
[[nodiscard]] inline auto not_done(Errc code, const char* operation, const char* cause) {
    return fail(Error{.code = code, .operation = operation, .cause = cause, .unsent = true});
}

// A node's end of its subscriptions. Executor, listener and channels do not change once attached.
struct Subscriptions {
    explicit Subscriptions(Executor& on) : executor(on) {}

    Executor& executor;
    BusListener* listener = nullptr;
    std::map<std::string, bool, std::less<>> channels;  // channel -> plain events wanted
    // Set on the executor's thread before the listener may die; read there by every delivery.
    std::atomic<bool> closed = false;
    bool connected = false;  // guarded by the server's mutex
};

class Server {
public:
    // Everything that a restart can lose.
    struct Data {
        Identity identity{};
        std::unordered_map<std::string, ServerChannel> channels;
        Values values;
    };

    explicit Server(const EmbeddedHub::Options& options);

    // In a child of the process that made the hub, whose mutex may be held for ever.
    [[nodiscard]] bool left() const noexcept { return home_.left(); }

    // Of the store: server_store.cpp.
    Result<Values::Bytes> get(const std::string& key);
    Result<bool> put(const std::string& key, std::string value, Store::PutOptions options);
    Result<bool> erase(const std::string& key);
    Result<bool> erase_if_equal(const std::string& key, const std::string& expected);
    Result<bool> replace_if_equal(const std::string& key, const std::string& expected,
                                  std::string value, Ttl ttl);
    Result<std::size_t> count(const std::string& prefix);
    Result<Fetched> fetch(const FetchRequest& request);
    Result<Filled> fill(FillRequest request);
    Result<bool> release(const ValueAddress& address, const LoadToken& token);
    Result<void> drop(const std::string& channel, const KeySet& changed);

    Result<Published> publish(PublishRequest request);
    Result<Renewed> renew(const RenewRequest& request);
    Result<std::vector<ServerChannel::Entry>> replay(const std::string& channel, Sequence first,
                                                     Sequence last);
    Result<void> leave(const std::string& channel, const std::string& member);
    Result<void> acknowledge(const AckRequest& request);
    Result<Laggards> laggards(const std::string& channel, Sequence sequence);
    Result<void> reap(const std::string& channel, Epoch epoch, std::uint64_t renewals);
    // The answer that the subscription connection would give now.
    Result<void> probe(const Subscriptions& subscriptions);

    [[nodiscard]] Identity identity() const;

    // Confirms the subscriptions as soon as connections are possible.
    void attach(const std::shared_ptr<Subscriptions>& subscriptions);
    void detach(const std::shared_ptr<Subscriptions>& subscriptions);
    void publish_plain(const std::string& channel, const std::string& payload);

    using WatchId = std::uint64_t;
    WatchId watch_plain(std::string channel);
    std::vector<std::string> take_plain(WatchId id);
    void unwatch_plain(WatchId id);

    // Incidents; include/tutti/testing/embedded_server.hpp says what each means.
    enum class Restored : unsigned char { under_new_identity, unnoticed };
    void restart_empty();
    [[nodiscard]] Data snapshot() const;
    void restore(Data older, Restored how);
    void set_reachable();
    void set_unreachable();
    void disconnect();
    void reconnect();
    void push_undecodable(const std::string& channel);
    void drop_store();
    void rotate(const std::string& channel);
    template <class F>
    void damage(const std::string& channel, F damage) {
        const detail::Lock lock(mutex_);
        damage(data_.channels[channel]);
    }
    [[nodiscard]] ServerChannel channel(const std::string& name) const;  // a copy, unchecked

private:
    struct Watch {
        std::string channel;
        std::vector<std::string> payloads;
    };

    [[nodiscard]] std::optional<Error> away(std::string_view operation) const
        TUTTI_REQUIRES(mutex_);
    ServerChannel& checked(const std::string& name) TUTTI_REQUIRES(mutex_);
    Identity new_identity() TUTTI_REQUIRES(mutex_);
    void connect(const std::shared_ptr<Subscriptions>& subscriptions) TUTTI_REQUIRES(mutex_);
    void break_subscriptions() TUTTI_REQUIRES(mutex_);
    Result<bool> put_checked(const char* operation, const std::string& key, std::string value,
                             Store::PutOptions options) TUTTI_REQUIRES(mutex_);
    [[nodiscard]] Coordinated coordinated(ServerChannel& channel) TUTTI_REQUIRES(mutex_);
    // Returns whom that concerns.
    std::vector<std::string> remove_values(ServerChannel& channel, const KeySet& changed)
        TUTTI_REQUIRES(mutex_);
    // To the listeners of all that are subscribed to the channel.
    template <class F>
    void push(const std::string& channel, const F& call) TUTTI_REQUIRES(mutex_);
    void push_entry(const std::string& channel, const ServerChannel::Entry& entry)
        TUTTI_REQUIRES(mutex_);
    // Tells the channel's low-water mark when what `change` does raises it, and it is waited for.
    template <class F>
    void watch_low_water(const std::string& name, ServerChannel& channel, F change)
        TUTTI_REQUIRES(mutex_);
    void want_acks(const std::string& channel, const BusPosition& position) TUTTI_REQUIRES(mutex_);
    void wake(const std::vector<std::string>& store_keys) TUTTI_REQUIRES(mutex_);
    void push_to_watches(const std::string& channel, const std::string& payload)
        TUTTI_REQUIRES(mutex_);

    const HomeProcess home_;
    const Clock& clock_;
    const std::size_t store_bytes_max_;

    mutable detail::Mutex mutex_;
    Random random_ TUTTI_GUARDED_BY(mutex_);
    Data data_ TUTTI_GUARDED_BY(mutex_);
    bool reachable_ TUTTI_GUARDED_BY(mutex_) = true;    // operations
    bool connectable_ TUTTI_GUARDED_BY(mutex_) = true;  // subscriptions
    std::vector<std::shared_ptr<Subscriptions>> attached_ TUTTI_GUARDED_BY(mutex_);
    std::map<WatchId, Watch> watches_ TUTTI_GUARDED_BY(mutex_);
    WatchId last_watch_ TUTTI_GUARDED_BY(mutex_) = 0;
};

}  // namespace tutti::embedded
