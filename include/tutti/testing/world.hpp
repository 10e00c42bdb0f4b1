// A fleet whose time a test moves: ordinary nodes over one embedded hub, on one clock that stands
// still. A TTL of an hour passes in microseconds, and what a service does when it is cut off from
// Redis is one line. Link tutti::testing.
//
//     tutti::testing::World world;
//     const auto node = world.node({.name = "bot-1"}).value();
//     auto prices = node->coherent<std::string, int>({...});       // what your service declares
//     ASSERT_TRUE(node->start());
//     (void)prices.get("apple");
//     world.advance(5min);                                         // its ttl
//     (void)prices.get("apple");                                   // asks the source again
//
// Time passes only in `advance`: timer by timer, leases are renewed on the way, scheduled refreshes
// run, and what a timer sets in motion has ended before the clock goes on. Nodes have their usual
// threads, so the order in which two of them do something at the same moment is the system's; the
// hub's random numbers come from the seed.
//
// Blocking calls wait in real time, for an answer and for nothing else: a `get` whose loader hangs
// is ended by no deadline, because no time passes. Use the form with a completion, and advance.
//
// Thread-safety: every function from any thread; `advance` and `settle` from one at a time, and
// from no loader and no completion. Lifetime: nodes and handles may outlive their world; their time
// stands still then.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tutti/clock.hpp"
#include "tutti/embedded.hpp"
#include "tutti/error.hpp"
#include "tutti/key.hpp"
#include "tutti/loader.hpp"
#include "tutti/node.hpp"
#include "tutti/testing/faults.hpp"

namespace tutti::testing {

class World {
public:
    explicit World(std::uint64_t seed = 1);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // As Node::create; `stop_deadline` is at most a second. Requires: no `redis` and no `embedded`,
    // and a name that no node of this world has had. Errors: invalid_option.
    [[nodiscard]] Result<std::unique_ptr<Node>> node(NodeOptions options);

    // Until nothing is left to do at this moment, loaders included.
    // Throws: std::runtime_error that names the node, when one of its tasks or loaders has not
    // ended within 30 s of real time: a loader that waits for the test must be let go before.
    void settle();
    // `settle`, and that much time. Throws: as `settle`.
    void advance(Duration by);
    [[nodiscard]] const Clock& clock() const noexcept;

    // The hub of all nodes: `publish_plain` is what a program without Tutti does.
    [[nodiscard]] EmbeddedHub& hub() noexcept;

    // What goes wrong between that node and the hub, call by call.
    // Requires, here and below: a node of this world.
    [[nodiscard]] ScriptedFaults& faults(std::string_view node);
    // All is lost, in both directions and in silence, as behind a pulled cable. A node that is
    // stopped while it is cut off waits for its farewell, which is a second of real time.
    void cut_off(std::string_view node);
    // The cable is back, and the connection is a new one.
    void reconnect(std::string_view node);

    class State;  // internal

private:
    std::shared_ptr<State> state_;
};

// A loader for what must be answered without one. `fail` is told the key, and fails the test:
//
//     .load = must_not_load<std::string, int>([](const std::string& why) { ADD_FAILURE() << why; })
template <Key K, class V>
[[nodiscard]] auto must_not_load(std::function<void(const std::string&)> fail) {
    return [fail = std::move(fail)](const K& key, LoadContext&) -> Result<V> {
        std::string why = "the source was asked for ";
        why += KeyText<K>::text(key);
        fail(why);
        return tutti::fail(Errc::load_failed, "load", std::move(why));
    };
}

}  // namespace tutti::testing
