// A page needs many values, some in time and some young: what one read may ask for.
#include <cstdlib>
#include <iostream>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "tutti/node.hpp"
#include "tutti/testing/world.hpp"

using namespace std::chrono_literals;

namespace {

void expect(bool holds, const char* what) {
    std::cout << (holds ? "ok      " : "FAILED  ") << what << '\n';
    if (!holds) std::exit(1);
}

}  // namespace

int main() {
    std::map<int, std::string> table{{1, "ada"}, {2, "grace"}, {3, "edsger"}};
    int queries = 0;

    tutti::testing::World world;  // a clock that this program moves
    const auto node = world.node({.name = "page-1"}).value();
    const auto names = node->local<int, std::string>({
        .name = "names",
        .caches = "names by user",
        .stale = tutti::Stale::acceptable,
        .ttl = 1h,
        .bound = tutti::entries(1000),
        // SELECT id, name FROM users WHERE id IN (...)
        .load_many =
            [&](std::span<const int> ids, tutti::LoadContext&) {
                ++queries;
                std::unordered_map<int, std::string> rows;
                for (const int id : ids) {
                    if (const auto row = table.find(id); row != table.end()) rows.insert(*row);
                }
                return rows;
            },
    });
    if (!node->start()) return 1;

    const auto found = names.get_many({3, 1, 4, 1});
    expect(queries == 1, "one query for all of them");
    expect(found[0].value_or("?") == "edsger" && found[3].value_or("?") == "ada",
           "in the order that was asked for, twice the same is welcome");
    expect(found[2] && !found[2]->found(), "a row that is not there is an answer");

    table[1] = "ada lovelace";
    world.advance(10s);
    expect(names.get(1).value_or("?") == "ada", "others read what there is");
    expect(names.get(1, {.age_max = 5s}).value_or("?") == "ada lovelace",
           "who wants it younger has it loaded");
    table[1] = "ada king";
    expect(names.get(1, {.age_max = 0s}).value_or("?") == "ada king", "past memory and store");
    expect(names.peek(2) == std::nullopt, "a peek loads nothing");
    expect(!names.get(2, {.deadline = 0s}), "nor does a read that may not wait");
    return 0;
}
