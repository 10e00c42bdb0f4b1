// One process instance that takes part: it owns the connections, the threads and the inventory of
// the caches that are declared on it.
//
//     auto node = tutti::Node::create({.name = "bot-client-1", .app = "bots",
//                                      .redis = "redis://127.0.0.1:6379"});
//     auto users = (*node)->coherent<UserId, User>({...});
//     auto started = (*node)->start();
//
// Life cycle: create, declare every cache, start, use, stop. Handles of caches may outlive the
// node: they answer Errc::stopped.
//
// fork(): a child has a copy of the node's memory and none of its threads. In it every call, of the
// node and of its handles, answers at once and with Errc::stopped or its like; nothing is served,
// and destructors do nothing. A child that wants a node creates its own. Connections are
// close-on-exec.
//
// Thread-safety: every function from any thread. What is declared while another thread starts the
// node belongs to it or is refused, one of the two.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tutti/bus.hpp"
#include "tutti/cache.hpp"
#include "tutti/clock.hpp"
#include "tutti/cooldown.hpp"
#include "tutti/embedded.hpp"
#include "tutti/error.hpp"
#include "tutti/inventory.hpp"
#include "tutti/log.hpp"
#include "tutti/near.hpp"
#include "tutti/options.hpp"
#include "tutti/reservation.hpp"

namespace tutti {

struct NodeOptions {
    // Mandatory: shown in metrics, the audit and Redis' CLIENT LIST. 1 to 128 bytes of UTF-8,
    // without braces and control characters.
    std::string name;
    std::string service = {};  // what the process is, for the audit; default: `name`

    // Where the shared tiers are. With a URL (redis://[user:password@]host:port/db, rediss://...
    // for TLS, with ?ca=FILE unless the system trusts the server's authority, or
    // unix:///path?db=0): that Redis, 7.0 or newer; doctor.hpp says whether it is fit. Without: the
    // hub, or a hub of its own.
    std::string redis = {};
    std::shared_ptr<EmbeddedHub> embedded = nullptr;
    // Separates applications that share a Redis; mandatory with `redis`. As `name`, and without
    // slashes. All instances say the same, or they do not hear each other: `tutti audit` finds
    // that.
    std::string app = {};

    // How long an instance may serve from memory after it last proved that it is up to date, and
    // how often it proves it (every third of it). Longer: fewer renewals, more patience with a
    // Redis that is away, and a longer wait-out for every writer on its channels, as long as the
    // instance is there. Instances may differ, with the limit that docs/coherence.md names under
    // W1. From `lease_min`: 30 renewals a second for each channel, and room for a round trip. To
    // `lease_max`: so long an instance that is cut off may go on with old values, and `done` waits
    // for that.
    OptionDuration lease = std::chrono::seconds{3};
    static constexpr Duration lease_min = std::chrono::milliseconds{100};
    static constexpr Duration lease_max = Bus::lease_max;
    // The clocks of two machines drift apart by less than this fraction.
    double clock_drift_max = 0.2;
    // Added to every wait-out: clock resolution and scheduling. At most `lease_max`.
    OptionDuration wait_out_margin = std::chrono::milliseconds{50};
    // Every command to the bus and the store ends within this. From `command_deadline_min`: what is
    // shorter than a round trip ends every command, and begins it again, for ever.
    OptionDuration command_deadline = std::chrono::seconds{1};
    static constexpr Duration command_deadline_min = std::chrono::milliseconds{1};

    // Threads for loaders that are plain functions, shared by the caches; and how many loads of
    // each cache may wait for one. When all are busy, a cache none of whose loads runs is given a
    // further thread: a source that hangs may occupy all of them, and yet holds up no other cache.
    // So there are at most `workers` and one for each cache with such a loader (two with a store,
    // which is read on them, too).
    std::size_t workers = 8;
    std::size_t worker_queue_max = 4096;

    // Starts although the Redis is away, instead of failing: `create` and `start` succeed, caches
    // do as they do without it (docs/guide/resilience.md), `health` says that it is not ready and
    // why, and when Redis is there it becomes ready by itself. What Redis answers and refuses (a
    // password, a permission, a version) stays an error. Only with `redis`.
    bool start_degraded = false;
    // How long `stop` and the destructor wait for what does not end. Zero: for nothing but the node
    // itself.
    OptionDuration stop_deadline = std::chrono::seconds{10};

