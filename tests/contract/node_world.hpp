// One server and what can happen to it, for whole nodes as a program has them: their own threads
// and the machine's clock. contract_world.hpp is the same for store and bus alone.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "tutti/node.hpp"

namespace tutti::contract {

class NodeWorld {
public:
    virtual ~NodeWorld() = default;

    // Of a node that uses this server.
    [[nodiscard]] virtual NodeOptions options(std::string name) = 0;

    // From here on no node is pushed anything: their subscriptions end, and further ones are
    // refused. Commands go on.
    virtual void stop_pushes() = 0;
    virtual void resume_pushes() = 0;  // nodes subscribe again some time later
    virtual void restart_empty() = 0;

    // A program that knows nothing of Tutti.
    virtual void publish_plain(const std::string& channel, const std::string& payload) = 0;
};

struct NodeWorldFactory {
    std::string name;
    std::function<std::unique_ptr<NodeWorld>()> make;
};

inline void PrintTo(const NodeWorldFactory& world, std::ostream* out) { *out << world.name; }

[[nodiscard]] std::vector<NodeWorldFactory> node_worlds();

}  // namespace tutti::contract
