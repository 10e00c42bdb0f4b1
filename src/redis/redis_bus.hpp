// Bus over Redis: the scripts beside this file on the shared command connection, and one
// subscription connection. docs/coherence.md names the keys and what each script promises. Plain
// events go by the channel's own name, everything else by redis/names.hpp.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/usage.hpp"
#include "coherence/store_fence.hpp"
#include "redis/command_connection.hpp"
#include "redis/names.hpp"
#include "redis/replica_wait.hpp"
#include "redis/script_runner.hpp"
#include "runtime/runtime.hpp"
#include "tutti/bus.hpp"
#include "tutti/inventory.hpp"

namespace tutti::redis {

// What a server takes that may be replaced (W5).
struct Replicated {
    std::shared_ptr<ReplicaWait> wait = nullptr;  // null: the URL does not say how many replicas
    std::shared_ptr<StoreFence> fence = nullptr;  // together with `wait`
};

class RedisBus final : public Bus {
public:
    static constexpr std::size_t log_entries_max = 10'000;  // about
    static constexpr std::size_t log_bytes_max = 32UL * 1024 * 1024;

    RedisBus(Runtime& runtime, std::shared_ptr<CommandConnection> connection,
             SessionOptions session, Names names, Replicated replicated = {});
    ~RedisBus() override;  // closes, on the executor: `listener` must outlive that, too

    void subscribe(std::vector<Subscription> subscriptions, BusListener& listener) override;
    void publish(PublishRequest request, TimePoint deadline, Completion<Published> done) override;
    void renew(RenewRequest request, TimePoint deadline, Completion<Renewed> done) override;
    // Reads the log page by page when it is long: then more than one round trip.
    void replay(std::string channel, Sequence first, Sequence last, TimePoint deadline,
                Completion<std::vector<BusEntry>> done) override;
    void leave(std::string channel, std::string member, TimePoint deadline,
               Completion<void> done) override;
    void acknowledge(AckRequest request, TimePoint deadline, Completion<void> done) override;
    void laggards(std::string channel, Sequence sequence, TimePoint deadline,
                  Completion<Laggards> done) override;
    void reap(std::string channel, Epoch epoch, std::uint64_t renewals, TimePoint deadline,
              Completion<void> done) override;
    void probe(TimePoint deadline, Completion<void> done) override;
    void close() override;

    // Tries everything that this usage will need: each command, each kind of key, each channel;
    // where it has to subscribe, on a connection of its own. Errors: Errc::refused, with all that
    // is denied and the rule that allows it.
    void check(Usage usage, TimePoint deadline, Completion<void> done);

    // Where this is, as the inventory says it; not known while the server is not connected.
    [[nodiscard]] Backend backend() const;

    // Why nothing is subscribed; nullopt when all is well, or nothing was asked for yet.
    [[nodiscard]] std::optional<Error> subscription_error() const;

private:
    class Relay;

    template <class T>
    void refuse(Error error, Completion<T> done);
    ScriptCall script_call(const Script& script, std::string_view operation,
                           const std::string& channel) const;
    void run_counted(ScriptCall call, TimePoint deadline, CommandConnection::Handler handler);

    Runtime& runtime_;
    std::shared_ptr<CommandConnection> connection_;
    const SessionOptions session_;
    const Names names_;
    const Replicated replicated_;
    std::shared_ptr<Relay> relay_;
};

}  // namespace tutti::redis