    // Called from any thread, with no lock held; must not block. What it throws is dropped, and so
    // are the lines that it causes itself by calling the node. Default: nothing is logged. Texts
    // never hold secrets or values; they may hold keys.
    std::function<void(LogLevel, std::string_view)> log = nullptr;
};

// Whether the node does its job, for a health endpoint.
struct Health {
    bool live = false;  // started and not stopped
    // Every channel is subscribed, its lease is effective, and what is published goes out:
    // invalidations that the bus has not taken became fewer within the last 10 s.
    bool ready = false;
    std::vector<std::string> reasons;  // why it is not ready; a channel may have two
};

// What had not ended when a stop returned.
struct Stopped {
    std::vector<std::string> left = {};  // for people; empty: everything has ended
    [[nodiscard]] bool complete() const noexcept { return left.empty(); }
};

class NodeLife;

class Node {
public:
    // Connects. Blocking: at most five command deadlines.
    // Errors: invalid_option (all of them at once), unavailable, refused, unsupported, protocol,
    // timeout; each says what to change.
    [[nodiscard]] static Result<std::unique_ptr<Node>> create(const NodeOptions& options);
    ~Node();  // stops, as `stop()` does
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    // Declare a cache; use it after `start`. A wrong declaration is reported by `start`.
    template <Key K, class V>
    [[nodiscard]] Coherent<K, V> coherent(CacheOptions<K, V> options) {
        return Coherent<K, V>(declare(Pattern::coherent, detail::untyped(std::move(options))));
    }
    template <Key K, class V>
    [[nodiscard]] Local<K, V> local(CacheOptions<K, V> options) {
        return Local<K, V>(declare(Pattern::local, detail::untyped(std::move(options))));
    }
    template <Key K, class V>
    [[nodiscard]] Shared<K, V> shared(CacheOptions<K, V> options) {
        return Shared<K, V>(declare(Pattern::shared, detail::untyped(std::move(options))));
    }
    template <Key K, class V, class D = V>
    [[nodiscard]] Near<K, V> near(NearOptions<K, V, D> options) {
        auto spec = detail::untyped(options);
        return Near<K, V>(declare_near(std::move(spec), detail::near_spec(options)));
    }
    template <Key K, class T = std::string>
    [[nodiscard]] Reservation<K, T> reservation(ReservationOptions<T> options) {
        if constexpr (std::same_as<T, std::string>) {
            if (!options.codec) options.codec = bytes_codec();
        }
        Codec<T> codec = options.codec;
        return Reservation<K, T>(declare_reservation(detail::untyped(std::move(options))),
                                 std::move(codec));
    }
    template <Key K>
    [[nodiscard]] Cooldown<K> cooldown(CooldownOptions options) {
        return Cooldown<K>(declare_cooldown(std::move(options)));
    }

    // Subscribes, and waits until every channel may serve, at most `deadline`; a Redis that is away
    // is waited for. On a node that is started already: Ok, at once. While another thread starts
    // it: waits with that one. With Redis it first tries everything that the declarations need of
    // the user's permissions. Errors: invalid_option naming all that is wrong with all
    // declarations, one a line; refused, which names all that Redis does not allow; timeout or
    // unavailable: the node is not started, its caches answer not_started, and start may be called
    // again.
    [[nodiscard]] Result<void> start(Duration deadline = std::chrono::seconds{10});

    // Stops serving, ends what waits with Errc::stopped, leaves the channels, closes the
    // connections, and waits for loaders that are plain functions and run. A loader that hangs is
    // left behind at the deadline, and named in the outcome and in the log; its thread keeps what
    // it uses and ends with it. Blocking: until the deadline (default: NodeOptions::stop_deadline),
    // or for one second if that is longer and Redis is silent. Idempotent: a later call, from any
    // thread, waits for the first one and has its outcome. In a loader and in a completion it
    // begins and is not waited for.
    Stopped stop();
    Stopped stop(Duration deadline);
    // The same without blocking, from any thread; `token` as for `get`, it takes a Stopped.
    template <class Token>
    auto stop(Duration deadline, Token&& token) {
        auto start = [life = life_, deadline](auto done) {
            stop_then(life, deadline, std::move(done));
        };
        auto report = [life = life_](const Error& error) { stop_reports(life, error); };
        return detail::AsyncStart<std::decay_t<Token>, Stopped>::run(
            std::move(start), std::forward<Token>(token), std::move(report));
    }

    [[nodiscard]] Health health() const;
    [[nodiscard]] Inventory inventory() const;
    // Prometheus text format 0.0.4.
    [[nodiscard]] std::string metrics() const;

    // How long `invalidate` with Ack::every_instance takes, at most, when all instances use this
    // node's lease.
    [[nodiscard]] Duration wait_out() const noexcept;

private:
    std::shared_ptr<detail::Cache> declare(Pattern pattern, detail::CacheSpec spec);
    std::shared_ptr<detail::Cache> declare_near(detail::CacheSpec spec, detail::NearSpec near);
    std::shared_ptr<detail::ReservationCore> declare_reservation(detail::ReservationSpec spec);
    std::shared_ptr<detail::CooldownCore> declare_cooldown(CooldownOptions options);

    static void stop_then(std::shared_ptr<NodeLife> life, Duration deadline,
                          std::move_only_function<void(Stopped)> done);
    static void stop_reports(const std::shared_ptr<NodeLife>& life, const Error& error) noexcept;

    explicit Node(std::shared_ptr<NodeLife> life) noexcept;

    std::shared_ptr<NodeLife> life_;
};

template <>
struct detail::NoAnswer<Stopped> {
    static Stopped because(Errc, std::string why) { return {.left = {std::move(why)}}; }
};

}  // namespace tutti
