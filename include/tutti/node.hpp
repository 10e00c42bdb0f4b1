// One process instance that takes part: it owns the connections, the threads and the inventory of
// the caches that are declared on it.
//
//     auto node = tutti::Node::create({.name = "bot-client-1",
//                                      .redis = "redis://127.0.0.1:6379", .app = "bots"});
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
#include <typeinfo>
#include <utility>
#include <vector>

#include "tutti/bus.hpp"
#include "tutti/cache.hpp"
#include "tutti/clock.hpp"
#include "tutti/cooldown.hpp"
#include "tutti/detail/async_start.hpp"
#include "tutti/detail/handle_of.hpp"
#include "tutti/embedded.hpp"
#include "tutti/error.hpp"
#include "tutti/invalidator.hpp"
#include "tutti/inventory.hpp"
#include "tutti/log.hpp"
#include "tutti/near.hpp"
#include "tutti/node/health.hpp"    // IWYU pragma: export
#include "tutti/node/holdings.hpp"  // IWYU pragma: export
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

    // What a load takes along, such as a trace's context, from the thread of the read that begins
    // it to the one that calls the loader: called on the former at every read that misses, what it
    // returns on the latter, and what that returns is destroyed there when the loader has returned.
    // Each may be null, and runs with no lock held; what it throws is logged. A read that joins a
    // load takes nothing along, and a scheduled refresh has no reader. Default: nothing.
    std::function<std::function<std::shared_ptr<void>()>()> carry = nullptr;

    // Called from any thread, with no lock held; must not block. What it throws is dropped, and so
    // are the lines that it causes itself by calling the node. Default: nothing is logged. Texts
    // never hold secrets or values; they may hold keys.
    std::function<void(LogLevel, std::string_view)> log = nullptr;
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
    template <Key K>
    [[nodiscard]] Invalidator<K> invalidator(const InvalidatorOptions& options) {
        return Invalidator<K>(declare_invalidator(options));
    }

    // The cache that was declared under this name, as what it was declared as:
    // `node->find<tutti::Coherent<UserId, User>>("users")`. Also before the start. Errors:
    // invalid_option: there is none, it is of another pattern or of other types (which it names),
    // or its declaration was refused. Any caching pattern: Coherent, Shared, Near, Local.
    template <class Handle>
        requires detail::IsCacheHandle<Handle>
    [[nodiscard]] Result<Handle> find(std::string_view name) const {
        using Of = detail::HandleOf<Handle>;
        auto core = find(name, Of::pattern, typeid(typename Of::Types));
        if (!core) return fail(std::move(core).error());
        return Handle(*std::move(core));
    }

    // Subscribes, and waits until every channel may serve, at most `deadline`; a Redis that is away
    // is waited for. On a node that is started already: Ok, at once. While another thread starts
    // it: waits with that one. With Redis it first tries everything that the declarations need of
    // the user's permissions. Errors: invalid_option naming all that is wrong with all
    // declarations, one a line; refused, which names all that Redis does not allow; timeout or
    // unavailable: the node is not started, its caches answer not_started, and start may be called
    // again.
    [[nodiscard]] Result<void> start(Duration deadline = std::chrono::seconds{10});
    // The same without blocking, from any thread; `token` as for `get`, it takes a Result<void>.
    // Cancelled by its token, the start goes on.
    template <class Token>
    auto start(Duration deadline, Token&& token) {
        return run<Result<void>>(&Node::start_then, deadline, "start", std::forward<Token>(token));
    }

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
        return run<Stopped>(&Node::stop_then, deadline, "stop", std::forward<Token>(token));
    }

    [[nodiscard]] Health health() const;
    [[nodiscard]] Inventory inventory() const;
    // Prometheus text format 0.0.4.
    [[nodiscard]] std::string metrics() const;
    // What only this instance knows of a key (node/holdings.hpp). `key`: its text.
    [[nodiscard]] Holdings holdings(std::string_view channel, std::string_view key) const;
    // The longest that `done` takes when all instances use this node's lease.
    [[nodiscard]] Duration wait_out() const noexcept;

private:
    [[nodiscard]] Result<std::shared_ptr<detail::Cache>> find(std::string_view name,
                                                              Pattern pattern,
                                                              const std::type_info& types) const;
    std::shared_ptr<detail::Cache> declare(Pattern pattern, detail::CacheSpec spec);
    std::shared_ptr<detail::Cache> declare_near(detail::CacheSpec spec, detail::NearSpec near);
    std::shared_ptr<detail::ReservationCore> declare_reservation(detail::ReservationSpec spec);
    std::shared_ptr<detail::CooldownCore> declare_cooldown(CooldownOptions options);
    std::shared_ptr<detail::Invalidated> declare_invalidator(const InvalidatorOptions& options);

    static void start_then(std::shared_ptr<NodeLife> life, Duration deadline,
                           std::move_only_function<void(Result<void>)> done);
    static void stop_then(std::shared_ptr<NodeLife> life, Duration deadline,
                          std::move_only_function<void(Stopped)> done);
    static void report(const std::shared_ptr<NodeLife>& life, const char* operation,
                       const Error& error) noexcept;
    // Owns what it needs: the node may go meanwhile.
    template <class Answer, class Then, class Token>
    auto run(Then then, Duration deadline, const char* operation, Token&& token) {
        auto start = [then, life = life_, deadline](auto done) {
            then(life, deadline, std::move(done));
        };
        auto report = [life = life_, operation](const Error& error) {
            Node::report(life, operation, error);
        };
        return detail::AsyncStart<std::decay_t<Token>, Answer>::run(
            std::move(start), std::forward<Token>(token), std::move(report));
    }

    friend class NodeLife;
    explicit Node(std::shared_ptr<NodeLife> life) noexcept;

    std::shared_ptr<NodeLife> life_;
};

}  // namespace tutti
