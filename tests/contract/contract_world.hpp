// A server, nodes that use it, and what can happen to the server: what the contract of store and
// bus is checked in. One world per test and adapter.
//
// Incidents return when they have happened. Nodes reconnect by themselves some time later.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "tutti/bus.hpp"
#include "tutti/store.hpp"

namespace tutti::contract {

class ContractWorld {
public:
    static constexpr Duration patience = std::chrono::seconds{20};

    virtual ~ContractWorld() = default;

    // Of the node with that number, made when it is first asked for.
    virtual Store& store(std::size_t node) = 0;
    virtual Bus& bus(std::size_t node) = 0;

    // Closes bus and store of that node on its executor, and returns when that is done.
    virtual void close(std::size_t node) = 0;

    [[nodiscard]] virtual TimePoint now() const = 0;
    // Runs the nodes until `done` holds; false when it does not within the limit.
    virtual bool run_until(const std::function<bool()>& done, Duration limit = patience) = 0;
    virtual void run_for(Duration time) = 0;

    virtual void restart_empty() = 0;
    virtual void save() = 0;
    virtual void restart_from_saved() = 0;
    virtual void stop_server() = 0;
    virtual void start_server() = 0;  // nothing is lost in between
    virtual void break_subscriptions() = 0;
    virtual void lose_log(const std::string& channel) = 0;
    virtual void trim_log(const std::string& channel, std::size_t entries) = 0;
    virtual void lose_members(const std::string& channel) = 0;
    virtual void lose_state(const std::string& channel) = 0;
    virtual void lose_tags(const std::string& channel) = 0;
    // The channel as it was at `remember`, and the server does not notice.
    virtual void remember(const std::string& channel) = 0;
    virtual void set_back(const std::string& channel) = 0;
    virtual void lose_everything() = 0;  // and the server runs on
    // What the server holds ages by so much at once.
    virtual void age(Duration by) = 0;
    // So does what it knows of the members of that channel.
    virtual void age_members(const std::string& channel, Duration by) = 0;
    virtual void push_undecodable(const std::string& channel) = 0;

    // What the server holds for that member.
    [[nodiscard]] virtual std::optional<Sequence> applied_of(const std::string& channel,
                                                             const std::string& member) = 0;

    // A program that knows nothing of Tutti.
    virtual void publish_plain(const std::string& channel, const std::string& payload) = 0;
    virtual void watch_plain(const std::string& channel) = 0;
    [[nodiscard]] virtual std::vector<std::string> plain_seen(const std::string& channel) = 0;
};

struct WorldFactory {
    std::string name;
    std::function<std::unique_ptr<ContractWorld>()> make;
};

inline void PrintTo(const WorldFactory& world, std::ostream* out) { *out << world.name; }

// Every adapter that this build has.
[[nodiscard]] std::vector<WorldFactory> worlds();

[[nodiscard]] std::unique_ptr<ContractWorld> make_embedded_world();
[[nodiscard]] std::unique_ptr<ContractWorld> make_redis_world();

}  // namespace tutti::contract
