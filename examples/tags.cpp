// Entries that are made of several things carry a tag for each of them. Who changes one of these
// things invalidates its tag, and need not know which entries were made of it.
#include <chrono>
#include <iostream>
#include <map>
#include <mutex>
#include <string>

#include "tutti/embedded.hpp"
#include "tutti/node.hpp"

using namespace std::chrono_literals;

namespace {

// The source: who belongs to which team, and what the teams are called.
struct Directory {
    std::mutex mutex;
    std::map<int, int> team_of{{1, 10}, {2, 10}, {3, 20}};
    std::map<int, std::string> team_names{{10, "red"}, {20, "blue"}};
};

std::string team_tag(int team) { return "team:" + std::to_string(team); }

}  // namespace

int main() {
    Directory directory;
    const auto node = tutti::Node::create({.name = "example"}).value();
    const auto profiles = node->coherent<int, std::string>({
        .name = "profiles",
        .caches = "user profiles with the names of their teams",
        .stale = tutti::Stale::wrong,
        .ttl = 10min,
        .bound = tutti::entries(10'000),
        .load =
            [&](const int& user, tutti::LoadContext&) {
                const std::scoped_lock lock(directory.mutex);
                const int team = directory.team_of.at(user);
                tutti::Loaded<std::string> loaded("user " + std::to_string(user) + " of team " +
                                                  directory.team_names.at(team));
                return loaded.tag(team_tag(team));
            },
        .tagged = tutti::Tagged{},
        .channel = "cache:profiles",
    });
    if (!node->start()) return 1;
    for (const int user : {1, 2, 3}) std::cout << profiles.get(user).value_or("?") << '\n';

    {
        const std::scoped_lock lock(directory.mutex);
        directory.team_names[10] = "crimson";
    }
    const auto outcome = profiles.invalidate_tag(team_tag(10));

    std::cout << to_string(outcome.outcome) << ": " << profiles.get(1).value_or("?") << ", "
              << profiles.get(2).value_or("?") << '\n';
    const bool others_stay = profiles.contains(3);
    return outcome.published() && others_stay &&
                   profiles.get(1).value_or("") == "user 1 of team crimson"
               ? 0
               : 1;
}
