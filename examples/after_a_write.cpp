// After a commit: the new value is where readers will look, and two caches are told in one step.
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

#include "tutti/node.hpp"

using namespace std::chrono_literals;

namespace {

struct Database {
    std::map<int, std::string> users{{7, "ada"}};
    std::map<std::string, int> ids{{"ada", 7}};
};

void expect(bool holds, const char* what) {
    std::cout << (holds ? "ok      " : "FAILED  ") << what << '\n';
    if (!holds) std::exit(1);
}

// Users by number, and numbers by name: one transaction changes both.
auto declare_users(tutti::Node& node, Database& database) {
    return node.coherent<int, std::string>({
        .name = "users",
        .caches = "names by user",
        .stale = tutti::Stale::wrong,
        .ttl = 1h,
        .bound = tutti::entries(1000),
        .load = [&database](int id, tutti::LoadContext&) { return database.users[id]; },
        .channel = "users",
    });
}
auto declare_ids(tutti::Node& node, Database& database) {
    return node.coherent<std::string, int>({
        .name = "ids",
        .caches = "users by name",
        .stale = tutti::Stale::wrong,
        .ttl = 1h,
        .bound = tutti::entries(1000),
        .load = [&database](const std::string& name,
                            tutti::LoadContext&) { return database.ids[name]; },
        .channel = "users",
    });
}

}  // namespace

int main() {
    Database database;
    const auto hub = tutti::EmbeddedHub::create();  // with .redis = "redis://..." : two processes
    const auto one = tutti::Node::create({.name = "web-1", .embedded = hub}).value();
    const auto two = tutti::Node::create({.name = "web-2", .embedded = hub}).value();
    const auto users = declare_users(*one, database);
    const auto ids = declare_ids(*one, database);
    const auto users_of_two = declare_users(*two, database);
    const auto ids_of_two = declare_ids(*two, database);
    if (!one->start() || !two->start()) return 1;
    expect(users_of_two.get(7).value_or("?") == "ada", "an instance has the old name");

    database.users[7] = "ada lovelace";
    const auto [told, now] = users.reload(7, {.ack = tutti::Ack::every_instance});
    expect(told.done(), "no instance answers with it any more");
    expect(now.value_or("?") == "ada lovelace", "the new one came with the call");
    expect(users.contains(7), "and is in memory for the next reader");
    expect(users_of_two.get(7).value_or("?") == "ada lovelace", "the other instance loads it");

    expect(ids_of_two.get("grace").value_or(-1) == 0, "nobody is called grace");
    database.users[7] = "grace";
    database.ids["grace"] = 7;
    const auto both = tutti::invalidate_together({users.key(7), ids.key("grace")},
                                                 {.ack = tutti::Ack::every_instance});
    expect(both.done(), "both changes in one publication");
    expect(
        users_of_two.get(7).value_or("?") == "grace" && ids_of_two.get("grace").value_or(-1) == 7,
        "an instance has both");
    return 0;
}
