// The options of the commands about a channel.
#pragma once

#include <functional>
#include <iosfwd>

#include "cli/cli.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): of the library
class App;
}

namespace tutti::cli {

// What a command needs beside its options.
struct Surroundings {
    std::ostream& out;
    std::ostream& err;
    const World& world;
};

using Action = std::function<int()>;

void add_invalidate(CLI::App& app, const Surroundings& around, Action& action);
void add_replay(CLI::App& app, const Surroundings& around, Action& action);
void add_explain(CLI::App& app, const Surroundings& around, Action& action);
void add_probe(CLI::App& app, const Surroundings& around, Action& action);

}  // namespace tutti::cli
